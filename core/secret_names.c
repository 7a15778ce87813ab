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

bool
trivet_secret_is_field(struct trivet_slice name)
{
    return trivet_slice_is_among(
        name, fields, sizeof fields / sizeof fields[0]);
}

bool
trivet_secret_is_member(struct trivet_slice name)
{
    return trivet_slice_is_among(
        name, members, sizeof members / sizeof members[0]);
}
