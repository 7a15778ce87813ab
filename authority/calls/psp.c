/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp.c - payment service providers (PSD2)
 *
 * A certificate instead of an account: whoever shows one with a role, and has
 * its key, gets an API key of one hour's life, and goes on with that like
 * anybody else. The certificate's key signs the installation's public key and
 * token, so that the credential is bound to this installation.
 */
#include "authority/calls/psp.h"

#include "authority/clock.h"
#include "authority/prepared.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "core/message/credential.h"
#include "core/message/psp.h"
#include "crypto/psp_certificate.h"
#include "store/noun/api_key.h"
#include "store/noun/installation.h"
#include "store/noun/psp.h"
#include "store/noun/user.h"

static enum trivet_reason
reason_of(enum trivet_psp_fault fault)
{
    switch (fault) {
    case TRIVET_PSP_GOOD:
        return TRIVET_REASON_NONE;
    case TRIVET_PSP_CHAIN:
        return TRIVET_REASON_PSP_CHAIN;
    case TRIVET_PSP_VALIDITY:
        return TRIVET_REASON_PSP_VALIDITY;
    case TRIVET_PSP_ROLE:
        return TRIVET_REASON_PSP_ROLE;
    case TRIVET_PSP_SIGNATURE:
        return TRIVET_REASON_PSP_SIGNATURE;
    case TRIVET_PSP_CERTIFICATE:
        break;
    }

    return TRIVET_REASON_PSP_CERTIFICATE;
}

/* What the certificate's key signed. */
static enum trivet_status
find_digest(struct trivet_case *c, unsigned char out[TRIVET_DIGEST_LEN])
{
    struct trivet_signed_text found;

    TRIVET_TRY(trivet_store_installation_signed(
        c->store, c->installation.id, &found, c->err));

    if (!found.has_digest) {
        return trivet_case_digest_signed(
            c, trivet_slice_text(found.key_text), c->request->token, out);
    }

    memcpy(out, found.digest, TRIVET_DIGEST_LEN);
    return TRIVET_OK;
}

/* Certificates are made by the world's time, also where the sandbox's clock
 * stands; but they end when that is moved far enough. */
static int64_t
certificate_time_us(const struct trivet_case *c)
{
    int64_t true_us = trivet_authority_true_us(c->authority->config)
                      + c->authority->offset_us;

    return true_us > c->now_us ? true_us : c->now_us;
}

static enum trivet_status
verify_certificate(struct trivet_case *c,
    const struct trivet_psp_request *request, struct trivet_psp *out,
    enum trivet_psp_fault *out_fault)
{
    const struct trivet_authority_config *config = c->authority->config;
    const struct trivet_psp_trust trust = {
        .roots = config->psp_roots,
        .trusts_claimed_roots = config->is_sandbox,
        .needs_root_last =
            c->request->profile->psp_root == TRIVET_PSP_ROOT_LAST,
        .now_s = certificate_time_us(c) / TRIVET_US_PER_S,
    };
    unsigned char signature[TRIVET_MAX_SIGNATURE];
    struct trivet_psp_claim claim = {
        .certificate_pem =
            trivet_slice_make(request->certificate, request->certificate_len),
        .chain_pem = trivet_slice_make(request->chain, request->chain_len),
    };
    size_t len;

    /* What is no base64 is no signature: its length fits none. */
    if (trivet_base64_decode(
            trivet_slice_make(request->signature, request->signature_len),
            signature, sizeof signature, &len)
        != TRIVET_OK)
    {
        len = 0;
    }
    claim.signature = trivet_slice_make(signature, len);

    TRIVET_TRY(find_digest(c, claim.digest));

    return trivet_psp_verify(&claim, &trust, out_fault, out, c->err);
}

/* All of the cryptography; nobody waits for it. */
enum trivet_status
trivet_prepare_psp(struct trivet_case *c)
{
    struct trivet_psp_request request;
    enum trivet_psp_fault fault;
    enum trivet_status status;
    struct trivet_complaint complaint =
        trivet_psp_request_read(c->request->body, &request);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    status = verify_certificate(c, &request, &c->prepared->psp, &fault);
    /* Since its token was looked up, the installation was pruned. */
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_case_refuse(c, TRIVET_REASON_TOKEN_UNKNOWN, NULL);
    }
    if (status != TRIVET_OK) {
        return status;
    }
    if (fault != TRIVET_PSP_GOOD) {
        return trivet_case_refuse(c, reason_of(fault), NULL);
    }

    TRIVET_TRY(trivet_case_prepare_uuid(c));

    return trivet_case_prepare_token(c);
}

