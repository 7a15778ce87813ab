/* SPDX-License-Identifier: Apache-2.0 */
/* test_switches.c - what the authority does by the profile's switches */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/unit.h"

#include "tests/unit/world.h"

static struct trivet_profile profile;
static struct trivet_request_id_table table;
static struct trivet_request_ids ids;

/* strict with these switches, for the requests that use_profile is called on */
static void
set_switches(const char *first, const char *second)
{
    profile = *trivet_profile_find(trivet_slice_text("strict"));

    assert_int_equal(
        trivet_profile_set(&profile, trivet_slice_text(first), NULL),
        TRIVET_OK);
    if (second != NULL) {
        assert_int_equal(
            trivet_profile_set(&profile, trivet_slice_text(second), NULL),
            TRIVET_OK);
    }
}

static void
use_profile(struct sent *sent)
{
    sent->request.profile = &profile;
}

static void
use_id(struct sent *sent, const char *id)
{
    use_profile(sent);
    sent->request.id = trivet_slice_text(id);
}

static void
remember_ids(void)
{
    assert_int_equal(trivet_request_ids_init(&table), TRIVET_OK);
    trivet_request_ids_use(&table, &ids);
    world.config.request_ids = &ids;
    set_switches("request-id=per-device", NULL);
}

static void
assert_used(const struct sent *sent)
{
    assert_refused(sent, TRIVET_REASON_REQUEST_ID_USED, 400,
        "The X-Bunq-Client-Request-Id was already used.", 0);
}

/* ---- request-id --------------------------------------------------------- */

static void
an_id_is_used_up_by_what_is_admitted(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    remember_ids();
    log_in(&ann);
    log_in(&bob);

    make_protected(&sent, &ann);
    use_id(&sent, "a");
    answer = ask_admitted(&sent);
    assert_true(answer.is_id_counted);
    trivet_answer_release(&answer);
    assert_used(&sent);

    /* an internal redirect judges the same request again */
    sent.request.is_id_counted = true;
    answer = ask_admitted(&sent);
    assert_true(answer.is_id_counted);
    trivet_answer_release(&answer);

    /* others' ids are others', and what has none passes */
    make_protected(&sent, &bob);
    use_id(&sent, "a");
    assert_admitted(&sent);
    make_protected(&sent, &ann);
    use_id(&sent, "");
    assert_admitted(&sent);
    assert_admitted(&sent);

    /* where the switch says so alone */
    make_protected(&sent, &ann);
    use_id(&sent, "a");
    set_profile(&sent, "strict");
    assert_admitted(&sent);
}

/* Of a life of its own, too: longer than the others', and older than them. */
static void
one_session_whatever_its_life_is(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE session SET timeout_s = %d", 3 * TIMEOUT_S);
    for (int i = 0; i < 5; i++) {
        world_pass(1);
        open_session_from(&ann, HOME);
    }

    world_pass(2 * TIMEOUT_S);
    set_switches("sessions=one", NULL);
    make_session(&sent, &ann, HOME);
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_SESSION_ALIVE, 400, NULL, 0);
    world_pass(TIMEOUT_S);
    assert_admitted(&sent);
}

static void
what_is_refused_uses_up_nothing(void **state)
{
    struct sent sent;

    (void) state;

    remember_ids();
    log_in(&ann);

    make_protected(&sent, &ann);
    use_id(&sent, "a");
    set_signature(&sent, "AAAA");
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, NULL, 0);

    make_protected(&sent, &ann);
    use_id(&sent, "a");
    set_address(&sent, ABROAD);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);

    /* refused by the call itself, in a transaction and without */
    make_request(
        &sent, "DELETE", "/v1/session/999", ann.session_token, &ann, "");
    use_id(&sent, "a");
    assert_refused(&sent, TRIVET_REASON_SESSION_NOT_FOUND, 404, NULL, 0);
    make_request(&sent, "GET", "/v1/user/999", ann.session_token, &ann, "");
    use_id(&sent, "a");
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);

    make_protected(&sent, &ann);
    use_id(&sent, "a");
    assert_admitted(&sent);
    assert_used(&sent);
}

