/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_admission.c - every combination of what trivet_decide can see
 *
 * The protocol is written down twice here, each time as sentences that do not
 * know of each other: who may enter (permits), and what is wrong with a
 * request (grounds). The code must agree with both, for each combination of
 * rule, facts, profile and moment, also for values that no enumerator has.
 */
#include "tests/unit/unit.h"

#include "base/timestamp.h"
#include "core/decide.h"

#define S             TRIVET_US_PER_S
#define OPENED        (INT64_C(1535550497580620))
#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#define NO_ENUMERATOR 7 /* a value that no enumerator has */

enum { WEEK_S = 604800 };

struct combination {
    struct trivet_rule rule;
    struct trivet_facts facts;
    struct trivet_profile profile;
    int64_t now_us;
};

typedef bool (*predicate)(const struct combination *c);

/* ---- words of the sentences --------------------------------------------- */

static bool
shows_session(const struct combination *c)
{
    return c->facts.token == TRIVET_TOKEN_SESSION;
}

static bool
shows_installation(const struct combination *c)
{
    return c->facts.token == TRIVET_TOKEN_INSTALLATION;
}

static bool
wants_token(const struct combination *c)
{
    return c->rule.token != TRIVET_NEEDS_NO_TOKEN;
}

/* A session's token, where one is asked for: only then the session counts. */
static bool
comes_by_session(const struct combination *c)
{
    return shows_session(c)
           && (c->rule.token == TRIVET_NEEDS_SESSION
               || c->rule.token == TRIVET_NEEDS_EITHER);
}

static int64_t
end_us(const struct combination *c)
{
    return c->facts.expiry.anchored_us + c->facts.expiry.timeout_s * S;
}

/* A signature is not judged on anonymous calls, and on ordinary ones where the
 * profile says so by name. */
static bool
wants_signature(const struct combination *c)
{
    switch (c->rule.signature) {
    case TRIVET_SIGNED_NEVER:
        return false;
    case TRIVET_SIGNED_BY_PROFILE:
        return c->profile.signatures != TRIVET_SIGNATURES_REQUIRED;
    case TRIVET_SIGNED_ALWAYS:
        break;
    }

    return true;
}

/* ---- who may enter ------------------------------------------------------ */

static bool
anybody_where_no_token_is_asked_for(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_NO_TOKEN;
}

static bool
an_installation_on_its_own_calls(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_INSTALLATION && shows_installation(c)
           && !c->facts.is_server_key_retired;
}

static bool
an_installation_from_home_where_either_will_do(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_EITHER && shows_installation(c)
           && !c->facts.is_server_key_retired
           && c->facts.is_installation_ip_permitted;
}

static bool
a_live_session_from_a_permitted_address(const struct combination *c)
{
    return comes_by_session(c) && !c->facts.is_server_key_retired
           && !c->facts.is_session_ended && !c->facts.is_key_revoked
           && c->facts.is_address_permitted && c->now_us < end_us(c);
}

static const predicate permits[] = {
    anybody_where_no_token_is_asked_for,
    an_installation_on_its_own_calls,
    an_installation_from_home_where_either_will_do,
    a_live_session_from_a_permitted_address,
};

static bool
may_enter(const struct combination *c)
{
    bool has_permit = false;

    for (size_t i = 0; i < LENGTH(permits); i++) {
        has_permit = has_permit || permits[i](c);
    }

    return has_permit
           && (!wants_signature(c)
               || c->facts.signature == TRIVET_SIGNATURE_RIGHT);
}

/* ---- what is wrong ------------------------------------------------------ */

static bool
nothing_shown(const struct combination *c)
{
    return wants_token(c) && c->facts.token == TRIVET_TOKEN_ABSENT;
}

static bool
two_tokens(const struct combination *c)
{
    return wants_token(c) && c->facts.token == TRIVET_TOKEN_DUPLICATE;
}

static bool
nobody_s_token(const struct combination *c)
{
    return wants_token(c)
           && (c->facts.token == TRIVET_TOKEN_UNKNOWN
               || c->facts.token == NO_ENUMERATOR);
}

static bool
old_server_key(const struct combination *c)
{
    return wants_token(c) && (shows_session(c) || shows_installation(c))
           && c->facts.is_server_key_retired;
}

static bool
session_wanted(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_SESSION && shows_installation(c);
}

static bool
installation_wanted(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_INSTALLATION && shows_session(c);
}