static enum trivet_status
make_user(struct trivet_case *c, int64_t *out_id)
{
    struct trivet_user user = {
        .kind = TRIVET_USER_PSP,
        .session_timeout_s = TRIVET_PSP_SESSION_TIMEOUT_S,
    };

    (void) snprintf(user.public_uuid, sizeof user.public_uuid, "%s",
        c->prepared->public_uuid);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s",
        c->prepared->psp.common_name);

    TRIVET_TRY(trivet_store_user_put(c->store, &user, c->now_us, c->err));

    *out_id = user.id;
    return TRIVET_OK;
}

/* The provider's user; made at the first time. One that was known by its shown
 * name alone is this provider's when no other name is shown like that. */
static enum trivet_status
find_user(struct trivet_case *c, int64_t *out_id)
{
    struct trivet_store *store = c->store;
    const struct trivet_psp *psp = &c->prepared->psp;
    enum trivet_status status =
        trivet_store_psp_find(store, psp->digest, out_id, c->err);

    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    if (psp->is_shown_alone) {
        status = trivet_store_psp_find_by_shown(
            store, psp->shown_digest, psp->common_name, out_id, c->err);
    }
    if (status == TRIVET_E_NOT_FOUND) {
        status = make_user(c, out_id);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    return trivet_store_psp_put(store, *out_id, psp->digest,
        psp->distinguished_name, c->now_us, c->err);
}

enum trivet_status
trivet_write_psp(struct trivet_case *c)
{
    const struct trivet_prepared *prepared = c->prepared;
    struct trivet_store *store = c->store;
    struct trivet_new_api_key made = {
        .digest = prepared->made_digest,
        .label = "payment service provider",
        .expires_us = c->now_us + TRIVET_PSP_KEY_LIFETIME_S * TRIVET_US_PER_S,
    };
    struct trivet_api_key_view credential = {
        .created_us = c->now_us,
        .updated_us = c->now_us,
        .status = TRIVET_API_KEY_PENDING,
        .expires_us = made.expires_us,
    };
    enum trivet_status status;

    TRIVET_TRY(find_user(c, &made.user_id));
    TRIVET_TRY(trivet_store_api_key_put(
        store, &made, c->now_us, &credential.id, c->err));
    status = trivet_store_api_key_asked_by(
        store, credential.id, c->installation.id, c->err);
    /* Since its token was looked up, the installation was pruned. */
    if (status == TRIVET_E_CONFLICT) {
        return trivet_case_refuse(c, TRIVET_REASON_TOKEN_UNKNOWN, NULL);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    c->answer->identity.user_id = made.user_id;
    c->answer->identity.api_key_id = credential.id;

    return trivet_case_answer(c, trivet_credential_answer_write(&credential,
                                     (const char *) prepared->made.bytes));
}

static enum trivet_api_key_status
status_of(const struct trivet_api_key *key)
{
    if (key->is_revoked) {
        return TRIVET_API_KEY_REVOKED;
    }

    return key->is_bound ? TRIVET_API_KEY_ACTIVE : TRIVET_API_KEY_PENDING;
}

enum trivet_status
trivet_handle_psp_get(struct trivet_case *c)
{
    struct trivet_api_key key;
    struct trivet_api_key_view credential;
    long long id = c->request->path_ids[0];
    enum trivet_status status = trivet_store_api_key_asked(
        c->store, id, c->installation.id, &key, c->err);

    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_case_refuse_id(c, TRIVET_REASON_PSP_NOT_FOUND, id);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    credential = (struct trivet_api_key_view){
        .id = id,
        .created_us = key.created_us,
        .updated_us = key.updated_us,
        .status = status_of(&key),
        .expires_us = key.expires_us,
        .has_device = key.device.id != 0,
        .bound = key.device,
    };

    return trivet_case_answer(
        c, trivet_credential_answer_write(&credential, NULL));
}
