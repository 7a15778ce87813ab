/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - signs the ends of all chains of the audit log, now and then
 *
 * Every gateway does it, and whoever finds that it is time does it for all. No
 * row is held while it is signed; of two that sign at once one has nothing to
 * do.
 */
#include "authority/connection.h"
#include "authority/clock.h"
#include "crypto/statement.h"
#include "store/noun/checkpoint.h"

/* Others' clocks may be others, and so may the time of a run. A last checkpoint
 * that is in the future is no reason to wait for it. */
static bool
is_due(const struct trivet_checkpoint *draft, int64_t every_us)
{
    int64_t age_us = draft->at_us - draft->last_at_us;

    return draft->num_heads > 0
           && (age_us < -every_us || age_us >= every_us - every_us / 10);
}

static enum trivet_status
sign(const struct trivet_server_key *key, const struct trivet_checkpoint *draft,
    unsigned char out[TRIVET_SIGNATURE_LEN], struct trivet_error *err)
{
    char statement[TRIVET_MAX_CHECKPOINT_STATEMENT];
    char text[TRIVET_SIGNATURE_TEXT_LEN];
    size_t len;

    trivet_checkpoint_statement(draft->id, draft->hash, statement);

    if (key->key == NULL
        || trivet_statement_sign(key->key, trivet_slice_text(statement), text)
               != TRIVET_OK
        || trivet_base64_decode(trivet_slice_make(text, sizeof text), out,
               TRIVET_SIGNATURE_LEN, &len)
               != TRIVET_OK
        || len != TRIVET_SIGNATURE_LEN)
    {
        return trivet_error_set(err, TRIVET_E_CRYPTO, "authority.checkpoint",
            "the server's key did not sign");
    }

    return TRIVET_OK;
}

static enum trivet_status
sign_and_put(struct trivet_authority *authority,
    const struct trivet_checkpoint *draft, struct trivet_error *err)
{
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    enum trivet_status status;

    TRIVET_TRY(sign(&authority->config->server_keys[0], draft, signature, err));
    status =
        trivet_store_checkpoint_put(authority->store, draft, signature, err);

    return status == TRIVET_E_CONFLICT ? TRIVET_OK : status;
}

static enum trivet_status
draft_now(struct trivet_authority *authority, struct trivet_checkpoint *out,
    struct trivet_error *err)
{
    return trivet_store_checkpoint_draft(authority->store,
        authority->server_key_ids[0],
        trivet_authority_true_us(authority->config), out, err);
}

enum trivet_status
trivet_authority_checkpoint(struct trivet_authority *authority,
    int64_t every_us, struct trivet_error *err)
{
    struct trivet_checkpoint draft;
    enum trivet_status status;

    TRIVET_TRY(trivet_authority_ensure_store(authority, err));

    status = draft_now(authority, &draft, err);
    if (status == TRIVET_OK && is_due(&draft, every_us)) {
        status = sign_and_put(authority, &draft, err);
    }
    trivet_checkpoint_release(&draft);

    if (status == TRIVET_E_UNAVAILABLE) {
        trivet_authority_drop_store(authority);
    }
    return status;
}

enum trivet_status
trivet_authority_checkpoint_age(struct trivet_authority *authority,
    int64_t *out_us, struct trivet_error *err)
{
    struct trivet_checkpoint draft;
    enum trivet_status status;

    TRIVET_TRY(trivet_authority_ensure_store(authority, err));

    status = draft_now(authority, &draft, err);
    if (status == TRIVET_OK) {
        *out_us = draft.num_heads == 0 ? 0 : draft.at_us - draft.last_at_us;
    }
    trivet_checkpoint_release(&draft);

    return status;
}