static bool
session_ended(const struct combination *c)
{
    return comes_by_session(c) && c->facts.is_session_ended;
}

static bool
key_revoked(const struct combination *c)
{
    return comes_by_session(c) && c->facts.is_key_revoked;
}

static bool
session_too_old(const struct combination *c)
{
    return comes_by_session(c) && c->now_us >= end_us(c);
}

static bool
session_elsewhere(const struct combination *c)
{
    return comes_by_session(c) && !c->facts.is_address_permitted;
}

static bool
installation_elsewhere(const struct combination *c)
{
    return c->rule.token == TRIVET_NEEDS_EITHER && shows_installation(c)
           && !c->facts.is_installation_ip_permitted;
}

static bool
unsigned_request(const struct combination *c)
{
    return wants_signature(c) && c->facts.signature == TRIVET_SIGNATURE_ABSENT;
}

static bool
no_signature_at_all(const struct combination *c)
{
    return wants_signature(c)
           && c->facts.signature == TRIVET_SIGNATURE_MALFORMED;
}

static bool
signature_of_other_bytes(const struct combination *c)
{
    return wants_signature(c)
           && (c->facts.signature == TRIVET_SIGNATURE_WRONG
               || c->facts.signature == NO_ENUMERATOR);
}

/* In the order in which the caller is told: the token, then the session's
 * life, then the address, then the signature. */
static const struct {
    enum trivet_reason reason;
    predicate holds;
} grounds[] = {
    {TRIVET_REASON_TOKEN_MISSING, nothing_shown},
    {TRIVET_REASON_TOKEN_DUPLICATE, two_tokens},
    {TRIVET_REASON_TOKEN_UNKNOWN, nobody_s_token},
    {TRIVET_REASON_SERVER_KEY_RETIRED, old_server_key},
    {TRIVET_REASON_TOKEN_WRONG_KIND, session_wanted},
    {TRIVET_REASON_SESSION_ALREADY, installation_wanted},
    {TRIVET_REASON_SESSION_ENDED, session_ended},
    {TRIVET_REASON_SESSION_KEY_REVOKED, key_revoked},
    {TRIVET_REASON_SESSION_EXPIRED, session_too_old},
    {TRIVET_REASON_SESSION_IP, session_elsewhere},
    {TRIVET_REASON_INSTALLATION_TOKEN_IP, installation_elsewhere},
    {TRIVET_REASON_SIGNATURE_MISSING, unsigned_request},
    {TRIVET_REASON_SIGNATURE_MALFORMED, no_signature_at_all},
    {TRIVET_REASON_SIGNATURE_WRONG, signature_of_other_bytes},
};

static enum trivet_reason
first_ground(const struct combination *c)
{
    for (size_t i = 0; i < LENGTH(grounds); i++) {
        if (grounds[i].holds(c)) {
            return grounds[i].reason;
        }
    }

    return TRIVET_REASON_NONE;
}

/* Whether the facts can be: nothing is known of a token that is not there.
 * Where they cannot, the request is judged, but any reason will do. */
static bool
can_be(const struct combination *c)
{
    bool is_known = shows_session(c) || shows_installation(c);

    return c->rule.token != NO_ENUMERATOR
           && (is_known || !c->facts.is_server_key_retired);
}

/* ---- how long the session lives afterwards ------------------------------ */

/* When the session ends once this request was admitted: later than it did by
 * a step worth writing (a 60th of what is given, a minute at most), or not at
 * all. */
static int64_t
next_end_us(const struct combination *c)
{
    int64_t given_us = c->facts.expiry.timeout_s * S;
    int64_t cap_us = c->profile.extend_cap_s * S;
    int64_t least_us;
    bool is_near = end_us(c) - c->now_us <= c->profile.extend_window_s * S;

    if (cap_us != 0 && cap_us < given_us) {
        given_us = cap_us;
    }

    least_us = given_us / 60;
    if (least_us > 60 * S) {
        least_us = 60 * S;
    }
    if (!is_near || c->now_us + given_us - end_us(c) <= least_us) {
        return end_us(c);
    }

    return c->now_us + given_us;
}

/* ---- all of them -------------------------------------------------------- */

static const enum trivet_token_rule token_rules[] = {TRIVET_NEEDS_SESSION,
    TRIVET_NEEDS_INSTALLATION, TRIVET_NEEDS_EITHER, TRIVET_NEEDS_NO_TOKEN,
    (enum trivet_token_rule) NO_ENUMERATOR};
