/* SPDX-License-Identifier: Apache-2.0 */
/* case.c - one request on its way through the authority */
#include "authority/case.h"

#include <stdio.h>

/* ---- answering ----------------------------------------------------------- */

enum trivet_status
trivet_case_refuse(
    struct trivet_case *c, enum trivet_reason reason, const char *subject)
{
    trivet_answer_refuse(c->answer, c->request, reason, subject);

    return TRIVET_OK;
}

enum trivet_status
trivet_case_answer(struct trivet_case *c, struct trivet_buffer body)
{
    if (body.data == NULL) {
        return trivet_error_set(
            c->err, TRIVET_E_MEMORY, "authority.answer", "out of memory");
    }

    c->answer->status = 200;
    c->answer->body = body;
    return TRIVET_OK;
}

enum trivet_status
trivet_case_refuse_id(
    struct trivet_case *c, enum trivet_reason reason, long long id)
{
    char subject[24];

    (void) snprintf(subject, sizeof subject, "%lld", id);

    return trivet_case_refuse(c, reason, subject);
}

bool
trivet_case_is_own(const struct trivet_case *c)
{
    return c->request->path_ids[0] == c->session.user_id;
}

enum trivet_status
trivet_case_refuse_user(struct trivet_case *c)
{
    return trivet_case_refuse_id(
        c, TRIVET_REASON_USER_NOT_FOUND, c->request->path_ids[0]);
}

/* ---- what handlers ask ----------------------------------------------------
 */

bool
trivet_case_takes_address(
    const struct trivet_case *c, const struct trivet_address *address)
{
    return c->request->profile->ipv6 == TRIVET_IPV6_ON
           || trivet_address_is_ipv4(address);
}

enum trivet_status
trivet_case_digest(struct trivet_case *c, struct trivet_slice token,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    return trivet_digest_bytes(c->authority->digest, token, out);
}

enum trivet_status
trivet_case_digest_signed(struct trivet_case *c, struct trivet_slice key_text,
    struct trivet_slice token, unsigned char out[TRIVET_DIGEST_LEN])
{
    struct trivet_digest *digest = c->authority->digest;

    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_trim(key_text));
    trivet_digest_add(digest, trivet_slice_text("\n"));
    trivet_digest_add(digest, token);

    return trivet_digest_finish(digest, out);
}

int64_t
trivet_case_ticks_ns(const struct trivet_case *c)
{
    const struct trivet_authority_config *config = c->authority->config;

    return config->ticks_ns == NULL ? 0 : config->ticks_ns();
}

const struct trivet_memos *
trivet_case_memos(const struct trivet_case *c)
{
    static const struct trivet_memos none;
    const struct trivet_memos *memos = c->authority->config->memos;

    return memos == NULL ? &none : memos;
}
