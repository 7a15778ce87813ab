/* SPDX-License-Identifier: Apache-2.0 */
/* test_decide.c - tables of facts and what becomes of them */
#include "tests/unit/unit.h"

#include "base/timestamp.h"
#include "core/decide.h"

#define S  TRIVET_US_PER_S
#define T0 (INT64_C(1535550497580620)) /* when the session was opened */

enum { WEEK_S = 604800 };

static const struct trivet_profile strict = {.name = "strict",
    .signatures = TRIVET_SIGNATURES_ALL,
    .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_IGNORED,
    .extend_window_s = 1800};
static const struct trivet_profile current = {.name = "current",
    .signatures = TRIVET_SIGNATURES_REQUIRED,
    .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_REFUSED,
    .extend_window_s = 1800};

/* The calls of the protocol. */
static const struct trivet_rule installation = {
    TRIVET_NEEDS_NO_TOKEN, TRIVET_SIGNED_NEVER};
static const struct trivet_rule device_server = {
    TRIVET_NEEDS_INSTALLATION, TRIVET_SIGNED_BY_PROFILE};
static const struct trivet_rule session_server = {
    TRIVET_NEEDS_INSTALLATION, TRIVET_SIGNED_ALWAYS};
static const struct trivet_rule ordinary = {
    TRIVET_NEEDS_SESSION, TRIVET_SIGNED_BY_PROFILE};
static const struct trivet_rule payment = {
    TRIVET_NEEDS_SESSION, TRIVET_SIGNED_ALWAYS};

/* A session that may do all, and a request that is signed. */
#define GOOD_SESSION                                                           \
    .token = TRIVET_TOKEN_SESSION, .signature = TRIVET_SIGNATURE_RIGHT,        \
    .expiry = {T0, WEEK_S}, .is_address_permitted = true

#define GOOD_INSTALLATION                                                      \
    .token = TRIVET_TOKEN_INSTALLATION, .signature = TRIVET_SIGNATURE_RIGHT

struct row {
    const struct trivet_rule *rule;
    struct trivet_facts facts;
    const struct trivet_profile *profile;
    int64_t now_us;
    enum trivet_reason reason;
    bool extends_session;
};

