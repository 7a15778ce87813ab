/* SPDX-License-Identifier: Apache-2.0 */
/* network.c - networks as they are written */
#define _DEFAULT_SOURCE
#include "cli/serve/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

static void
clear_rest(unsigned char *bytes, size_t num_bytes, size_t num_bits)
{
    for (size_t i = 0; i < num_bytes; i++) {
        if (num_bits >= 8) {
            num_bits -= 8;
            continue;
        }

        bytes[i] &= (unsigned char) (0xff00U >> num_bits);
        num_bits = 0;
    }
}

enum trivet_status
cli_network_parse(const char *text, char out[CLI_MAX_NETWORK])
{
    const char *slash = strchr(text, '/');
    size_t len = slash == NULL ? strlen(text) : (size_t) (slash - text);
    unsigned char bytes[sizeof(struct in6_addr)];
    char address[INET6_ADDRSTRLEN];
    bool is_ipv4;
    int family;
    size_t num_bytes;
    long long num_bits;

    if (len >= sizeof address) {
        return TRIVET_E_MALFORMED;
    }
    memcpy(address, text, len);
    address[len] = '\0';

    is_ipv4 = inet_pton(AF_INET, address, bytes) == 1;
    if (!is_ipv4 && inet_pton(AF_INET6, address, bytes) != 1) {
        return TRIVET_E_MALFORMED;
    }

    family = is_ipv4 ? AF_INET : AF_INET6;
    num_bytes = is_ipv4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    num_bits = (long long) (8 * num_bytes);
    if (slash != NULL
        && (!trivet_slice_to_id(trivet_slice_text(slash + 1), &num_bits)
            || num_bits > (long long) (8 * num_bytes)))
    {
        return TRIVET_E_MALFORMED;
    }

    clear_rest(bytes, num_bytes, (size_t) num_bits);
    (void) inet_ntop(family, bytes, address, sizeof address);
    (void) snprintf(out, CLI_MAX_NETWORK, "%s/%lld", address, num_bits);
    return TRIVET_OK;
}

void
cli_network_bracket(const char *address, char *out, size_t cap)
{
    if (strchr(address, ':') == NULL) {
        (void) snprintf(out, cap, "%s", address);
    } else {
        (void) snprintf(out, cap, "[%s]", address);
    }
}
