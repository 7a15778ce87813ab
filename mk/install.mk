# SPDX-License-Identifier: Apache-2.0
# Into $(DESTDIR): a target for each thing that a package of its own may hold.

BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
MANDIR ?= $(PREFIX)/share/man
BASHCOMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPLETIONDIR ?= $(PREFIX)/share/zsh/site-functions
INSTALL ?= install

PUBLIC_HEADERS = \
	include/trivet/base.h \
	include/trivet/client.h \
	include/trivet/pin.h \
	include/trivet/status.h
MAN_PAGES = $(sort $(wildcard man/*))
INSTALLED_PAGES = $(foreach page,$(MAN_PAGES),$(MANDIR)/man$(subst \
	.,,$(suffix $(page)))/$(notdir $(page)))

THINGS = command module library headers docs completion

.PHONY: install uninstall $(THINGS:%=install-%)

install: $(THINGS:%=install-%) ## all of these

install-command: $(B)/trivet ## trivet(1)
	$(INSTALL) -d $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(B)/trivet $(DESTDIR)$(BINDIR)/trivet

install-module: $(MODULE) $(PROXY_MODULE) ## the nginx modules
	$(INSTALL) -d $(DESTDIR)$(MODULES_DIR)
	$(INSTALL) -m 644 $(MODULE) $(PROXY_MODULE) $(DESTDIR)$(MODULES_DIR)/

install-library: $(B)/libtrivet.so.$(SO_VERSION) ## libtrivet, to run with
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 755 $(B)/libtrivet.so.$(SO_VERSION) $(DESTDIR)$(LIBDIR)/

# What a program is built with: the headers, the static library, the name for
# the linker, and the file for pkg-config.
install-headers: $(B)/libtrivet.a ## libtrivet, to build with
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/trivet $(DESTDIR)$(LIBDIR) \
		$(DESTDIR)$(PKGCONFIGDIR)
	$(INSTALL) -m 644 $(PUBLIC_HEADERS) $(DESTDIR)$(INCLUDEDIR)/trivet/
	$(INSTALL) -m 644 $(B)/libtrivet.a $(DESTDIR)$(LIBDIR)/
	ln -sf libtrivet.so.$(SO_VERSION) $(DESTDIR)$(LIBDIR)/libtrivet.so
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@PACKAGES@|$(PACKAGES_CLIENT)|' \
		client/trivet.pc.in > $(DESTDIR)$(PKGCONFIGDIR)/trivet.pc

install-docs: ## the man pages
	$(INSTALL) -d $(addprefix $(DESTDIR),$(sort $(dir $(INSTALLED_PAGES))))
	$(Q)for page in $(MAN_PAGES); do \
		$(INSTALL) -m 644 $$page \
			$(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit 1; \
	done

install-completion: ## for bash and zsh
	$(INSTALL) -d $(DESTDIR)$(BASHCOMPLETIONDIR) $(DESTDIR)$(ZSHCOMPLETIONDIR)
	$(INSTALL) -m 644 completion/trivet.bash $(DESTDIR)$(BASHCOMPLETIONDIR)/trivet
	$(INSTALL) -m 644 completion/_trivet $(DESTDIR)$(ZSHCOMPLETIONDIR)/

uninstall: ## what install put there
	rm -f $(DESTDIR)$(BINDIR)/trivet \
		$(DESTDIR)$(MODULES_DIR)/ngx_http_trivet_module.so \
		$(DESTDIR)$(MODULES_DIR)/ngx_http_trivet_proxy_module.so \
		$(addprefix $(DESTDIR)$(LIBDIR)/,libtrivet.a libtrivet.so \
			libtrivet.so.$(SO_VERSION)) \
		$(DESTDIR)$(PKGCONFIGDIR)/trivet.pc \
		$(addprefix $(DESTDIR),$(INSTALLED_PAGES)) \
		$(DESTDIR)$(BASHCOMPLETIONDIR)/trivet \
		$(DESTDIR)$(ZSHCOMPLETIONDIR)/_trivet
	rm -rf $(DESTDIR)$(INCLUDEDIR)/trivet