static void
a_failing_store_uses_up_nothing(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;
    sqlite_alone();

    remember_ids();
    log_in(&ann);
    (void) operate("CREATE TRIGGER no BEFORE UPDATE ON session"
                   " BEGIN SELECT RAISE(ABORT, 'no'); END");
    make_request(&sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    use_id(&sent, "a");
    answer = ask(&sent);
    assert_denies(&answer);
    trivet_answer_release(&answer);
    (void) operate("DROP TRIGGER no");
    assert_admitted(&sent);
    make_request(
        &sent, "GET", "/v1/device-server", ann.installation_token, &ann, "");
    use_id(&sent, "a");
    assert_admitted(&sent);
    assert_used(&sent);
}

/* Where an id is kept, for somebody who knows how that is worked out. */
static uint64_t
guess_set(int64_t device_id, const char *id)
{
    unsigned char text[64] = "d";
    unsigned char digest[TRIVET_DIGEST_LEN];
    uint64_t number;
    unsigned len;

    memcpy(text + 1, &device_id, sizeof device_id);
    memcpy(text + 1 + sizeof device_id, id, strlen(id));
    assert_int_equal(EVP_Digest(text, 1 + sizeof device_id + strlen(id), digest,
                         &len, EVP_sha256(), NULL),
        1);
    memcpy(&number, digest + sizeof number, sizeof number);
    return number % TRIVET_NUM_REQUEST_ID_SETS;
}

/* Who has another's request, and a session of his own, looks for ids that would
 * take the place of its id. */
static void
nobody_can_push_out_the_id_of_another(void **state)
{
    struct sent sent;
    uint64_t set;
    int num_pushed = 0;
    char id[32];

    (void) state;

    remember_ids();
    log_in(&ann);
    log_in(&bob);

    make_protected(&sent, &ann);
    use_id(&sent, "captured");
    assert_admitted(&sent);
    assert_used(&sent);
    set = guess_set(ann.device_id, "captured");

    for (int i = 0; num_pushed < 2 * TRIVET_REQUEST_ID_SET_SIZE; i++) {
        (void) snprintf(id, sizeof id, "%d", i);
        if (guess_set(bob.device_id, id) == set) {
            make_protected(&sent, &bob);
            use_id(&sent, id);
            assert_admitted(&sent);
            num_pushed++;
        }
    }

    make_protected(&sent, &ann);
    use_id(&sent, "captured");
    assert_used(&sent);
}

static void
without_memory_for_ids_nobody_passes(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    set_switches("request-id=per-device", NULL);
    make_protected(&sent, &ann);
    use_id(&sent, "a");
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
}

/* ---- sessions ----------------------------------------------------------- */

static void
one_session_of_an_installation(void **state)
{
    struct sent sent;

    (void) state;

    set_switches("sessions=one", NULL);
    log_in(&ann);
    make_session(&sent, &ann, HOME);
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_SESSION_ALIVE, 400,
        "Authentication token already has a user session.", 0);

    /* to the last microsecond of it */
    world_pass(TIMEOUT_S - 1);
    world.now_us += TRIVET_US_PER_S - 1;
    assert_refused(&sent, TRIVET_REASON_SESSION_ALIVE, 400, NULL, 0);
    world.now_us += 1;
    assert_admitted(&sent);
    assert_refused(&sent, TRIVET_REASON_SESSION_ALIVE, 400, NULL, 0);
    set_profile(&sent, "strict");
    assert_admitted(&sent);
}

/* ---- signing=both ------------------------------------------------------- */

static void
either_digest_will_do(void **state)
{
    struct sent sent;
    struct sent other;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    assert_admitted(&sent);

    make_request(&other, "POST", "/v1/payment", ann.session_token, &ann, "{}");
    memcpy(sent.request.full_digest, sent.request.body_digest,
        sizeof sent.request.full_digest);
    memcpy(sent.request.body_digest, other.request.body_digest,
        sizeof sent.request.body_digest);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, NULL, 0);
    sent.request.has_full_digest = true;
    assert_admitted(&sent);
    sent.request.full_digest[0] ^= 1;
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, NULL, 0);
}

/* ---- ipv6, wildcard ----------------------------------------------------- */

static void
ipv6_callers_are_never_permitted(void **state)
{
    struct sent sent;

    (void) state;

    set_switches("ipv6=off", NULL);
    get_api_key(&ann);
    install_from(&ann, "2001:db8::1");
    register_from(&ann, "[\"*\"]", "2001:db8::1");
    open_session_from(&ann, "2001:db8::1");

    make_protected(&sent, &ann);
    set_address(&sent, "2001:db8::1");
    assert_admitted(&sent);
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);
    set_address(&sent, "::ffff:192.0.2.1");
    assert_admitted(&sent);

    make_session(&sent, &ann, "2001:db8::1");
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_IP, 400, NULL, 0);
    make_device(&sent, &ann, NULL, "2001:db8::1");
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_INSTALLATION_IP, 400, NULL, 0);
}

static void
wildcard_off_binds_to_the_caller(void **state)
{
    struct sent sent;

    (void) state;

    set_switches("wildcard=off", "ipv6=off");
    get_api_key(&ann);
    install_from(&ann, HOME);
    make_device(&sent, &ann, "[\"" THIRD "\",\"*\"]", HOME);
    use_profile(&sent);
    assert_admitted(&sent);
    open_session_from(&ann, HOME);
    assert_works_from(&ann, HOME);

    make_protected(&sent, &ann);
    set_address(&sent, THIRD);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);

    make_device(&sent, &ann, "[\"" HOME "\",\"2001:db8::1\"]", HOME);
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_PERMITTED_IP_IPV6, 400, NULL, 0);
}