/* A later designator overrides an earlier one: that is how rows differ. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

/* clang-format off */
static const struct row rows[] = {
    /* ---- refused: the token ---- */
    {&installation, {.is_token_superfluous = true},
     &current, T0, TRIVET_REASON_TOKEN_SUPERFLUOUS, false},
    {&installation, {.is_token_superfluous = true},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&installation, {.is_token_superfluous = false},
     &current, T0, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION, .token = TRIVET_TOKEN_ABSENT},
     &strict, T0, TRIVET_REASON_TOKEN_MISSING, false},
    {&ordinary, {GOOD_SESSION, .token = TRIVET_TOKEN_DUPLICATE},
     &strict, T0, TRIVET_REASON_TOKEN_DUPLICATE, false},
    {&ordinary, {GOOD_SESSION, .token = TRIVET_TOKEN_UNKNOWN},
     &strict, T0, TRIVET_REASON_TOKEN_UNKNOWN, false},
    {&ordinary, {GOOD_SESSION, .token = TRIVET_TOKEN_INSTALLATION},
     &strict, T0, TRIVET_REASON_TOKEN_WRONG_KIND, false},
    {&ordinary, {GOOD_SESSION, .token = (enum trivet_token_fact) 99},
     &strict, T0, TRIVET_REASON_TOKEN_UNKNOWN, false},
    {&ordinary, {GOOD_SESSION, .token = TRIVET_TOKEN_ABSENT},
     &current, T0, TRIVET_REASON_TOKEN_MISSING, false},
    {&session_server, {GOOD_INSTALLATION, .token = TRIVET_TOKEN_ABSENT},
     &strict, T0, TRIVET_REASON_TOKEN_MISSING, false},
    {&session_server, {GOOD_INSTALLATION, .token = TRIVET_TOKEN_DUPLICATE},
     &strict, T0, TRIVET_REASON_TOKEN_DUPLICATE, false},
    {&session_server, {GOOD_INSTALLATION, .token = TRIVET_TOKEN_UNKNOWN},
     &strict, T0, TRIVET_REASON_TOKEN_UNKNOWN, false},
    {&session_server, {GOOD_SESSION},
     &strict, T0, TRIVET_REASON_SESSION_ALREADY, false},
    {&session_server, {GOOD_SESSION, .is_session_ended = true},
     &strict, T0, TRIVET_REASON_SESSION_ALREADY, false},
    {&device_server, {GOOD_SESSION},
     &current, T0, TRIVET_REASON_SESSION_ALREADY, false},

    /* ---- refused: the server key of the installation ---- */
    {&ordinary, {GOOD_SESSION, .is_server_key_retired = true},
     &strict, T0, TRIVET_REASON_SERVER_KEY_RETIRED, false},
    {&ordinary, {GOOD_SESSION, .is_server_key_retired = true,
                 .is_session_ended = true},
     &current, T0 + WEEK_S * S, TRIVET_REASON_SERVER_KEY_RETIRED, false},
    {&payment, {GOOD_SESSION, .is_server_key_retired = true,
                .signature = TRIVET_SIGNATURE_ABSENT},
     &strict, T0, TRIVET_REASON_SERVER_KEY_RETIRED, false},
    {&session_server, {GOOD_INSTALLATION, .is_server_key_retired = true},
     &strict, T0, TRIVET_REASON_SERVER_KEY_RETIRED, false},
    {&device_server, {GOOD_INSTALLATION, .is_server_key_retired = true},
     &current, T0, TRIVET_REASON_SERVER_KEY_RETIRED, false},
    {&installation, {.is_server_key_retired = true},
     &strict, T0, TRIVET_REASON_NONE, false},

    /* ---- refused: the session's life ---- */
    {&ordinary, {GOOD_SESSION, .is_session_ended = true},
     &strict, T0, TRIVET_REASON_SESSION_ENDED, false},
    {&ordinary, {GOOD_SESSION, .is_key_revoked = true},
     &strict, T0, TRIVET_REASON_SESSION_KEY_REVOKED, false},
    {&ordinary, {GOOD_SESSION},
     &strict, T0 + WEEK_S * S, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary, {GOOD_SESSION},
     &strict, T0 + WEEK_S * S + 1, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary, {GOOD_SESSION},
     &strict, INT64_MAX, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary, {GOOD_SESSION, .expiry = {0, 0}},
     &strict, T0, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary, {GOOD_SESSION, .expiry = {T0, 0}},
     &strict, T0, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary, {GOOD_SESSION, .expiry = {T0, -1}},
     &strict, T0, TRIVET_REASON_SESSION_EXPIRED, false},

    /* ---- refused: the address ---- */
    {&ordinary, {GOOD_SESSION, .is_address_permitted = false},
     &strict, T0, TRIVET_REASON_SESSION_IP, false},
    {&ordinary, {GOOD_SESSION, .is_address_permitted = false},
     &current, T0, TRIVET_REASON_SESSION_IP, false},

    /* ---- refused: the signature ---- */
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_ABSENT},
     &strict, T0, TRIVET_REASON_SIGNATURE_MISSING, false},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_MALFORMED},
     &strict, T0, TRIVET_REASON_SIGNATURE_MALFORMED, false},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0, TRIVET_REASON_SIGNATURE_WRONG, false},
    {&ordinary, {GOOD_SESSION, .signature = (enum trivet_signature_fact) 99},
     &strict, T0, TRIVET_REASON_SIGNATURE_WRONG, false},
    {&payment, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_ABSENT},
     &current, T0, TRIVET_REASON_SIGNATURE_MISSING, false},
    {&payment, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_WRONG},
     &current, T0, TRIVET_REASON_SIGNATURE_WRONG, false},
    {&session_server,
     {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_ABSENT},
     &current, T0, TRIVET_REASON_SIGNATURE_MISSING, false},
    {&session_server,
     {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_MALFORMED},
     &current, T0, TRIVET_REASON_SIGNATURE_MALFORMED, false},
    {&session_server,
     {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_WRONG},
     &current, T0, TRIVET_REASON_SIGNATURE_WRONG, false},
    {&device_server,
     {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_ABSENT},
     &strict, T0, TRIVET_REASON_SIGNATURE_MISSING, false},
    {&device_server,
     {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0, TRIVET_REASON_SIGNATURE_WRONG, false},

    /* ---- refused: the first of several reasons ---- */
    {&ordinary, {.token = TRIVET_TOKEN_ABSENT},
     &strict, T0, TRIVET_REASON_TOKEN_MISSING, false},
    {&ordinary,
     {GOOD_SESSION, .is_session_ended = true, .is_key_revoked = true,
      .is_address_permitted = false, .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0 + WEEK_S * S, TRIVET_REASON_SESSION_ENDED, false},
    {&ordinary,
     {GOOD_SESSION, .is_key_revoked = true, .is_address_permitted = false,
      .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0 + WEEK_S * S, TRIVET_REASON_SESSION_KEY_REVOKED, false},
    {&ordinary,
     {GOOD_SESSION, .is_address_permitted = false,
      .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0 + WEEK_S * S, TRIVET_REASON_SESSION_EXPIRED, false},
    {&ordinary,
     {GOOD_SESSION, .is_address_permitted = false,
      .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0, TRIVET_REASON_SESSION_IP, false},

    /* ---- allowed ---- */
    {&installation, {.token = TRIVET_TOKEN_ABSENT},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&installation,
     {.token = TRIVET_TOKEN_UNKNOWN, .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&installation,
     {.token = TRIVET_TOKEN_DUPLICATE, .signature = TRIVET_SIGNATURE_MALFORMED},
     &current, T0, TRIVET_REASON_NONE, false},
    {&device_server, {GOOD_INSTALLATION},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&device_server, {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_ABSENT},
     &current, T0, TRIVET_REASON_NONE, false},
    {&device_server, {GOOD_INSTALLATION, .signature = TRIVET_SIGNATURE_WRONG},
     &current, T0, TRIVET_REASON_NONE, false},
    {&session_server, {GOOD_INSTALLATION},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&session_server, {GOOD_INSTALLATION},
     &current, T0, TRIVET_REASON_NONE, false},
    /* what is said of a session does not touch an installation */
    {&session_server,
     {GOOD_INSTALLATION, .is_session_ended = true, .is_key_revoked = true},
     &strict, INT64_MAX, TRIVET_REASON_NONE, false},
    {&session_server, {GOOD_INSTALLATION, .expiry = {T0, WEEK_S}},
     &strict, T0 + WEEK_S * S - 1, TRIVET_REASON_NONE, false},
    {&installation, {GOOD_SESSION},
     &strict, T0 + WEEK_S * S - 1, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION},
     &strict, T0, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION},
     &current, T0, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_ABSENT},
     &current, T0, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_MALFORMED},
     &current, T0, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_WRONG},
     &current, T0, TRIVET_REASON_NONE, false},
    {&payment, {GOOD_SESSION},
     &current, T0, TRIVET_REASON_NONE, false},

    /* ---- the session's end comes near, and moves ---- */
    {&ordinary, {GOOD_SESSION},
     &strict, T0 + (WEEK_S - 1800) * S - 1, TRIVET_REASON_NONE, false},
    {&ordinary, {GOOD_SESSION},
     &strict, T0 + (WEEK_S - 1800) * S, TRIVET_REASON_NONE, true},
    {&ordinary, {GOOD_SESSION},
     &strict, T0 + WEEK_S * S - 1, TRIVET_REASON_NONE, true},
    {&payment, {GOOD_SESSION},
     &current, T0 + WEEK_S * S - 1, TRIVET_REASON_NONE, true},
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_ABSENT},
     &current, T0 + WEEK_S * S - 1, TRIVET_REASON_NONE, true},
    /* ... but not by a request that is refused */
    {&ordinary, {GOOD_SESSION, .signature = TRIVET_SIGNATURE_WRONG},
     &strict, T0 + WEEK_S * S - 1, TRIVET_REASON_SIGNATURE_WRONG, false},
    {&ordinary, {GOOD_SESSION, .is_address_permitted = false},
     &strict, T0 + WEEK_S * S - 1, TRIVET_REASON_SESSION_IP, false},
};
/* clang-format on */

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

