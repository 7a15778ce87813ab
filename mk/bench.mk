# SPDX-License-Identifier: Apache-2.0
# Measuring (docs/performance.md). Figures are judged by readers, not by tests.

NJS_ROOT = build/nginx-njs
NJS_MODULE = $(NJS_ROOT)/usr/lib/nginx/modules/ngx_http_js_module.so
LUA_ROOT = build/nginx-lua
LUA_MODULE = $(LUA_ROOT)/usr/lib/nginx/modules/ngx_http_lua_module.so
LUA_PACKAGES = \
	libluajit2-5.1-2 \
	libnginx-mod-http-lua \
	libnginx-mod-http-ndk \
	libpcre3 \
	lua-cjson \
	lua-resty-core \
	lua-resty-lrucache
BENCH_GO = $(B)/bench-go
BENCH_CLIENT = $(B)/bench-client
BENCH_LOOKUP = $(B)/bench-lookup

$(NJS_MODULE):
	@echo "  FETCH njs"
	$(Q)bench/fetch-module $(NJS_ROOT) libnginx-mod-http-js

$(LUA_MODULE):
	@echo "  FETCH lua"
	$(Q)bench/fetch-module $(LUA_ROOT) $(LUA_PACKAGES)

$(BENCH_GO): $(wildcard bench/peers/go/*.go)
	@echo "  GO    $@"
	$(Q)GOCACHE=$(abspath build/go-cache) go build -o $@ $^

$(BENCH_CLIENT): $(B)/obj/bench/client.o $(B)/libtrivet.a $(B)/flags/link
	$(call link,$(LIBS_CLIENT))

$(BENCH_LOOKUP): $(B)/obj/bench/lookup.o $(SERVER_LIBS) $(B)/flags/link
	$(call link,$(LIBS_SERVER))

$(B)/bench-padding: $(B)/obj/bench/padding.o $(CRYPTO_LIB) $(CORE_LIB) \
		$(BASE_LIB) $(B)/flags/link
	$(call link,$(LIBS_SERVER) -lm)

# Intel's crypto_mb where Debian's release does not have it, for those that find
# it there: bench/run, tests.
$(LANES_UNPACKED):
	@echo "  FETCH crypto_mb"
	$(Q)bench/fetch-lanes $(LANES_ROOT) || echo "  without crypto_mb" >&2

.PHONY: bench bench-quick bench-built bench-padding

bench-padding: $(B)/bench-padding ## whether a wrong padding can be told by its time
	$(Q)$(B)/bench-padding

bench-built: all $(BENCH_CLIENT) $(BENCH_LOOKUP) $(BENCH_GO) $(NJS_MODULE) \
	$(LUA_MODULE) $(LANES_UNPACKED)

# tests/system/test_lanes.py.
ifneq ($(SAN),1)
check-system: $(LANES_UNPACKED)
endif

bench: ## measure everything (20 minutes)
	$(Q)tools/install-packages bench
	$(Q)$(MAKE) --no-print-directory bench-built
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) bench/run $(BENCH_ARGS)

bench-quick: ## one line for each target of speed (2 minutes)
	$(Q)tools/install-packages bench
	$(Q)$(MAKE) --no-print-directory bench-built
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) bench/run --quick $(BENCH_ARGS)
