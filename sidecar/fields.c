/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - which header fields go through the proxy */
#include "sidecar/fields.h"

#include "core/field_names.h"

static const char *const neighbours[] = {
    "Connection",
    "Content-Length",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
};

static const char *const not_sent[] = {
    "Accept-Encoding", /* the signature is over the bytes as they come */
    "Authorization",   /* the token of --auth-token-file               */
    "Cookie",
    "Expect",
    "Host",
    "Origin",
    "Proxy-Authorization",
    "Referer",
    TRIVET_FIELD_CLIENT_SIGNATURE,
    TRIVET_FIELD_TOKEN,
};

static const char *const not_returned[] = {
    "Alt-Svc", "Proxy-Authenticate",
    "Strict-Transport-Security", /* we are no HTTPS */
};

static const char *const of_encryption[] = {
    "X-Bunq-Server-Encryption-Hmac",
    "X-Bunq-Server-Encryption-Iv",
    "X-Bunq-Server-Encryption-Key",
    TRIVET_FIELD_SERVER_SIGNATURE,
};

#define NUM(list) (sizeof(list) / sizeof(list)[0])

static bool
starts_with(struct trivet_slice name, const char *prefix)
{
    size_t len = strlen(prefix);

    return name.len >= len
           && trivet_slice_equal_nocase(trivet_slice_make(name.data, len),
               trivet_slice_make(prefix, len));
}

/* Whether the list, with commas between, has that name. */
static bool
is_listed(struct trivet_slice name, struct trivet_slice list)
{
    while (list.len > 0) {
        const unsigned char *comma = memchr(list.data, ',', list.len);
        size_t len = comma == NULL ? list.len : (size_t) (comma - list.data);
        struct trivet_slice one =
            trivet_slice_trim(trivet_slice_make(list.data, len));

        if (trivet_slice_equal_nocase(one, name)) {
            return true;
        }

        list = trivet_slice_after(list, comma == NULL ? len : len + 1);
    }

    return false;
}

static bool
goes_through(struct trivet_slice name, struct trivet_slice connection)
{
    return !starts_with(name, TRIVET_PROXY_FIELD_PREFIX)
           && !trivet_slice_is_among(name, neighbours, NUM(neighbours))
           && !is_listed(name, connection);
}

bool
trivet_fields_sends(struct trivet_slice name, struct trivet_slice connection)
{
    return goes_through(name, connection) && !starts_with(name, "Sec-")
           && !trivet_slice_is_among(name, not_sent, NUM(not_sent));
}

bool
trivet_fields_returns(struct trivet_slice name, struct trivet_slice connection,
    bool was_encrypted)
{
    return goes_through(name, connection)
           && !trivet_slice_is_among(name, not_returned, NUM(not_returned))
           && !(was_encrypted
                && trivet_slice_is_among(
                    name, of_encryption, NUM(of_encryption)));
}
