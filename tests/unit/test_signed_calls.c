/* SPDX-License-Identifier: Apache-2.0 */
/* test_signed_calls.c - which calls need a signature, profile by profile */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."
#define SIGNATURE "The request signature is invalid."

static int64_t
count(const char *table)
{
    return operate("SELECT COUNT(*) FROM %s", table);
}

/* ---- signatures, profile by profile ------------------------------------- */

enum signing {
    RIGHT,
    ABSENT,
    EMPTY,
    OF_ANOTHER,
    OF_NOTHING,
    NO_BASE64,
    TWICE,
    OF_TOO_MANY
};

static void
sign_in_a_way(struct sent *sent, enum signing signing)
{
    sign_as(sent, signing == OF_ANOTHER ? &bob : &ann);
    if (signing == ABSENT) {
        sent->request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
        sent->request.signature = trivet_slice_make(NULL, 0);
    } else if (signing == EMPTY) {
        set_signature(sent, "");
    } else if (signing == OF_NOTHING) {
        set_signature(sent, "AAAA");
    } else if (signing == NO_BASE64) {
        sent->signature[sent->request.signature.len++] = '\n';
    } else if (signing == TWICE) {
        sent->request.signature_header = TRIVET_SIGNATURE_HEADER_SEVERAL;
    } else if (signing == OF_TOO_MANY) {
        sent->request.signature_header =
            TRIVET_SIGNATURE_HEADER_TOO_MANY_FIELDS;
    }
}

static void
assert_needs_signature(struct sent *sent)
{
    struct trivet_answer answer;

    sign_in_a_way(sent, ABSENT);
    answer = ask(sent);
    assert_denies(&answer);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_SIGNATURE_MISSING);
    assert_int_equal(answer.status, 466);
    assert_signed(sent, &answer, 0);
    assert_non_null(strstr(answer.body.data,
        "\"error_description\":\"For this operation a request signature is "
        "required. Check the urls for more information.\""));
    assert_non_null(strstr(answer.body.data,
        "\"error_additional_parameter\":[{\"url_together_post\":"
        "\"https:\\/\\/together.bunq.com\\/d\\/15399\"}]"));
    trivet_answer_release(&answer);

    sign_in_a_way(sent, EMPTY);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
    sign_in_a_way(sent, OF_ANOTHER);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_in_a_way(sent, OF_NOTHING);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_in_a_way(sent, NO_BASE64);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);
    sign_in_a_way(sent, TWICE);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);
    sign_in_a_way(sent, OF_TOO_MANY);
    assert_refused(sent, TRIVET_REASON_SIGNATURE_MALFORMED, 400, SIGNATURE, 0);

    sign_in_a_way(sent, RIGHT);
    assert_admitted(sent);
}

static void
assert_needs_no_signature(struct sent *sent)
{
    for (enum signing signing = RIGHT; signing <= OF_TOO_MANY; signing++) {
        sign_in_a_way(sent, signing);
        assert_admitted(sent);
    }
}

/* The calls that the strict profile wants signed, one after another. A logout
 * with the id of another session is refused as often as one likes: it comes
 * last, in a test of its own. */
static void
make_signed_call(struct sent *sent, int number)
{
    switch (number) {
    case 0:
        make_device(sent, &ann, NULL, HOME);
        return;
    case 1:
        make_request(sent, "GET", "/v1/user", ann.session_token, &ann, "");
        return;
    case 2:
        make_request(sent, "GET", "/v1/user/0", ann.session_token, &ann, "");
        sent->request.path_ids[0] = ann.user_id;
        return;
    case 3:
        make_request(sent, "HEAD", "/v1/user", ann.session_token, &ann, "");
        return;
    default:
        make_protected(sent, &ann);
        return;
    }
}

enum { NUM_SIGNED_CALLS = 5 };

static void
strict_wants_every_call_signed(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (int i = 0; i < NUM_SIGNED_CALLS; i++) {
        make_signed_call(&sent, i);
        if (!sent.request.is_head) {
            assert_needs_signature(&sent);
        }
        sign_in_a_way(&sent, ABSENT);
        assert_refused(&sent, TRIVET_REASON_SIGNATURE_MISSING, 466, NULL, 0);
    }
}

