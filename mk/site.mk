# SPDX-License-Identifier: Apache-2.0
# docs/ and man/ as one site of plain files.

.PHONY: site

site: ## the site, in build/site
	$(Q)tools/make-site build/site
	@echo "  SITE  build/site/index.html"
