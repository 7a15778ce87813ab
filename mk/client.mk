# SPDX-License-Identifier: Apache-2.0
# libtrivet, shared and static; the client's tests.

SO_VERSION = 0
CLIENT_ARCHIVES = $(CLIENT_LIB) $(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB)
CLIENT_PRODUCTS = $(B)/libtrivet.so $(B)/libtrivet.a
CLIENT_TOOLS = $(B)/tests/client_tool

# With the client's library, which no others link.
CLIENT_UNIT_TESTS = \
	test_client_message \
	test_pem \
	test_pins \
	test_throttle
UNIT_TESTS += $(CLIENT_UNIT_TESTS)

$(CLIENT_UNIT_TESTS:%=$(B)/tests/%): $(B)/tests/%: \
		$(B)/obj/tests/unit/%.o $(CLIENT_ARCHIVES) $(B)/flags/link
	$(call link,$(LIBS_TEST) $(LIBS_CLIENT))

# What the proxy does by itself.
SIDECAR_UNIT_TESTS = \
	test_allow \
	test_budget \
	test_failure \
	test_keeping \
	test_origin \
	test_proxy_fields \
	test_queue \
	test_receipt \
	test_secrets_cut
UNIT_TESTS += $(SIDECAR_UNIT_TESTS)

$(SIDECAR_UNIT_TESTS:%=$(B)/tests/%): $(B)/tests/%: \
		$(B)/obj/tests/unit/%.o $(SIDECAR_LIB) $(CLIENT_ARCHIVES) \
		$(B)/flags/link
	$(call link,$(LIBS_TEST) $(LIBS_CLIENT))

$(B)/libtrivet.so.$(SO_VERSION): $(CLIENT_ARCHIVES) client/exports.map \
		$(B)/flags/link
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,libtrivet.so.$(SO_VERSION) \
		-Wl,--version-script=client/exports.map -Wl,--no-undefined \
		-o $@ -Wl,--whole-archive $(CLIENT_LIB) -Wl,--no-whole-archive \
		$(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB) $(LIBS_CLIENT)

$(B)/libtrivet.so: $(B)/libtrivet.so.$(SO_VERSION)
	$(Q)ln -sf $(<F) $@

# One object whose hidden names are its own affair.
$(B)/libtrivet.a: $(CLIENT_ARCHIVES)
	@echo "  AR    $@"
	$(Q)$(LD) -r -o $(B)/libtrivet.o --whole-archive $(CLIENT_LIB) \
		--no-whole-archive $(CRYPTO_LIB) $(CORE_LIB) $(BASE_LIB)
	$(Q)objcopy --localize-hidden --wildcard --remove-section='.gnu.*lto_*' \
		$(B)/libtrivet.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/libtrivet.o

# The tests' own program: threads, forks and rounds in one process.
$(B)/tests/client_tool: $(B)/obj/tests/client/tool.o $(B)/libtrivet.a \
		$(B)/flags/link
	$(call link,$(LIBS_CLIENT))

.PHONY: client check-client

PROGRAMS += $(CLIENT_PRODUCTS)

client: $(B)/trivet $(CLIENT_PRODUCTS) ## the command and libtrivet

CLIENT_TESTS ?= tests/client

check-client: client $(CLIENT_TOOLS) ## the client against a server that misbehaves
	$(Q)TRIVET_BUILD=$(abspath $(B)) tools/run-pytest $(B)/pytest-client \
		$(CLIENT_TESTS) $(PYTEST_ARGS)