static void
each_row_of_facts_has_its_verdict(void **state)
{
    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct trivet_verdict verdict =
            trivet_decide(row->rule, &row->facts, row->profile, row->now_us);

        if (verdict.reason != row->reason
            || verdict.extends_session != row->extends_session)
        {
            fail_msg("row %zu: %s", i, trivet_reason_row(verdict.reason)->id);
        }
        assert_int_equal(verdict.admission == TRIVET_ALLOW, row->reason == 0);
    }
}

static void
zeroed_memory_is_never_allowed(void **state)
{
    static const struct trivet_rule rule;
    static const struct trivet_facts facts;
    static const struct trivet_profile profile;
    static const struct trivet_api_key_facts credential;
    static const struct trivet_rule *const all[] = {
        &rule, &device_server, &session_server, &ordinary, &payment};
    static const int64_t moments[] = {0, T0, INT64_MAX};

    (void) state;

    assert_int_equal(((struct trivet_verdict){0}).admission, TRIVET_DENY);
    assert_true(trivet_decide_needs_signature(&rule, &profile));

    for (size_t m = 0; m < sizeof moments / sizeof moments[0]; m++) {
        assert_int_not_equal(
            trivet_decide_device(&credential, moments[m]), TRIVET_REASON_NONE);
        assert_int_not_equal(
            trivet_decide_session(&credential, moments[m]), TRIVET_REASON_NONE);

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            assert_int_equal(
                trivet_decide(all[i], &facts, &profile, moments[m]).admission,
                TRIVET_DENY);
        }

        /* The zeroed rule wants all there is: it refuses each lesser row. */
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct trivet_verdict verdict =
                trivet_decide(&rule, &rows[i].facts, &profile, rows[i].now_us);

            assert_true(
                verdict.admission == TRIVET_DENY
                || (rows[i].facts.token == TRIVET_TOKEN_SESSION
                    && rows[i].facts.signature == TRIVET_SIGNATURE_RIGHT));
        }
    }
}

