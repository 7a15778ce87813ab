/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.c - a payment service provider's API key, for its certificate
 *
 * The certificate's key signs the installation's public key and token, so that
 * the API key is for this installation. It is in the context's file then, and
 * the steps go on as with any other.
 */
#include "trivet/client.h"

#include <stdlib.h>
#include <string.h>

#include "client/context_file.h"
#include "client/secret_file.h"
#include "client/session.h"
#include "core/message/credential.h"
#include "core/message/psp.h"
#include "core/message/user.h"
#include "crypto/key.h"
#include "crypto/signature.h"

static const char path[] = "payment-service-provider-credential";

struct papers {
    struct trivet_buffer certificate;
    struct trivet_buffer chain;
    struct trivet_private_key *key;
};

static void
put_away(struct papers *papers)
{
    trivet_buffer_free(&papers->certificate);
    trivet_buffer_free(&papers->chain);
    trivet_private_key_free(papers->key);
}

static enum trivet_status
read_papers(const struct trivet_provider *provider, struct papers *out,
    struct trivet_error *err)
{
    const char *chain_file = provider->chain_file;

    if (provider->certificate_file == NULL || provider->key_file == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "provider",
            "a provider has a certificate and a key");
    }

    if (chain_file == NULL) {
        chain_file = provider->certificate_file;
    }

    TRIVET_TRY(trivet_secret_file_read(
        provider->certificate_file, 022, &out->certificate, err));
    TRIVET_TRY(trivet_secret_file_read(chain_file, 022, &out->chain, err));

    return trivet_private_key_load(provider->key_file, &out->key, err);
}

/* ---- the call ---------------------------------------------------------- */

/* The public key as it was sent, which ends in one newline, and the token. */
static enum trivet_status
digest_signed(
    const struct trivet_record *record, unsigned char out[TRIVET_DIGEST_LEN])
{
    char text[TRIVET_MAX_PUBLIC_KEY_TEXT + TRIVET_MAX_SECRET];
    enum trivet_status status;
    size_t len;

    TRIVET_TRY(trivet_session_public_key(record, text, NULL));

    len = strlen(text);
    memcpy(text + len, record->installation_token.bytes,
        record->installation_token.len);
    status = trivet_sha256(
        trivet_slice_make(text, len + record->installation_token.len), out);
    trivet_wipe(text, sizeof text);

    return status;
}

static enum trivet_status
sign(const struct papers *papers, const struct trivet_record *record,
    char out[TRIVET_SIGNATURE_TEXT_LEN], struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_signer *signer;
    enum trivet_status status;

    TRIVET_TRY(trivet_signer_new(papers->key, &signer, err));
    status = digest_signed(record, digest);
    if (status == TRIVET_OK) {
        status = trivet_signer_sign(signer, digest, out);
    }
    trivet_signer_free(signer);

    return status == TRIVET_OK ? TRIVET_OK
                               : trivet_error_set(err, status, "provider",
                                   "the certificate's key cannot sign");
}

static enum trivet_status
ask(struct trivet_context *context, const struct papers *papers,
    struct trivet_record *record, struct trivet_error *err)
{
    char signature[TRIVET_SIGNATURE_TEXT_LEN];
    struct trivet_wire_answer wire;
    struct trivet_buffer body;
    enum trivet_status status;

    TRIVET_TRY(sign(papers, record, signature, err));
    trivet_tell(context->settings, TRIVET_EVENT_STEP, 0,
        "%s: an API key for the certificate", path);

    body = trivet_psp_request_write(trivet_buffer_slice(&papers->certificate),
        trivet_buffer_slice(&papers->chain),
        trivet_slice_make(signature, sizeof signature));
    status = trivet_session_post(context, record, path, &body, &wire, err);
    trivet_buffer_free(&body);
    if (status != TRIVET_OK) {
        return status;
    }

    status = trivet_credential_answer_read(
        trivet_buffer_slice(&wire.body), &record->api_key, err);
    trivet_wire_answer_release(&wire);

    return status;
}

/* ---- the context ------------------------------------------------------- */

/* Who asks to be a provider is not to be somebody else without a word. */
static enum trivet_status
check_holder(const struct trivet_record *record, struct trivet_error *err)
{
    const char *type = record->holder.type;

    if (type[0] == '\0'
        || strcmp(type, trivet_user_types[TRIVET_USER_PSP]) == 0) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "provider",
        "the context is a %s's, no provider's: begin it anew, or use another",
        type);
}

static enum trivet_status
register_locked(struct trivet_context *context, const struct papers *papers,
    struct trivet_record *record, struct trivet_error *err)
{
    enum trivet_status status = trivet_context_load(context, record, err);

    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        return status;
    }
    if ((context->settings->flags & TRIVET_OPEN_NEW) != 0) {
        trivet_record_reset(record);
        trivet_secret_wipe(&record->api_key);
    }
    if (record->api_key.len > 0) {
        return check_holder(record, err);
    }

    TRIVET_TRY(trivet_session_install(context, record, err));
    TRIVET_TRY(ask(context, papers, record, err));

    return trivet_context_save(context, record, err);
}

static enum trivet_status
register_with(struct trivet_context *context, const struct papers *papers,
    struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (record == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "provider", "out of memory");
    }

    status = trivet_context_lock_for_writing(context, &lock, err);
    if (status == TRIVET_OK) {
        status = register_locked(context, papers, record, err);
        trivet_file_lock_release(&lock);
    }

    trivet_record_free(record);
    return status;
}

enum trivet_status
trivet_context_register_provider(const struct trivet_context_options *options,
    const struct trivet_provider *provider, struct trivet_error *err)
{
    struct papers papers = {.key = NULL};
    struct trivet_context *context = NULL;
    enum trivet_status status = read_papers(provider, &papers, err);

    if (status == TRIVET_OK) {
        status = trivet_context_make(options, &context, err);
    }
    if (status == TRIVET_OK && context->settings->api_key.len > 0) {
        status = trivet_error_set(err, TRIVET_E_USAGE, "provider",
            "a provider gets its API key from the server: none can be given");
    }
    if (status == TRIVET_OK) {
        status = register_with(context, &papers, err);
    }

    trivet_context_close(context);
    put_away(&papers);
    return status;
}
