# SPDX-License-Identifier: Apache-2.0
# Fuzzing (tests/fuzz/): one file a parser. `make fuzz` needs clang; the same
# targets are run over their corpora by check-unit, with any compiler.

FUZZ_SECONDS ?= 10
FUZZ_CC ?= clang
FUZZ_CORPUS ?= build/fuzz/corpus
FUZZ_BINS = $(FUZZ_TARGETS:%=$(B)/fuzz/%)
REPLAYS = $(FUZZ_TARGETS:%=$(B)/tests/replay_%)
FUZZ_LIBS = $(CLIENT_LIB) $(SERVER_LIBS)

$(REPLAYS): $(B)/tests/replay_%: $(B)/obj/tests/fuzz/fuzz_%.o \
		$(B)/obj/tests/fuzz/replay.o $(FUZZ_LIBS) $(B)/flags/link
	$(call link,$(LIBS_CLIENT) $(LIBS_SERVER))

$(FUZZ_BINS): $(B)/fuzz/%: $(B)/obj/tests/fuzz/fuzz_%.o $(FUZZ_LIBS) \
		$(B)/flags/link
	$(call link,-fsanitize=fuzzer $(LIBS_CLIENT) $(LIBS_SERVER))

.PHONY: fuzz fuzz-run check-replay

fuzz: ## each parser for FUZZ_SECONDS (10) under libFuzzer
	$(Q)$(MAKE) --no-print-directory FUZZ=1 fuzz-run

fuzz-run: $(FUZZ_BINS)
	$(Q)tools/fuzz-all $(B)/fuzz $(FUZZ_CORPUS) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

check-replay: $(REPLAYS) ## each parser over the inputs that once mattered
	$(Q)for name in $(FUZZ_TARGETS); do \
		$(B)/tests/replay_$$name tests/fuzz/corpus/$$name || exit 1; done
	@echo "$(words $(FUZZ_TARGETS)) passed, 0 failed"

check-unit: check-replay