static void
a_signature_is_asked_for_where_rule_or_profile_say_so(void **state)
{
    static const struct {
        enum trivet_signature_rule rule;
        const struct trivet_profile *profile;
        bool is_needed;
    } table[] = {
        {TRIVET_SIGNED_ALWAYS, &strict, true},
        {TRIVET_SIGNED_ALWAYS, &current, true},
        {TRIVET_SIGNED_BY_PROFILE, &strict, true},
        {TRIVET_SIGNED_BY_PROFILE, &current, false},
        {TRIVET_SIGNED_NEVER, &strict, false},
        {TRIVET_SIGNED_NEVER, &current, false},
    };

    (void) state;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (int token = 0; token <= TRIVET_NEEDS_NO_TOKEN; token++) {
            struct trivet_rule rule = {
                (enum trivet_token_rule) token, table[i].rule};

            assert_int_equal(
                trivet_decide_needs_signature(&rule, table[i].profile),
                table[i].is_needed);
        }
    }
}

enum { NUM_FLIPS = 16 };

/* Makes facts worse in one way; false when they are that bad already. */
static bool
flip(size_t i, struct trivet_facts *facts)
{
    struct trivet_facts old = *facts;
    static const enum trivet_token_fact tokens[] = {TRIVET_TOKEN_ABSENT,
        TRIVET_TOKEN_DUPLICATE, TRIVET_TOKEN_UNKNOWN, TRIVET_TOKEN_INSTALLATION,
        TRIVET_TOKEN_SESSION};
    static const enum trivet_signature_fact signatures[] = {
        TRIVET_SIGNATURE_ABSENT, TRIVET_SIGNATURE_MALFORMED,
        TRIVET_SIGNATURE_WRONG, (enum trivet_signature_fact) 4,
        (enum trivet_signature_fact) - 1};

    if (i < 5) {
        facts->token = tokens[i];
        return facts->token != old.token;
    }
    if (i < 10) {
        facts->signature = signatures[i - 5];
        return facts->signature != old.signature;
    }

    switch (i) {
    case 10:
        facts->is_session_ended = true;
        return !old.is_session_ended;
    case 11:
        facts->is_key_revoked = true;
        return !old.is_key_revoked;
    case 12:
        facts->is_address_permitted = false;
        return old.is_address_permitted;
    case 13:
        facts->expiry.anchored_us = 0;
        return old.expiry.anchored_us != 0;
    case 14:
        facts->expiry.timeout_s = 0;
        return old.expiry.timeout_s != 0;
    default:
        facts->token = (enum trivet_token_fact) 5;
        return true;
    }
}

/* Whether a request may still pass after this flip: only where its rule does
 * not look at that fact. */
static bool
may_pass(const struct row *row, size_t i)
{
    if (i >= 5 && i < 10) {
        return !trivet_decide_needs_signature(row->rule, row->profile);
    }
    if (i >= 10 && i < 15) {
        return row->rule->token != TRIVET_NEEDS_SESSION;
    }

    return row->rule->token == TRIVET_NEEDS_NO_TOKEN;
}