static const enum trivet_signature_rule signature_rules[] = {
    TRIVET_SIGNED_ALWAYS, TRIVET_SIGNED_BY_PROFILE, TRIVET_SIGNED_NEVER,
    (enum trivet_signature_rule) NO_ENUMERATOR};
static const enum trivet_token_fact tokens[] = {TRIVET_TOKEN_ABSENT,
    TRIVET_TOKEN_DUPLICATE, TRIVET_TOKEN_UNKNOWN, TRIVET_TOKEN_INSTALLATION,
    TRIVET_TOKEN_SESSION, (enum trivet_token_fact) NO_ENUMERATOR};
static const enum trivet_signature_fact signatures[] = {TRIVET_SIGNATURE_ABSENT,
    TRIVET_SIGNATURE_MALFORMED, TRIVET_SIGNATURE_WRONG, TRIVET_SIGNATURE_RIGHT,
    (enum trivet_signature_fact) NO_ENUMERATOR};

/* What is left of the session's life. */
static const int64_t lefts_us[] = {WEEK_S * S, 1800 * S + 1, 1800 * S, 300 * S,
    30 * S + 1, 30 * S, 1, 0, -1, -WEEK_S *S};
static const int64_t timeouts_s[] = {0, 30, 300, 3600, WEEK_S};

static const int profile_signatures[] = {
    TRIVET_SIGNATURES_ALL, TRIVET_SIGNATURES_REQUIRED, NO_ENUMERATOR};
static const struct {
    int window_s;
    int cap_s;
} extensions[] = {{0, 0}, {1800, 0}, {30, 300}};

static size_t
pick(size_t *rest, size_t length)
{
    size_t picked = *rest % length;

    *rest /= length;

    return picked;
}

/* Combination n; false when n is past the last one. */
static bool
combine(size_t n, struct combination *c)
{
    size_t rest = n;
    size_t extension;

    *c = (struct combination){.profile = {.name = "any"}};
    c->rule.token = token_rules[pick(&rest, LENGTH(token_rules))];
    c->rule.signature = signature_rules[pick(&rest, LENGTH(signature_rules))];
    c->facts.token = tokens[pick(&rest, LENGTH(tokens))];
    c->facts.signature = signatures[pick(&rest, LENGTH(signatures))];
    c->facts.is_server_key_retired = pick(&rest, 2) == 1;
    c->facts.is_session_ended = pick(&rest, 2) == 1;
    c->facts.is_key_revoked = pick(&rest, 2) == 1;
    c->facts.is_address_permitted = pick(&rest, 2) == 1;
    c->facts.is_installation_ip_permitted = pick(&rest, 2) == 1;
    c->facts.expiry.timeout_s = timeouts_s[pick(&rest, LENGTH(timeouts_s))];
    c->facts.expiry.anchored_us = OPENED;
    c->now_us = end_us(c) - lefts_us[pick(&rest, LENGTH(lefts_us))];
    c->profile.signatures =
        profile_signatures[pick(&rest, LENGTH(profile_signatures))];
    extension = pick(&rest, LENGTH(extensions));
    c->profile.extend_window_s = extensions[extension].window_s;
    c->profile.extend_cap_s = extensions[extension].cap_s;

    return rest == 0;
}

static void
check(size_t n, const struct combination *c)
{
    const struct trivet_verdict verdict =
        trivet_decide(&c->rule, &c->facts, &c->profile, c->now_us);
    bool is_allowed = verdict.admission == TRIVET_ALLOW;
    bool moves =
        may_enter(c) && comes_by_session(c) && next_end_us(c) != end_us(c);

    if (is_allowed != may_enter(c)) {
        fail_msg("combination %zu: admission", n);
    }
    if (is_allowed != (verdict.reason == TRIVET_REASON_NONE)) {
        fail_msg("combination %zu: admission and reason contradict", n);
    }
    if (can_be(c) && verdict.reason != first_ground(c)) {
        fail_msg("combination %zu: reason %d, not %d", n, (int) verdict.reason,
            (int) first_ground(c));
    }
    if (verdict.extends_session != moves) {
        fail_msg("combination %zu: extension", n);
    }
    if (moves
        && verdict.anchored_us + c->facts.expiry.timeout_s * S
               != next_end_us(c))
    {
        fail_msg("combination %zu: end of the extension", n);
    }
    if (trivet_decide_needs_signature(&c->rule, &c->profile)
        != wants_signature(c)) {
        fail_msg("combination %zu: need of a signature", n);
    }
}

