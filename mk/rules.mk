# SPDX-License-Identifier: Apache-2.0
# How things are made.

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

BASE_LIB = $(B)/libtrivet-base.a
CORE_LIB = $(B)/libtrivet-core.a
CRYPTO_LIB = $(B)/libtrivet-crypto.a
STORE_LIB = $(B)/libtrivet-store.a
SANDBOX_LIB = $(B)/libtrivet-sandbox.a
AUTHORITY_LIB = $(B)/libtrivet-authority.a
CLIENT_LIB = $(B)/libtrivet-client.a

# Lower layers come later: the linker resolves from left to right.
SERVER_LIBS = $(AUTHORITY_LIB) $(SANDBOX_LIB) $(STORE_LIB) $(CRYPTO_LIB) \
	$(CORE_LIB) $(BASE_LIB)
PROGRAMS = $(B)/trivet

$(BASE_LIB): $(call objects,$(BASE_SRCS))
$(CORE_LIB): $(call objects,$(CORE_SRCS))
$(CRYPTO_LIB): $(call objects,$(CRYPTO_SRCS))
$(STORE_LIB): $(call objects,$(STORE_SRCS))
$(SANDBOX_LIB): $(call objects,$(SANDBOX_SRCS))
$(AUTHORITY_LIB): $(call objects,$(AUTHORITY_SRCS))
$(CLIENT_LIB): $(call objects,$(CLIENT_SRCS))

$(B)/%.a: mk/sources.mk
	@mkdir -p $(@D)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# The schema is SQL on disk and text in the library.
$(B)/gen/schema.h: $(wildcard store/schema/sqlite/*.sql) tools/embed-sql
	@mkdir -p $(@D)
	$(Q)tools/embed-sql store/schema/sqlite/*.sql > $@.tmp && mv $@.tmp $@

$(B)/obj/store/store.o: $(B)/gen/schema.h
$(B)/obj/store/store.o: CFLAGS_ALL += -I$(B)/gen

$(B)/trivet: $(call objects,$(CLI_SRCS)) $(CLIENT_LIB) $(SERVER_LIBS)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -pie -o $@ $^ $(LIBS_STORE) $(LIBS_CLIENT) \
		$(LIBS_CRYPTO) $(LIBS_CORE) -lpthread

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
