/* SPDX-License-Identifier: Apache-2.0 */
/* secret_names.c - by which names secrets are known */
#include "core/secret_names.h"

#include "core/field_names.h"

static const char *const fields[] = {
    TRIVET_FIELD_TOKEN,
    "Authorization",
    "Cookie",
    "Proxy-Authorization",
    "Set-Cookie",
    "X-Api-Key",
    "X-Bunq-Client-Encryption-Key",
};

static const char *const members[] = {
    "access_token",
    "api_key",
    "authorization",
    "client_secret",
    "cvc2",
    "password",
    "pin_code",
    "primary_account_number",
    "private_key",
    "refresh_token",
    "secret",
    "token",
};

static bool
is_among(struct trivet_slice name, const char *const *names, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        if (trivet_slice_equal_nocase(name, trivet_slice_text(names[i]))) {
            return true;
        }
    }

    return false;
}

bool
trivet_secret_is_field(struct trivet_slice name)
{
    return is_among(name, fields, sizeof fields / sizeof fields[0]);
}

bool
trivet_secret_is_member(struct trivet_slice name)
{
    return is_among(name, members, sizeof members / sizeof members[0]);
}
