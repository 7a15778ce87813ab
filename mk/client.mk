# SPDX-License-Identifier: Apache-2.0
# The client's library, its installation and its tests.

CLIENT_LIBS = $(CLIENT_LIB) $(CRYPTO_LIB) $(CORE_LIB)
