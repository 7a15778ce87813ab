/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_rate.c - --rate-limits 2026: who is counted, and who is refused
 *
 * A request counts when its token and signature admit it, whatever its call
 * makes of it then: so nobody can use up another's calls, and who guesses API
 * keys is counted. One that is refused for the limit does not count.
 */
#include "authority/device_rate.h"

#include <stdio.h>

bool
trivet_case_has_device_rate(const struct trivet_case *c)
{
    return c->authority->config->device_rates != NULL
           && !c->request->is_call_counted
           && trivet_device_rate(c->request->device_rate) != NULL;
}

static void
add_number(struct trivet_digest *digest, const char *what, int64_t number)
{
    trivet_digest_add(digest, trivet_slice_text(what));
    trivet_digest_add(digest, trivet_slice_make(&number, sizeof number));
}

/* Whose call it is: the session's device; with an installation's token, the
 * installation; before there is a device, the address. */
static enum trivet_status
digest_owner(struct trivet_case *c, const struct trivet_device_rate *limit,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    const struct trivet_device_rates *rates =
        c->authority->config->device_rates;
    struct trivet_digest *digest = c->authority->digest;

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_make(rates->secret, sizeof rates->secret));
    add_number(digest, "kind", c->request->device_rate);

    if (limit->is_of_address) {
        struct trivet_address network =
            trivet_address_network(&c->request->address);

        trivet_digest_add(
            digest, trivet_slice_make(network.bytes, sizeof network.bytes));
    } else if (c->session.id != 0) {
        add_number(digest, "device", c->session.device_id);
    } else {
        add_number(digest, "installation", c->installation.id);
    }

    return trivet_digest_finish(digest, out);
}

enum trivet_status
trivet_case_count_call(struct trivet_case *c)
{
    const struct trivet_device_rate *limit =
        trivet_device_rate(c->request->device_rate);
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool is_within;
    char text[64];

    if (!trivet_case_has_device_rate(c)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(digest_owner(c, limit, digest));

    if (trivet_device_rates_take(c->authority->config->device_rates, limit,
            digest, c->now_us, &is_within)
        != TRIVET_OK)
    {
        return trivet_error_set(c->err, TRIVET_E_UNAVAILABLE, "device_rate",
            "there is no room to count the calls of one more device, or a "
            "stopped process has locked the table");
    }

    c->answer->is_call_counted = is_within;
    if (is_within) {
        return TRIVET_OK;
    }

    /* "second" has no plural in the text that clients know. */
    (void) snprintf(text, sizeof text, "%d calls per %d second",
        limit->max_calls, limit->per_s);
    return trivet_case_refuse(c, TRIVET_REASON_RATE_LIMITED, text);
}