static void
current_judges_no_signature_where_none_is_needed(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    for (int i = 0; i < NUM_SIGNED_CALLS; i++) {
        make_signed_call(&sent, i);
        set_profile(&sent, "current");
        assert_needs_no_signature(&sent);
    }
}

static void
a_session_is_never_opened_unsigned(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_session(&sent, &ann, HOME);
    assert_needs_signature(&sent);
    assert_int_equal(count("session"), 2);
    set_profile(&sent, "current");
    assert_needs_signature(&sent);
    assert_int_equal(count("session"), 3);
}

static void
what_the_operator_wants_signed_is_judged_in_every_profile(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    set_profile(&sent, "current");
    sent.request.rule.signature = TRIVET_SIGNED_ALWAYS;
    assert_needs_signature(&sent);
}

static void
a_logout_is_signed_in_the_strict_profile_only(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_request(&sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    assert_needs_signature(&sent);

    for (enum signing signing = RIGHT; signing <= OF_TOO_MANY; signing++) {
        open_session_from(&ann, HOME);
        make_request(
            &sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
        set_profile(&sent, "current");
        sign_in_a_way(&sent, signing);
        assert_admitted(&sent);
    }
}

/* Each client signs with its own key, and answers for its own token. */
static void
another_installations_signature_fits_nothing(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    make_protected(&sent, &ann);
    set_token(&sent, bob.session_token);
    assert_refused(&sent, TRIVET_REASON_SIGNATURE_WRONG, 400, SIGNATURE, 0);
    sign_as(&sent, &bob);
    assert_admitted(&sent);

    /* the same key, registered by another installation, signs for that one */
    make_session(&sent, &ann, HOME);
    set_token(&sent, bob.installation_token);
    sign_as(&sent, &bob);
    assert_refused(
        &sent, TRIVET_REASON_KEY_NOT_REGISTERED, 400, CREDENTIALS, 0);
}

/* ---- one bit ------------------------------------------------------------ */

/* Flips each bit of what the request points to in turn: none may pass. */
static void
assert_no_bit_may_flip(
    const struct sent *sent, unsigned char *bytes, size_t len)
{
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct trivet_answer answer;

        bytes[bit / 8] = (unsigned char) (bytes[bit / 8] ^ 1U << bit % 8);
        answer = ask(sent);
        if (answer.verdict.admission != TRIVET_DENY) {
            fail_msg("bit %zu may flip", bit);
        }
        assert_denies(&answer);
        trivet_answer_release(&answer);
        bytes[bit / 8] = (unsigned char) (bytes[bit / 8] ^ 1U << bit % 8);
    }
    assert_admitted(sent);
}

static void
no_bit_of_an_admitted_request_may_flip(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    assert_admitted(&sent);
    assert_no_bit_may_flip(&sent, sent.request.body_digest, TRIVET_DIGEST_LEN);
    assert_no_bit_may_flip(
        &sent, (unsigned char *) sent.signature, TRIVET_SIGNATURE_TEXT_LEN);
    assert_no_bit_may_flip(
        &sent, (unsigned char *) sent.token, TRIVET_TOKEN_LEN);
    assert_no_bit_may_flip(
        &sent, sent.request.address.bytes, TRIVET_ADDRESS_LEN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(strict_wants_every_call_signed),
        WORLD_TEST(current_judges_no_signature_where_none_is_needed),
        WORLD_TEST(a_session_is_never_opened_unsigned),
        WORLD_TEST(what_the_operator_wants_signed_is_judged_in_every_profile),
        WORLD_TEST(a_logout_is_signed_in_the_strict_profile_only),
        WORLD_TEST(another_installations_signature_fits_nothing),
        WORLD_TEST(no_bit_of_an_admitted_request_may_flip),
    };

    return cmocka_run_group_tests_name(
        "signed calls", tests, world_begin, world_end);
}
