/* SPDX-License-Identifier: Apache-2.0 */
/* decrypting.c - the body of an admitted request, when it is encrypted */
#include "authority/decrypting.h"

/* Of the server key that answers; made at its first use. */
static enum trivet_status
get_decrypter(struct trivet_case *c, struct trivet_decrypter **out)
{
    struct trivet_authority *authority = c->authority;
    size_t place = (size_t) c->answer->server_key;

    if (authority->decrypters[place] == NULL) {
        TRIVET_TRY(
            trivet_decrypter_new(authority->config->server_keys[place].key,
                &authority->decrypters[place], c->err));
    }

    *out = authority->decrypters[place];
    return TRIVET_OK;
}

enum trivet_status
trivet_case_decrypt(struct trivet_case *c)
{
    const struct trivet_encrypted_body *body = &c->request->encrypted;
    bool has_token = c->request->rule.token != TRIVET_NEEDS_NO_TOKEN;
    bool is_session = c->answer->identity.session_id != 0;
    enum trivet_reason reason =
        trivet_encryption_decide(body->rule, has_token, body->num_fields > 0);
    struct trivet_decrypter *decrypter;
    enum trivet_status status;

    if (reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, reason, NULL);
    }
    if (body->num_fields == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(get_decrypter(c, &decrypter));
    status = body->decrypt(body->data, decrypter);
    if (status == TRIVET_E_MALFORMED) {
        return trivet_case_refuse(c, TRIVET_REASON_ENCRYPTION_WRONG, NULL);
    }
    if (status != TRIVET_OK) {
        return trivet_error_set(c->err, status, "authority.decrypt",
            "the server key cannot decrypt, or the body cannot be read");
    }

    c->answer->client_key = is_session ? c->session.key : c->installation.key;
    return TRIVET_OK;
}
