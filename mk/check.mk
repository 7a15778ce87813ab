# SPDX-License-Identifier: Apache-2.0
# Tests and everything mechanical.

COMMA = ,
UNIT_PROGRAMS = $(UNIT_TESTS:%=$(B)/tests/%)

# What tests share: tests/unit/world.h for those of the authority,
# tests/unit/provider.h for those of providers' certificates.
WORLD_LIB = $(B)/libtrivet-world.a

$(WORLD_LIB): $(call objects,$(WORLD_SRCS))

$(B)/tests/test_%: $(B)/obj/tests/unit/test_%.o $(WORLD_LIB) $(SERVER_LIBS) \
		$(B)/flags/link
	$(call link,$(LIBS_TEST) $(LIBS_SERVER))

# What commands read of their surroundings, without trivet's main().
CLI_UNIT_TESTS = \
	test_listen \
	test_options_file \
	test_service
UNIT_TESTS += $(CLI_UNIT_TESTS)
CLI_LIB = $(B)/libtrivet-cli.a

$(CLI_LIB): $(call objects,$(filter-out cli/main.c,$(CLI_SRCS)))

$(CLI_UNIT_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/obj/tests/unit/%.o $(CLI_LIB) \
		$(SIDECAR_LIB) $(CLIENT_LIB) $(SERVER_LIBS) $(B)/flags/link
	$(call link,$(LIBS_TEST) $(LIBS_SERVER) $(LIBS_CLIENT))

# A libcrypto_mb of ours that is wrong as a test wants it. It has the true
# one's soname, so that it is found in its place.
LANES_STUB = $(B)/tests/stub/libcrypto_mb.so.11
LANES_ROOT = build/crypto-mb
LANES_UNPACKED = $(LANES_ROOT)/usr/lib/x86_64-linux-gnu/libcrypto_mb.so.11

$(LANES_STUB): $(B)/obj/tests/lanes/stub.o $(B)/flags/link
	$(call link,-shared -Wl$(COMMA)-soname$(COMMA)libcrypto_mb.so.11 $(LIBS_SERVER))

$(B)/obj/tests/unit/test_lanes.o: private CPPFLAGS += \
	-DTRIVET_LANES_STUB='"$(LANES_STUB)"' \
	-DTRIVET_LANES_UNPACKED='"$(LANES_UNPACKED)"'
$(B)/tests/test_lanes: $(LANES_STUB)

.PHONY: check check-unit check-tools check-system check-system-postgres lint format

check: check-unit check-tools check-system ## all tests of this variant

# Side by side, since many of them wait for the disk; what fails is shown.
UNIT_JOBS ?= $(shell expr 2 \* $$(nproc))

check-unit: $(UNIT_PROGRAMS) ## the C tests (SAN=1: with ASan and UBSan)
	$(Q)printf '%s\n' $(UNIT_PROGRAMS) | xargs -P $(UNIT_JOBS) -I{} \
		sh -c '{} >{}.log 2>&1 || { cat {}.log; exit 1; }'
	@sed -n 's/.*PASSED *\] //p' $(UNIT_PROGRAMS:%=%.log) \
		| awk '{ sum += $$1 } END { print sum " unit tests passed" }'

check-tools: ## that tools/ find what they are there to find
	$(Q)$(PYTHON) -m pytest -q tests/tools $(PYTEST_ARGS)

SYSTEM_TESTS ?= tests/system

check-system: all $(LANES_STUB) ## a real nginx over TLS, judged from Python
	$(Q)TRIVET_BUILD=$(abspath $(B)) tools/run-pytest $(B)/pytest-system \
		$(SYSTEM_TESTS) $(PYTEST_ARGS)

check-system-postgres: all $(LANES_STUB) ## the same, each gateway over PostgreSQL
	$(Q)TRIVET_BUILD=$(abspath $(B)) TRIVET_TEST_STORE=postgresql \
		tools/run-pytest $(B)/pytest-postgres $(SYSTEM_TESTS) $(PYTEST_ARGS)

lint: ## format, layers, banned names, exports, scripts, man pages, coverage
	$(Q)tools/lint

format: ## put all C files into the project's form
	$(Q)clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

# The C tests with threads, and libtrivet's, under ThreadSanitizer.
TSAN_UNIT_TESTS = \
	test_device_rates \
	test_group \
	test_memo \
	test_request_ids \
	test_session_cache \
	test_sqlite \
	test_sqlite_transaction \
	test_store_failure \
	test_throttle
TSAN_OPTIONS_HERE = exitcode=66 suppressions=$(CURDIR)/tests/tsan.supp

.PHONY: check-tsan check-tsan-built

check-tsan: ## what has threads, under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory TSAN=1 check-tsan-built

check-tsan-built: $(TSAN_UNIT_TESTS:%=$(B)/tests/%) client $(CLIENT_TOOLS)
	$(Q)for test in $(TSAN_UNIT_TESTS); do \
		TSAN_OPTIONS="$(TSAN_OPTIONS_HERE)" $(B)/tests/$$test || exit 1; done
	$(Q)TSAN_OPTIONS="$(TSAN_OPTIONS_HERE)" TRIVET_BUILD=$(abspath $(B)) \
		$(PYTHON) -m pytest -q tests/client/test_together.py $(PYTEST_ARGS)

.PHONY: check-long
LONG_TESTS ?= tests/client tests/conformance tests/system/test_bench.py

# A run for each folder, since they have files of the same name. check-sweeps
# runs the sweep. pytest's 5: no test is marked there.
check-long: all bench-built client $(CLIENT_TOOLS) ## the tests that take minutes
	$(Q)for folder in $(LONG_TESTS); do \
		TRIVET_BUILD=$(abspath $(B)) tools/run-pytest $(B)/pytest-long \
			-m long $$folder --ignore=tests/client/test_sweep.py \
			$(PYTEST_ARGS) || [ $$? -eq 5 ] || exit 1; done

# Wycheproof's cases, many in one process.
CONFORMANCE_DRIVERS = $(B)/tests/decrypt_driver $(B)/tests/verify_driver

$(CONFORMANCE_DRIVERS): $(B)/tests/%: $(B)/obj/tests/conformance/%.o \
		$(SERVER_LIBS) $(B)/flags/link
	$(call link,$(LIBS_SERVER))

.PHONY: check-conformance

check-conformance: all $(CONFORMANCE_DRIVERS) ## strangers' vectors; TRIVET_VECTORS names their folder
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q \
		tests/conformance $(PYTEST_ARGS)

# Sweeps: every n-th allocation, and every n-th use of a file, fails once.
# With the sanitizers alone: they see what is lost or used wrongly then.
FAULTS_LDFLAGS = -rdynamic -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=strdup,--wrap=strndup

$(B)/tests/sweep_client: private FAULTS_LDFLAGS += \
	-Wl,--wrap=trivet_clock_now_us,--wrap=trivet_clock_wait_until

SERVER_SWEEPS = $(B)/tests/sweep_authority $(B)/tests/sweep_operator
SWEEPS = $(SERVER_SWEEPS) $(B)/tests/sweep_client

$(SWEEPS): $(B)/tests/sweep_%: $(B)/obj/tests/faults/sweep_%.o \
		$(B)/obj/tests/faults/faults.o $(WORLD_LIB) $(CLIENT_LIB) \
		$(SERVER_LIBS) \
		$(B)/flags/link
	$(call link,$(FAULTS_LDFLAGS) $(LIBS_TEST) -ldl $(LIBS_CLIENT) $(LIBS_SERVER))

.PHONY: check-sweeps

check-sweeps: ## every n-th failure of memory and files, with the sanitizers
	$(Q)$(MAKE) --no-print-directory SAN=1 check-sweeps-built

# SWEEP_EVERY=7: each seventh failure alone.
check-sweeps-built: client $(SWEEPS)
	$(Q)for sweep in $(SERVER_SWEEPS); do \
		seq $$(nproc) | xargs -P $$(nproc) -I{} env SWEEP_PART={} \
			SWEEP_PARTS=$$(nproc) $$sweep || exit 1; done
	$(Q)TRIVET_BUILD=$(abspath $(B)) tools/run-pytest $(B)/pytest-sweeps \
		-m long tests/client/test_sweep.py $(PYTEST_ARGS)
