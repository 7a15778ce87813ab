# SPDX-License-Identifier: Apache-2.0
# Into $(DESTDIR): the command, the module, the man pages.

BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install

.PHONY: install uninstall
install: all ## the command, the nginx module and the man pages
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MODULES_DIR)
	$(INSTALL) -m 755 $(B)/trivet $(DESTDIR)$(BINDIR)/trivet
	$(INSTALL) -m 644 $(MODULE) $(DESTDIR)$(MODULES_DIR)
	for page in man/*; do \
		section=man$${page##*.}; \
		$(INSTALL) -d $(DESTDIR)$(MANDIR)/$$section; \
		$(INSTALL) -m 644 $$page $(DESTDIR)$(MANDIR)/$$section; \
	done

uninstall: ## what install put there
	rm -f $(DESTDIR)$(BINDIR)/trivet \
		$(DESTDIR)$(MODULES_DIR)/ngx_http_trivet_module.so
	for page in man/*; do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done
