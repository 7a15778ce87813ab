/* SPDX-License-Identifier: Apache-2.0 */
/* prepared.c - what several calls that write make ready for the write */
#include "authority/prepared.h"

#include "authority/determinism.h"

enum trivet_status
trivet_case_prepare_token(struct trivet_case *c)
{
    struct trivet_prepared *prepared = c->prepared;

    TRIVET_TRY(trivet_token_make(&prepared->made));

    return trivet_case_digest(
        c, trivet_secret_slice(&prepared->made), prepared->made_digest);
}

enum trivet_status
trivet_case_prepare_uuid(struct trivet_case *c)
{
    unsigned char random[TRIVET_UUID_LEN];

    TRIVET_TRY(trivet_uuid_make(TRIVET_UUID_OF_USER, random));
    trivet_uuid_format(random, c->prepared->public_uuid);

    return TRIVET_OK;
}

/* A store may have been a sandbox's, where anybody makes users: outside it
 * their keys open nothing, as bunq's do not in production. */
static bool
is_of_other_environment(
    const struct trivet_case *c, const struct trivet_secret *secret)
{
    return !c->authority->config->is_sandbox
           && trivet_slice_starts_with(
               trivet_secret_slice(secret), TRIVET_SANDBOX_KEY_PREFIX);
}

enum trivet_status
trivet_case_prepare_key(
    struct trivet_case *c, const struct trivet_secret *secret)
{
    struct trivet_prepared *prepared = c->prepared;

    prepared->is_key_of_other_environment = is_of_other_environment(c, secret);

    return trivet_case_digest(
        c, trivet_secret_slice(secret), prepared->key_digest);
}
