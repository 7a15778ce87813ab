# SPDX-License-Identifier: Apache-2.0
# libtrivet, shared and static; its installation; the client's tests.

SO_VERSION = 0
CLIENT_ARCHIVES = $(CLIENT_LIB) $(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB)
CLIENT_PRODUCTS = $(B)/libtrivet.so $(B)/libtrivet.a
CLIENT_HEADERS = include/trivet/base.h include/trivet/client.h \
	include/trivet/status.h
CLIENT_TOOLS = $(B)/tests/client_tool

# With the client's library, which no others link.
CLIENT_UNIT_TESTS = test_client_message test_pem test_pins test_throttle
UNIT_TESTS += $(CLIENT_UNIT_TESTS)

$(CLIENT_UNIT_TESTS:%=$(B)/tests/%): $(B)/tests/%: \
		$(B)/obj/tests/unit/%.o $(CLIENT_ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(LIBS_CLIENT) \
		$(LIBS_CRYPTO) $(LIBS_CORE) -lpthread

$(B)/libtrivet.so.$(SO_VERSION): $(CLIENT_ARCHIVES) client/exports.map
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,libtrivet.so.$(SO_VERSION) \
		-Wl,--version-script=client/exports.map -Wl,--no-undefined \
		-o $@ -Wl,--whole-archive $(CLIENT_LIB) -Wl,--no-whole-archive \
		$(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB) $(LIBS_CLIENT) $(LIBS_CRYPTO) \
		$(LIBS_CORE) -lpthread

$(B)/libtrivet.so: $(B)/libtrivet.so.$(SO_VERSION)
	$(Q)ln -sf $(<F) $@

# One object whose hidden names are its own affair.
$(B)/libtrivet.a: $(CLIENT_ARCHIVES)
	@echo "  AR    $@"
	$(Q)$(LD) -r -o $(B)/libtrivet.o --whole-archive $(CLIENT_LIB) \
		--no-whole-archive $(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB)
	$(Q)objcopy --localize-hidden $(B)/libtrivet.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/libtrivet.o

# The tests' own program: threads, forks and rounds in one process.
$(B)/tests/client_tool: $(B)/obj/tests/client/tool.o $(B)/libtrivet.a
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_CLIENT) $(LIBS_CRYPTO) \
		$(LIBS_CORE) -lpthread

.PHONY: client install-client uninstall-client check-client

PROGRAMS += $(CLIENT_PRODUCTS)
install: install-client
uninstall: uninstall-client

client: $(B)/trivet $(CLIENT_PRODUCTS) ## the command and libtrivet

install-client: $(B)/trivet $(CLIENT_PRODUCTS) ## libtrivet, its header and pages, completion
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig \
		$(DESTDIR)$(PREFIX)/include/trivet \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/man/man3
	install -m 755 $(B)/libtrivet.so.$(SO_VERSION) $(DESTDIR)$(PREFIX)/lib/
	ln -sf libtrivet.so.$(SO_VERSION) $(DESTDIR)$(PREFIX)/lib/libtrivet.so
	install -m 644 $(B)/libtrivet.a $(DESTDIR)$(PREFIX)/lib/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' \
		client/trivet.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/trivet.pc
	install -m 644 $(CLIENT_HEADERS) $(DESTDIR)$(PREFIX)/include/trivet/
	install -m 644 completion/trivet.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/trivet
	install -m 644 completion/_trivet \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	install -m 644 man/*.3 $(DESTDIR)$(PREFIX)/share/man/man3/

uninstall-client: ## what install-client put there
	rm -f $(DESTDIR)$(PREFIX)/lib/libtrivet.* \
		$(DESTDIR)$(PREFIX)/lib/pkgconfig/trivet.pc \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/trivet \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_trivet \
		$(DESTDIR)$(PREFIX)/share/man/man3/libtrivet.3 \
		$(DESTDIR)$(PREFIX)/share/man/man3/trivet_*.3
	rm -rf $(DESTDIR)$(PREFIX)/include/trivet

CLIENT_TESTS ?= tests/client

check-client: client $(CLIENT_TOOLS) ## the client against a server that misbehaves
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q $(CLIENT_TESTS) \
		$(PYTEST_ARGS)