static void
every_combination_is_judged_as_the_protocol_says(void **state)
{
    struct combination c;
    size_t num_of_reason[TRIVET_REASON_SIGNATURE_WRONG + 1] = {0};
    size_t num_moved = 0;
    size_t n = 0;

    (void) state;

    for (; combine(n, &c); n++) {
        check(n, &c);
        num_of_reason[first_ground(&c)]++;
        num_moved += may_enter(&c) && next_end_us(&c) != end_us(&c);
    }

    /* the test itself: each sentence held somewhere */
    assert_true(n > 1000000);
    assert_true(num_moved > 0);
    assert_true(num_of_reason[TRIVET_REASON_NONE] > 0);
    for (size_t i = 0; i < LENGTH(grounds); i++) {
        assert_true(num_of_reason[grounds[i].reason] > 0);
    }
}

/* ---- API keys: device-server and session-server ------------------------- */

struct credential {
    struct trivet_api_key_facts facts;
    int64_t now_us;
};

/* A key that no device uses has its hour; one that a device uses has its
 * permitted addresses. */
static bool
is_usable(const struct credential *c)
{
    if (!c->facts.is_known || c->facts.is_revoked) {
        return false;
    }
    if (c->facts.is_bound) {
        return c->facts.is_address_permitted;
    }

    return c->now_us < c->facts.expires_at_us;
}

static bool
may_register(const struct credential *c)
{
    return is_usable(c) && c->facts.is_installation_ip_permitted;
}

/* A key can be registered only once it is bound: facts that say otherwise
 * contradict each other and open nothing. */
static bool
may_open(const struct credential *c)
{
    return is_usable(c) && c->facts.is_bound && c->facts.is_registered;
}

/* Whether reason tells the truth about a refused key. */
static bool
is_true(enum trivet_reason reason, const struct credential *c)
{
    switch ((int) reason) {
    case TRIVET_REASON_INSTALLATION_IP:
        return !c->facts.is_installation_ip_permitted;
    case TRIVET_REASON_KEY_UNKNOWN:
        return !c->facts.is_known;
    case TRIVET_REASON_KEY_REVOKED:
        return c->facts.is_known && c->facts.is_revoked;
    case TRIVET_REASON_KEY_EXPIRED:
        return c->facts.is_known && !c->facts.is_bound
               && c->now_us >= c->facts.expires_at_us;
    case TRIVET_REASON_CREDENTIAL_IP:
        return c->facts.is_known && c->facts.is_bound
               && !c->facts.is_address_permitted;
    case TRIVET_REASON_KEY_NOT_REGISTERED:
        return is_usable(c) && !(c->facts.is_registered && c->facts.is_bound);
    default:
        return false;
    }
}

static void
every_combination_of_a_key_is_judged_as_the_protocol_says(void **state)
{
    static const int64_t lefts[] = {3600 * S, 1, 0, -1, INT64_MIN / 2};

    (void) state;

    for (size_t n = 0; n < LENGTH(lefts) << 6; n++) {
        struct credential c = {
            .facts = {.is_known = (n & 1) != 0,
                .is_revoked = (n & 2) != 0,
                .is_bound = (n & 4) != 0,
                .is_address_permitted = (n & 8) != 0,
                .is_installation_ip_permitted = (n & 16) != 0,
                .is_registered = (n & 32) != 0,
                .expires_at_us = OPENED + lefts[n >> 6]},
            .now_us = OPENED};
        enum trivet_reason device = trivet_decide_device(&c.facts, c.now_us);
        enum trivet_reason session = trivet_decide_session(&c.facts, c.now_us);

        assert_int_equal(device == TRIVET_REASON_NONE, may_register(&c));
        assert_int_equal(session == TRIVET_REASON_NONE, may_open(&c));
        assert_true(device == TRIVET_REASON_NONE || is_true(device, &c));
        assert_true(session == TRIVET_REASON_NONE || is_true(session, &c));
        /* a stranger learns nothing of a key from where he may not be */
        assert_true(c.facts.is_installation_ip_permitted
                    || device == TRIVET_REASON_INSTALLATION_IP);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_is_judged_as_the_protocol_says),
        cmocka_unit_test(
            every_combination_of_a_key_is_judged_as_the_protocol_says),
    };

    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
