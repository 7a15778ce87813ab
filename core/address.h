/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - where a request comes from, and what an API key permits
 *
 * An address is sixteen bytes: IPv6, or IPv4 in its mapped form
 * (::ffff:1.2.3.4), so that "1.2.3.4" and "::ffff:1.2.3.4" are one address.
 */
#ifndef TRIVET_CORE_ADDRESS_H
#define TRIVET_CORE_ADDRESS_H

#include "base/slice.h"
#include "core/limits.h"
#include "trivet/status.h"

enum { TRIVET_ADDRESS_LEN = 16 };

struct trivet_address {
    unsigned char bytes[TRIVET_ADDRESS_LEN];
};

/* From the four bytes of an IPv4 address, or the sixteen of an IPv6 one. */
struct trivet_address trivet_address_from_ipv4(const void *bytes);
struct trivet_address trivet_address_from_ipv6(const void *bytes);

/*
 * Reads "1.2.3.4", "2001:db8::1" or "::ffff:1.2.3.4".
 *
 * TRIVET_E_MALFORMED  anything else: a name, a network, a port, a zone.
 */
TRIVET_MUST_USE enum trivet_status trivet_address_parse(
    struct trivet_slice text, struct trivet_address *out);

/* Shortest usual text; a mapped address is shown as IPv4. */
void trivet_address_format(
    const struct trivet_address *address, char out[TRIVET_MAX_ADDRESS_TEXT]);

bool trivet_address_equal(
    const struct trivet_address *a, const struct trivet_address *b);

bool trivet_address_is_ipv4(const struct trivet_address *address);

/* What one subscriber has: an IPv4 address itself, of an IPv6 address its /64
 * network, the other half zeroes. Limits hold for that. */
struct trivet_address trivet_address_network(
    const struct trivet_address *address);

/* The `permitted_ips` of a device-server call. */
struct trivet_permitted {
    bool has_wildcard;
    size_t num_addresses;
    struct trivet_address addresses[TRIVET_MAX_PERMITTED_IPS];
};

/*
 * Adds one entry, an address or "*"; an address that is there already is not
 * added again.
 *
 * TRIVET_E_MALFORMED  neither of the two.
 * TRIVET_E_LIMIT      TRIVET_MAX_PERMITTED_IPS addresses are there.
 */
TRIVET_MUST_USE enum trivet_status trivet_permitted_add(
    struct trivet_permitted *permitted, struct trivet_slice entry);

/* Whether the address is listed; the wildcard does not count. */
bool trivet_permitted_has(const struct trivet_permitted *permitted,
    const struct trivet_address *address);

#endif
