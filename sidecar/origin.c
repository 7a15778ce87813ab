/* SPDX-License-Identifier: Apache-2.0 */
/* origin.c - whether a request comes from a program on this machine */
#include "sidecar/origin.h"

#include "base/secret.h"
#include "core/address.h"

enum { LOOPBACK_NET = 127 };

static bool
is_port(struct trivet_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }

    return text.len > 0;
}

/* The name, without its port. False: it is not one of these two. */
static bool
split(struct trivet_slice host, struct trivet_slice *out_name)
{
    const unsigned char *end = NULL;
    size_t len;

    if (host.len > 0 && host.data[0] == '[') {
        end = memchr(host.data, ']', host.len);
        if (end == NULL) {
            return false;
        }
        len = (size_t) (end - host.data) + 1;
    } else {
        if (host.len > 0) {
            end = memchr(host.data, ':', host.len);
        }
        len = end == NULL ? host.len : (size_t) (end - host.data);
    }

    *out_name = trivet_slice_make(host.data, len);
    host = trivet_slice_after(host, len);

    return host.len == 0
           || (host.data[0] == ':' && is_port(trivet_slice_after(host, 1)));
}

/* Dotted, all four numbers: nothing that another reader could take for a name
 * or for another network. */
static bool
is_loopback_ipv4(struct trivet_slice name)
{
    struct trivet_address address;

    return memchr(name.data, ':', name.len) == NULL
           && trivet_address_parse(name, &address) == TRIVET_OK
           && trivet_address_is_ipv4(&address)
           && address.bytes[TRIVET_ADDRESS_LEN - 4] == LOOPBACK_NET;
}

bool
trivet_origin_is_here(struct trivet_slice host)
{
    struct trivet_slice name;

    if (!split(host, &name) || name.len == 0) {
        return false;
    }

    return trivet_slice_equal_nocase(name, trivet_slice_text("localhost"))
           || trivet_slice_is(name, "[::1]") || is_loopback_ipv4(name);
}

bool
trivet_origin_is_own(struct trivet_slice origin, struct trivet_slice host)
{
    static const char scheme[] = "http://";

    return host.len > 0 && trivet_slice_starts_with(origin, scheme)
           && trivet_slice_equal_nocase(
               trivet_slice_after(origin, sizeof scheme - 1), host);
}

bool
trivet_origin_is_own_site(struct trivet_slice site)
{
    return trivet_slice_is(site, "same-origin")
           || trivet_slice_is(site, "none");
}

/* ---- a token that callers share ----------------------------------------- */

bool
trivet_origin_is_token(struct trivet_slice token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] <= ' ' || token.data[i] > '~') {
            return false;
        }
    }

    return token.len >= TRIVET_MIN_CALLER_TOKEN
           && token.len <= TRIVET_MAX_SECRET;
}

bool
trivet_origin_has_token(
    struct trivet_slice authorization, struct trivet_slice token)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    struct trivet_slice given;

    if (authorization.len < len
        || !trivet_slice_equal_nocase(
            trivet_slice_make(authorization.data, len),
            trivet_slice_text(scheme)))
    {
        return false;
    }

    given = trivet_slice_trim(trivet_slice_after(authorization, len));

    return given.len == token.len
           && trivet_ct_equal(given.data, token.data, token.len);
}
