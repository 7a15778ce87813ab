# SPDX-License-Identifier: Apache-2.0
# Measuring (docs/performance.md). Figures are judged by readers, not by tests.

NJS_ROOT = build/nginx-njs
NJS_MODULE = $(NJS_ROOT)/usr/lib/nginx/modules/ngx_http_js_module.so
BENCH_CLIENT = $(B)/bench-client
BENCH_LOOKUP = $(B)/bench-lookup

$(NJS_MODULE):
	@echo "  FETCH njs"
	$(Q)bench/fetch-njs $(NJS_ROOT)

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

bench-built: all $(BENCH_CLIENT) $(BENCH_LOOKUP) $(NJS_MODULE) $(LANES_UNPACKED)

# They try the harness (tests/system/test_bench.py).
ifneq ($(SAN),1)
check-system: bench-built
endif

bench: bench-built ## measure everything (15 minutes)
	$(Q)tools/install-packages bench
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) bench/run $(BENCH_ARGS)

bench-quick: bench-built ## one line for each target of speed (90 seconds)
	$(Q)tools/install-packages bench
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) bench/run --quick $(BENCH_ARGS)
