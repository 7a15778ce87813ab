/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c - may this request pass? */
#include "core/decide.h"

bool
trivet_decide_needs_signature(
    const struct trivet_rule *rule, const struct trivet_profile *profile)
{
    if (rule->signature == TRIVET_SIGNED_NEVER) {
        return false;
    }

    /* Whatever is not one of the two others asks for a signature; so does
     * whatever a profile says but this one word. */
    return rule->signature != TRIVET_SIGNED_BY_PROFILE
           || profile->signatures != TRIVET_SIGNATURES_REQUIRED;
}

static enum trivet_reason
decide_session(const struct trivet_facts *facts, int64_t now_us)
{
    if (facts->is_session_ended) {
        return TRIVET_REASON_SESSION_ENDED;
    }
    if (facts->is_key_revoked) {
        return TRIVET_REASON_SESSION_KEY_REVOKED;
    }
    if (trivet_expiry_is_over(&facts->expiry, now_us)) {
        return TRIVET_REASON_SESSION_EXPIRED;
    }
    if (!facts->is_address_permitted) {
        return TRIVET_REASON_SESSION_IP;
    }

    return TRIVET_REASON_NONE;
}

/* Calls that an installation's token alone is for ask for the address when
 * they have seen the API key in the body. */
static enum trivet_reason
decide_installation(
    const struct trivet_rule *rule, const struct trivet_facts *facts)
{
    if (rule->token == TRIVET_NEEDS_INSTALLATION) {
        return TRIVET_REASON_NONE;
    }
    if (rule->token != TRIVET_NEEDS_EITHER) {
        return TRIVET_REASON_TOKEN_WRONG_KIND;
    }

    return facts->is_installation_ip_permitted
               ? TRIVET_REASON_NONE
               : TRIVET_REASON_INSTALLATION_TOKEN_IP;
}

/* A session's token is what the call asks for, or one of two. */
static bool
takes_session(const struct trivet_rule *rule)
{
    return rule->token == TRIVET_NEEDS_SESSION
           || rule->token == TRIVET_NEEDS_EITHER;
}

/* Of a call that takes no token. */
static enum trivet_reason
decide_superfluous(
    const struct trivet_facts *facts, const struct trivet_profile *profile)
{
    return facts->is_token_superfluous
                   && profile->superfluous_token
                          != TRIVET_SUPERFLUOUS_TOKEN_IGNORED
               ? TRIVET_REASON_TOKEN_SUPERFLUOUS
               : TRIVET_REASON_NONE;
}

/* The token, its life, and the address that it is used from. */
static enum trivet_reason
decide_token(const struct trivet_rule *rule, const struct trivet_facts *facts,
    const struct trivet_profile *profile, int64_t now_us)
{
    if (rule->token == TRIVET_NEEDS_NO_TOKEN) {
        return decide_superfluous(facts, profile);
    }
    if (facts->is_server_key_retired) {
        return TRIVET_REASON_SERVER_KEY_RETIRED;
    }

    switch (facts->token) {
    case TRIVET_TOKEN_INSTALLATION:
        return decide_installation(rule, facts);

    case TRIVET_TOKEN_SESSION:
        return takes_session(rule) ? decide_session(facts, now_us)
                                   : TRIVET_REASON_SESSION_ALREADY;

    case TRIVET_TOKEN_DUPLICATE:
        return TRIVET_REASON_TOKEN_DUPLICATE;

    case TRIVET_TOKEN_ABSENT:
        return TRIVET_REASON_TOKEN_MISSING;

    case TRIVET_TOKEN_UNKNOWN:
        break;
    }

    return TRIVET_REASON_TOKEN_UNKNOWN;
}

static enum trivet_reason
decide_signature(const struct trivet_rule *rule,
    const struct trivet_facts *facts, const struct trivet_profile *profile)
{
    if (!trivet_decide_needs_signature(rule, profile)) {
        return TRIVET_REASON_NONE;
    }

    switch (facts->signature) {
    case TRIVET_SIGNATURE_RIGHT:
        return TRIVET_REASON_NONE;
    case TRIVET_SIGNATURE_ABSENT:
        return TRIVET_REASON_SIGNATURE_MISSING;
    case TRIVET_SIGNATURE_MALFORMED:
        return TRIVET_REASON_SIGNATURE_MALFORMED;
    case TRIVET_SIGNATURE_WRONG:
        break;
    }

    return TRIVET_REASON_SIGNATURE_WRONG;
}

/* The key itself, wherever it is used. */
static enum trivet_reason
decide_key(const struct trivet_api_key_facts *facts, int64_t now_us)
{
    if (!facts->is_known) {
        return TRIVET_REASON_KEY_UNKNOWN;
    }
    if (facts->is_revoked) {
        return TRIVET_REASON_KEY_REVOKED;
    }
    if (!facts->is_bound && now_us >= facts->expires_at_us) {
        return TRIVET_REASON_KEY_EXPIRED;
    }
    if (facts->is_bound && !facts->is_address_permitted) {
        return TRIVET_REASON_CREDENTIAL_IP;
    }

    return TRIVET_REASON_NONE;
}

enum trivet_reason
trivet_decide_device(const struct trivet_api_key_facts *facts, int64_t now_us)
{
    if (!facts->is_installation_ip_permitted) {
        return TRIVET_REASON_INSTALLATION_IP;
    }

    return decide_key(facts, now_us);
}

enum trivet_reason
trivet_decide_session(const struct trivet_api_key_facts *facts, int64_t now_us)
{
    enum trivet_reason reason = decide_key(facts, now_us);

    /* Registered means bound: otherwise nobody asked for the address. */
    if (reason == TRIVET_REASON_NONE
        && (!facts->is_registered || !facts->is_bound)) {
        return TRIVET_REASON_KEY_NOT_REGISTERED;
    }

    return reason;
}

struct trivet_verdict
trivet_decide(const struct trivet_rule *rule, const struct trivet_facts *facts,
    const struct trivet_profile *profile, int64_t now_us)
{
    struct trivet_verdict verdict = {.admission = TRIVET_DENY};
    const struct trivet_extension extension = {
        .window_s = profile->extend_window_s, .cap_s = profile->extend_cap_s};

    verdict.reason = decide_token(rule, facts, profile, now_us);
    if (verdict.reason != TRIVET_REASON_NONE) {
        return verdict;
    }

    verdict.reason = decide_signature(rule, facts, profile);
    if (verdict.reason != TRIVET_REASON_NONE) {
        return verdict;
    }

    verdict.admission = TRIVET_ALLOW;
    verdict.extends_session = takes_session(rule)
                              && facts->token == TRIVET_TOKEN_SESSION
                              && trivet_expiry_is_extended(&facts->expiry,
                                  &extension, now_us, &verdict.anchored_us);

    return verdict;
}
