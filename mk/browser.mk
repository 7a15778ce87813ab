# SPDX-License-Identifier: Apache-2.0
# The console in a browser: Debian's chromium, and axe-core from npm.

.PHONY: check-browser screenshots

check-browser: all ## the console, in a real browser
	$(Q)TRIVET_BUILD=$(abspath $(B)) tools/run-pytest $(B)/pytest-browser \
		tests/browser $(PYTEST_ARGS)

screenshots: all ## pictures of the console into build/screenshots; README's into docs/
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) tests/browser/screenshots.py \
		build/screenshots
