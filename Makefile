# SPDX-License-Identifier: Apache-2.0
# Makefile - the developers' door. `make help` lists the verbs.
#
# One non-recursive file; the parts are in mk/. Everything that is built lies
# in build/$(VARIANT)/. SAN=1 builds the variant "san" with ASan and UBSan,
# TSAN=1 "tsan" with ThreadSanitizer, FUZZ=1 "fuzz" for libFuzzer (libraries and
# tests, not the module).

# Its one place is the first line of debian/changelog, where dpkg looks for it.
VERSION := $(shell sed -n "1s/.*(\(.*\)).*/\1/p" debian/changelog)
PREFIX ?= /usr/local
DESTDIR ?=
# Where Debian's nginx looks for modules, and trivet serve for ours.
MODULES_DIR ?= /usr/lib/nginx/modules
V ?= 0
CI ?=
SAN ?= 0
TSAN ?= 0
FUZZ ?= 0

VARIANT := $(if $(filter 1,$(SAN)),san,$(if $(filter 1,$(TSAN)),tsan,$(if \
	$(filter 1,$(FUZZ)),fuzz,release)))
B := build/$(VARIANT)

.DEFAULT_GOAL := all

include mk/flags.mk
include mk/sources.mk
include mk/rules.mk
include mk/client.mk
include mk/nginx.mk
include mk/check.mk
include mk/fuzz.mk
include mk/bench.mk
include mk/cluster.mk
include mk/browser.mk
include mk/install.mk
include mk/packages.mk
include mk/site.mk

.PHONY: all clean help
all: $(PROGRAMS) module ## libraries, command and nginx module

clean: ## remove all that was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) \
		| sed -E 's/:.*## /\t/' | sort | expand -t 18
