# SPDX-License-Identifier: Apache-2.0
# Compilers and their flags.

# CFLAGS, CPPFLAGS and LDFLAGS come behind ours. FORTIFY= leaves out our
# _FORTIFY_SOURCE; one in CPPFLAGS or CFLAGS, or -fhardened, replaces it.

CC ?= gcc
AR ?= ar
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum

# Packagers have other compilers than we: only CI stops at a warning. It changes
# no object file, so it is no flag that makes one be built again.
WERROR = $(if $(CI),-Werror)

ifeq ($(SAN),1)
OPTIMISE = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
SAN_LDFLAGS = -fsanitize=address,undefined
else ifeq ($(TSAN),1)
# ThreadSanitizer does not know fences (core/memo, request_ids_file), and gcc
# warns of each; what they order is atomic or has a lock.
OPTIMISE = -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan
SAN_LDFLAGS = -fsanitize=thread
else ifeq ($(FUZZ),1)
override CC = $(FUZZ_CC)
OPTIMISE = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
SAN_LDFLAGS = -fsanitize=address,undefined
else
OPTIMISE = -O2 -g
SAN_LDFLAGS =
FORTIFY ?= $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(filter \
	-O0 -fhardened,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif

# The libraries, by their names for pkg-config. All else follows from these.
PACKAGES_SERVER = sqlite3 libpq libcrypto jansson
PACKAGES_CLIENT = libcurl libcrypto jansson

LIBS_SERVER := $(shell $(PKG_CONFIG) --libs $(PACKAGES_SERVER)) -lpthread
LIBS_CLIENT := $(shell $(PKG_CONFIG) --libs $(PACKAGES_CLIENT)) -lpthread
LIBS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(sort $(PACKAGES_SERVER) \
	$(PACKAGES_CLIENT)))
LIBS_TEST = -lcmocka

# The static library is one object, which the linker joins without optimising:
# it needs the machine code beside what -flto leaves for later.
LTO = $(if $(findstring -flto,$(CFLAGS)),-ffat-lto-objects)

# Hidden by default: our names must not leak into the nginx process.
CFLAGS_ALL = -std=c17 $(OPTIMISE) -fPIC -fvisibility=hidden \
	-fstack-protector-strong $(WARNINGS) -I. -Iinclude -I$(B)/gen \
	$(LIBS_CFLAGS) $(FORTIFY) $(CPPFLAGS) $(CFLAGS) $(LTO)
LDFLAGS_ALL = -Wl,-z,relro,-z,now $(SAN_LDFLAGS) $(LDFLAGS)

Q := $(if $(filter 1,$(V)),,@)
