# SPDX-License-Identifier: Apache-2.0
# Compilers and their flags.

CC ?= gcc
AR ?= ar
PKG_CONFIG ?= pkg-config
# Where Debian's nginx looks for modules.
MODULES_DIR ?= /usr/lib/nginx/modules
PYTHON ?= /usr/bin/python3

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum

# Packagers have other compilers than we: only CI stops at a warning.
ifneq ($(CI),)
WARNINGS += -Werror
endif

ifeq ($(SAN),1)
OPTIMISE = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
SAN_LDFLAGS = -fsanitize=address,undefined
else ifeq ($(TSAN),1)
# core/memo's fences: ThreadSanitizer does not know them; tests/tsan.supp has
# what it says of memo for that reason.
OPTIMISE = -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan
SAN_LDFLAGS = -fsanitize=thread
else ifeq ($(FUZZ),1)
override CC = $(FUZZ_CC)
OPTIMISE = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
SAN_LDFLAGS = -fsanitize=address,undefined
else
OPTIMISE = -O2 -g -D_FORTIFY_SOURCE=2
SAN_LDFLAGS =
endif

# Hidden by default: our names must not leak into the nginx process.
CFLAGS_ALL = -std=c17 $(OPTIMISE) -fPIC -fvisibility=hidden \
	-fstack-protector-strong $(WARNINGS) -I. -Iinclude \
	-DTRIVET_VERSION='"$(VERSION)"' \
	-DTRIVET_MODULE_PATH='"$(MODULES_DIR)/ngx_http_trivet_module.so"' \
	$(CFLAGS)
LDFLAGS_ALL = -Wl,-z,relro,-z,now $(SAN_LDFLAGS) $(LDFLAGS)

LIBS_CORE = $(shell $(PKG_CONFIG) --libs jansson)
LIBS_CRYPTO = $(shell $(PKG_CONFIG) --libs libcrypto)
LIBS_STORE = $(shell $(PKG_CONFIG) --libs sqlite3)
LIBS_CLIENT = $(shell $(PKG_CONFIG) --libs libcurl)

Q := $(if $(filter 1,$(V)),,@)
