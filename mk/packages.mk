# SPDX-License-Identifier: Apache-2.0
# Debian's packages, made in clean systems and tried in others (tests/packages).

RELEASE ?= bookworm
PACKAGES_TESTS ?= tests/packages

.PHONY: packages check-packages release abi

packages: ## Debian's packages, in build/packages/RELEASE (bookworm)
	$(Q)tools/install-packages packages
	$(Q)tools/build-packages $(RELEASE)

release: ## the source archive of this commit, its SBOM, signed, in build/release-VERSION
	$(Q)tools/release build/release-$(VERSION)

abi: $(B)/libtrivet.so ## store libtrivet's ABI, at a release
	$(Q)tools/check-abi --store $<

check-packages: all ## packages, made and tried in clean systems; TRIVET_RELEASE=trixie
	$(Q)tools/install-packages packages
	$(Q)tools/run-pytest $(B)/pytest-packages -m '' -rs $(PACKAGES_TESTS) $(PYTEST_ARGS)
