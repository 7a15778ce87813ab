/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - where a request comes from, and what an API key permits */
#include "core/address.h"

#include <arpa/inet.h>

static const unsigned char mapped_prefix[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct trivet_address
trivet_address_from_ipv4(const void *bytes)
{
    struct trivet_address address;

    memcpy(address.bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(address.bytes + sizeof mapped_prefix, bytes, 4);

    return address;
}

struct trivet_address
trivet_address_from_ipv6(const void *bytes)
{
    struct trivet_address address;

    memcpy(address.bytes, bytes, sizeof address.bytes);

    return address;
}

bool
trivet_address_is_ipv4(const struct trivet_address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

enum trivet_status
trivet_address_parse(struct trivet_slice text, struct trivet_address *out)
{
    char copy[TRIVET_MAX_ADDRESS_TEXT];
    unsigned char bytes[TRIVET_ADDRESS_LEN];

    if (text.len >= sizeof copy
        || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL))
    {
        return TRIVET_E_MALFORMED;
    }

    if (text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    copy[text.len] = '\0';

    if (inet_pton(AF_INET, copy, bytes) == 1) {
        *out = trivet_address_from_ipv4(bytes);
        return TRIVET_OK;
    }

    if (inet_pton(AF_INET6, copy, bytes) == 1) {
        *out = trivet_address_from_ipv6(bytes);
        return TRIVET_OK;
    }

    return TRIVET_E_MALFORMED;
}

void
trivet_address_format(
    const struct trivet_address *address, char out[TRIVET_MAX_ADDRESS_TEXT])
{
    /* inet_ntop cannot fail: both families are known, the buffer is enough. */
    if (trivet_address_is_ipv4(address)) {
        (void) inet_ntop(AF_INET, address->bytes + sizeof mapped_prefix, out,
            TRIVET_MAX_ADDRESS_TEXT);
        return;
    }

    (void) inet_ntop(AF_INET6, address->bytes, out, TRIVET_MAX_ADDRESS_TEXT);
}

bool
trivet_address_equal(
    const struct trivet_address *a, const struct trivet_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
trivet_permitted_has(const struct trivet_permitted *permitted,
    const struct trivet_address *address)
{
    for (size_t i = 0; i < permitted->num_addresses; i++) {
        if (trivet_address_equal(&permitted->addresses[i], address)) {
            return true;
        }
    }

    return false;
}

struct trivet_address
trivet_address_network(const struct trivet_address *address)
{
    struct trivet_address network = *address;

    if (!trivet_address_is_ipv4(address)) {
        memset(
            network.bytes + TRIVET_ADDRESS_LEN / 2, 0, TRIVET_ADDRESS_LEN / 2);
    }

    return network;
}

enum trivet_status
trivet_permitted_add(
    struct trivet_permitted *permitted, struct trivet_slice entry)
{
    struct trivet_address address;

    if (trivet_slice_is(entry, "*")) {
        permitted->has_wildcard = true;
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_address_parse(entry, &address));

    if (trivet_permitted_has(permitted, &address)) {
        return TRIVET_OK;
    }

    if (permitted->num_addresses == TRIVET_MAX_PERMITTED_IPS) {
        return TRIVET_E_LIMIT;
    }

    permitted->addresses[permitted->num_addresses++] = address;
    return TRIVET_OK;
}