static void
no_single_fact_less_is_allowed(void **state)
{
    size_t num_flips = 0;

    (void) state;

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        if (rows[r].reason != TRIVET_REASON_NONE) {
            continue;
        }

        for (size_t i = 0; i < NUM_FLIPS; i++) {
            struct trivet_facts facts = rows[r].facts;
            struct trivet_verdict verdict;

            if (!flip(i, &facts)) {
                continue;
            }

            verdict = trivet_decide(
                rows[r].rule, &facts, rows[r].profile, rows[r].now_us);
            if ((verdict.admission == TRIVET_ALLOW) != may_pass(&rows[r], i)) {
                fail_msg("row %zu, flip %zu", r, i);
            }
            num_flips++;
        }
    }

    assert_true(num_flips > 200);
}

/* ---- API keys ----------------------------------------------------------- */

struct credential_row {
    struct trivet_api_key_facts facts;
    int64_t now_us;
    enum trivet_reason device;
    enum trivet_reason session;
};

#define NONE TRIVET_REASON_NONE

/* clang-format off */
static const struct credential_row credentials[] = {
    /* known, revoked, bound, expires, address, home, registered */
    {{false, false, false, 0, false, false, false}, T0,
     TRIVET_REASON_INSTALLATION_IP, TRIVET_REASON_KEY_UNKNOWN},
    {{false, true, true, T0 + 1, true, true, true}, T0,
     TRIVET_REASON_KEY_UNKNOWN, TRIVET_REASON_KEY_UNKNOWN},
    {{true, true, true, T0 + 1, true, true, true}, T0,
     TRIVET_REASON_KEY_REVOKED, TRIVET_REASON_KEY_REVOKED},
    {{true, true, false, T0, false, true, false}, T0,
     TRIVET_REASON_KEY_REVOKED, TRIVET_REASON_KEY_REVOKED},

    /* a key that nobody used yet has its hour, to the microsecond */
    {{true, false, false, T0 + 1, false, true, false}, T0,
     NONE, TRIVET_REASON_KEY_NOT_REGISTERED},
    {{true, false, false, T0, false, true, false}, T0,
     TRIVET_REASON_KEY_EXPIRED, TRIVET_REASON_KEY_EXPIRED},
    {{true, false, false, T0 - 1, false, true, false}, T0,
     TRIVET_REASON_KEY_EXPIRED, TRIVET_REASON_KEY_EXPIRED},
    {{true, false, false, 0, true, true, true}, T0,
     TRIVET_REASON_KEY_EXPIRED, TRIVET_REASON_KEY_EXPIRED},

    /* once bound, it has no hour but addresses */
    {{true, false, true, 0, true, true, true}, T0, NONE, NONE},
    {{true, false, true, 0, true, true, true}, INT64_MAX, NONE, NONE},
    {{true, false, true, 0, false, true, true}, T0,
     TRIVET_REASON_CREDENTIAL_IP, TRIVET_REASON_CREDENTIAL_IP},

    /* another installation may register it, but must do so first */
    {{true, false, true, 0, true, true, false}, T0,
     NONE, TRIVET_REASON_KEY_NOT_REGISTERED},

    /* an installation away from home registers nothing; sessions are bound
     * by the key's addresses alone */
    {{true, false, true, 0, true, false, true}, T0,
     TRIVET_REASON_INSTALLATION_IP, NONE},
    {{true, false, false, T0 + 1, true, false, false}, T0,
     TRIVET_REASON_INSTALLATION_IP, TRIVET_REASON_KEY_NOT_REGISTERED},
    {{false, false, false, 0, true, false, true}, T0,
     TRIVET_REASON_INSTALLATION_IP, TRIVET_REASON_KEY_UNKNOWN},
};
/* clang-format on */

static void
each_row_of_a_key_has_its_reason(void **state)
{
    (void) state;

    for (size_t i = 0; i < sizeof credentials / sizeof credentials[0]; i++) {
        const struct credential_row *row = &credentials[i];

        if (trivet_decide_device(&row->facts, row->now_us) != row->device) {
            fail_msg("device-server, row %zu", i);
        }
        if (trivet_decide_session(&row->facts, row->now_us) != row->session) {
            fail_msg("session-server, row %zu", i);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_facts_has_its_verdict),
        cmocka_unit_test(zeroed_memory_is_never_allowed),
        cmocka_unit_test(a_signature_is_asked_for_where_rule_or_profile_say_so),
        cmocka_unit_test(no_single_fact_less_is_allowed),
        cmocka_unit_test(each_row_of_a_key_has_its_reason),
    };

    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