/* A key in use: a later "*" is accepted, and leaves it as it is. */
static void
a_later_wildcard_changes_nothing(void **state)
{
    static const char *const values[] = {"wildcard=off", "wildcard=first"};
    struct sent sent;

    (void) state;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        set_switches(values[i], NULL);
        get_api_key(&ann);
        install_from(&ann, HOME);
        register_from(&ann, NULL, HOME);
        open_session_from(&ann, HOME);

        make_device(&sent, &ann, "[\"*\"]", HOME);
        use_profile(&sent);
        assert_admitted(&sent);
        make_device(&sent, &ann, "[\"" HOME "\",\"*\"]", HOME);
        use_profile(&sent);
        assert_admitted(&sent);
        assert_int_equal(operate("SELECT SUM(allow_all_ips) FROM api_key"), 0);
        make_protected(&sent, &ann);
        set_address(&sent, THIRD);
        assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);

        make_device(&sent, &ann, "[\"" THIRD "\",\"*\"]", HOME);
        use_profile(&sent);
        assert_refused(&sent, TRIVET_REASON_PERMITTED_IPS_FIXED, 400, NULL, 0);
        make_device(&sent, &ann, "[\"*\"]", THIRD);
        use_profile(&sent);
        assert_refused(&sent, TRIVET_REASON_INSTALLATION_IP, 400, NULL, 0);
    }
}

static void
wildcard_first_frees_at_the_first_device(void **state)
{
    struct sent sent;

    (void) state;

    set_switches("wildcard=first", NULL);
    get_api_key(&ann);
    install_from(&ann, HOME);
    make_device(&sent, &ann, "[\"" HOME "\",\"*\"]", HOME);
    use_profile(&sent);
    assert_admitted(&sent);
    open_session_from(&ann, THIRD);
    assert_works_from(&ann, ABROAD);
}

/* ---- answers ------------------------------------------------------------ */

static void
errors_go_unsigned(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    set_switches("sign-errors=off", "dead-session=403");
    make_request(&sent, "GET", "/v1/user/999", ann.session_token, &ann, "");
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, 0);
    use_profile(&sent);
    assert_refused(&sent, TRIVET_REASON_USER_NOT_FOUND, 404, NULL, NOT_SIGNED);

    world_pass(TIMEOUT_S);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 403, NULL, NOT_SIGNED);
    set_profile(&sent, "strict");
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, NULL, 0);
}

static void
plain_slashes_are_what_is_signed(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    set_switches("slashes=plain", NULL);
    make_request(&sent, "GET", "/v1/installation/_/server-public-key",
        ann.session_token, &ann, "");

    answer = ask_admitted(&sent);
    assert_non_null(strstr(answer.body.data, "\\/"));
    trivet_answer_release(&answer);

    use_profile(&sent);
    answer = ask_admitted(&sent);
    assert_null(strstr(answer.body.data, "\\/"));
    assert_true(is_signed_with(&sent, &answer, ann.server_pem));
    trivet_answer_release(&answer);
}

/* ---- extend-cap --------------------------------------------------------- */

static void
a_capped_extension_lasts_for_the_cap(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    set_switches("extend-window=30", "extend-cap=300");
    make_protected(&sent, &ann);
    use_profile(&sent);

    world_pass(TIMEOUT_S - 31);
    assert_admitted(&sent);
    assert_true(operate("SELECT anchored_us FROM session") == START_US);
    world_pass(1);
    assert_admitted(&sent);
    world_pass(299);
    assert_admitted(&sent); /* and extended again */
    world_pass(299);
    set_profile(&sent, "strict"); /* in its window: by the whole time */
    assert_admitted(&sent);
    use_profile(&sent);
    world_pass(TIMEOUT_S - 20);
    assert_admitted(&sent);
    world_pass(300);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, NULL, 0);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE event = 'session-extended'"),
        4);
    assert_true(operate("SELECT MAX(at_us) FROM audit"
                        " WHERE event = 'session-extended'")
                == world.now_us - 300 * TRIVET_US_PER_S);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_id_is_used_up_by_what_is_admitted),
        WORLD_TEST(what_is_refused_uses_up_nothing),
        WORLD_TEST(a_failing_store_uses_up_nothing),
        WORLD_TEST(nobody_can_push_out_the_id_of_another),
        WORLD_TEST(without_memory_for_ids_nobody_passes),
        WORLD_TEST(one_session_of_an_installation),
        WORLD_TEST(one_session_whatever_its_life_is),
        WORLD_TEST(either_digest_will_do),
        WORLD_TEST(ipv6_callers_are_never_permitted),
        WORLD_TEST(wildcard_off_binds_to_the_caller),
        WORLD_TEST(a_later_wildcard_changes_nothing),
        WORLD_TEST(wildcard_first_frees_at_the_first_device),
        WORLD_TEST(errors_go_unsigned),
        WORLD_TEST(plain_slashes_are_what_is_signed),
        WORLD_TEST(a_capped_extension_lasts_for_the_cap),
    };

    return cmocka_run_group_tests_name(
        "switches", tests, world_begin, world_end);
}
