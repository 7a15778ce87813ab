# SPDX-License-Identifier: Apache-2.0
# How things are made.

# Object files are kept, also those of tests.
.SECONDARY:

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

BASE_LIB = $(B)/libtrivet-base.a
CORE_LIB = $(B)/libtrivet-core.a
CRYPTO_LIB = $(B)/libtrivet-crypto.a
STORE_LIB = $(B)/libtrivet-store.a
SANDBOX_LIB = $(B)/libtrivet-sandbox.a
AUTHORITY_LIB = $(B)/libtrivet-authority.a
CLIENT_LIB = $(B)/libtrivet-client.a
SIDECAR_LIB = $(B)/libtrivet-sidecar.a

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
$(SIDECAR_LIB): $(call objects,$(SIDECAR_SRCS))

$(B)/%.a: mk/sources.mk
	@mkdir -p $(@D)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# What is built depends on the flags that it is built with: each of these files
# holds a text, and is written again when the text has become another one.
# $(call text_file,FILE,TEXT'S NAME)
define text_file
ifneq ($$(file <$(1)),$$($(2)))
.PHONY: $(1)
endif
$(1): private export TEXT = $$($(2))
$(1):
	@mkdir -p $$(@D)
	@printf '%s\n' "$$$$TEXT" > $$@
endef

# What the code has of this Makefile.
define BUILD_H
#define TRIVET_VERSION "$(VERSION)"
#define TRIVET_MODULE_PATH "$(MODULES_DIR)/ngx_http_trivet_module.so"
#define TRIVET_PROXY_MODULE_PATH "$(MODULES_DIR)/ngx_http_trivet_proxy_module.so"
#define TRIVET_SOURCE "$(CURDIR)"
endef

COMPILE_TEXT = $(CC) $(CFLAGS_ALL)
LINK_TEXT = $(CC) $(LDFLAGS_ALL) $(LIBS_SERVER) $(LIBS_CLIENT)

$(eval $(call text_file,$(B)/gen/build.h,BUILD_H))
$(eval $(call text_file,$(B)/flags/compile,COMPILE_TEXT))
$(eval $(call text_file,$(B)/flags/link,LINK_TEXT))

$(B)/obj/%.o: %.c $(B)/flags/compile | $(B)/gen/build.h $(B)/gen/schema_sqlite.h \
		$(B)/gen/schema_postgres.h
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(WERROR) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# A program or shared library of the objects and archives that it depends on.
# $(call link,LIBRARIES AND FLAGS)
define link
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(1)
endef

# A driver's schema is SQL on disk and text in the library.
$(B)/gen/schema_%.h: tools/embed-sql
	@mkdir -p $(@D)
	$(Q)tools/embed-sql store/schema/$*/*.sql > $@.tmp && mv $@.tmp $@

# The console's pages are files on disk and bytes in the library.
$(B)/gen/console.h: tools/embed-files $(wildcard console/* console/*/*)
	@mkdir -p $(@D)
	$(Q)tools/embed-files console > $@.tmp && mv $@.tmp $@

$(B)/obj/authority/operator/pages.o: $(B)/gen/console.h

$(B)/gen/schema_sqlite.h: $(wildcard store/schema/sqlite/*.sql)
$(B)/gen/schema_postgres.h: $(wildcard store/schema/postgres/*.sql)

$(B)/trivet: $(call objects,$(CLI_SRCS)) $(SIDECAR_LIB) $(CLIENT_LIB) $(SERVER_LIBS) \
		$(B)/flags/link
	$(call link,-pie $(LIBS_SERVER) $(LIBS_CLIENT))

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
