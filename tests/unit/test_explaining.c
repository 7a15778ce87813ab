/* SPDX-License-Identifier: Apache-2.0 */
/* test_explaining.c - the sandbox explains a refusal, and changes none */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/installation.h"
#include "store/store.h"
#include "tests/unit/world.h"


#define WRONG                                                                  \
    "{\"Error\":[{\"error_description\":\"The request signature is "           \
    "invalid.\",\"error_description_translated\":\"The request signature is "  \
    "invalid.\"}]}"

static size_t num_bodies_read;
static bool is_body_too_large;
static int64_t ticks_ns;

static int64_t
read_ticks(void)
{
    return ticks_ns;
}

static size_t
read_fields(void *data, struct trivet_field *out, size_t cap)
{
    (void) data;

    assert_true(cap > 0);
    out[0] = (struct trivet_field){
        trivet_slice_text("X-Bunq-Language"), trivet_slice_text("nl_NL")};
    return 1;
}

static bool
read_body(void *data, struct trivet_slice *out, size_t *out_len)
{
    struct sent *sent = data;

    num_bodies_read++;
    *out = sent->request.body;
    *out_len = sent->request.body.len;
    return !is_body_too_large;
}

/* A call of the API behind whose signature is of another text. */
static void
make_wrong(struct sent *sent, struct trivet_evidence *evidence,
    const char *signed_text)
{
    make_request(sent, "POST", "/v1/x", ann.session_token, NULL, signed_text);
    sign_as(sent, &ann);
    set_body(sent, "{\"a\":1}");
    *evidence = (struct trivet_evidence){sent, trivet_slice_text("POST"),
        trivet_slice_text("/v1/x?a=b"), read_fields, read_body};
    sent->request.evidence = evidence;
    num_bodies_read = 0;
    is_body_too_large = false;
}

static void
assert_word(const struct sent *sent, const char *word)
{
    struct trivet_answer answer = ask(sent);
    json_t *root = parse_answer(&answer);
    const char *told;
    const char *text;

    assert_denies(&answer);
    assert_error_body(&answer, "The request signature is invalid.");
    assert_signed(sent, &answer, 0);
    assert_int_equal(json_unpack(root, "{s:[{s:[{s:s, s:s!}!]}!]!}", "Error",
                         "error_additional_parameter", "mistake", &told,
                         "explanation", &text),
        0);
    assert_string_equal(told, word);
    assert_string_equal(answer.mistake, word);
    assert_int_equal(text[strlen(text) - 1], '.');
    json_decref(root);
    trivet_answer_release(&answer);
}

static void
assert_unexplained(const struct sent *sent)
{
    struct trivet_answer answer = ask(sent);

    assert_denies(&answer);
    assert_null(answer.mistake);
    assert_string_equal(answer.body.data, WRONG);
    assert_signed(sent, &answer, 0);
    trivet_answer_release(&answer);
}

static void
a_mistake_is_told(void **state)
{
    struct sent sent;
    struct trivet_evidence evidence;

    (void) state;

    log_in(&ann);
    make_wrong(&sent, &evidence, "{\"a\":1}\n");
    assert_word(&sent, "trailing-newline");
    make_wrong(&sent, &evidence,
        "POST /v1/x?a=b\nX-Bunq-Language: nl_NL\n\n{\"a\":1}");
    assert_word(&sent, "old-scheme");
    make_wrong(&sent, &evidence, "{}");
    assert_word(&sent, "other-body");
    is_body_too_large = true;
    assert_word(&sent, "too-large");

    make_wrong(&sent, &evidence, "{}");
    set_signature(&sent, "nonsense");
    assert_word(&sent, "wrong-size");
}

static void
only_in_the_sandbox_and_with_evidence(void **state)
{
    struct sent sent;
    struct trivet_evidence evidence;

    (void) state;

    log_in(&ann);
    make_wrong(&sent, &evidence, "{\"a\":1}\n");
    sent.request.evidence = NULL;
    assert_unexplained(&sent);

    sent.request.evidence = &evidence;
    world.config.is_sandbox = false;
    assert_unexplained(&sent);
    assert_int_equal(num_bodies_read, 0);
}

static void
who_is_admitted_pays_nothing(void **state)
{
    struct sent sent;
    struct trivet_evidence evidence;

    (void) state;

    log_in(&ann);
    make_wrong(&sent, &evidence, "{\"a\":1}");
    assert_admitted(&sent);
    assert_int_equal(num_bodies_read, 0);
}

/* Refused for its token or address: the signature is nobody's business. */
static void
other_refusals_are_not_explained(void **state)
{
    struct sent sent;
    struct trivet_evidence evidence;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    make_wrong(&sent, &evidence, "{\"a\":1}\n");
    set_address(&sent, ABROAD);
    answer = ask(&sent);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_SESSION_IP);
    assert_null(answer.mistake);
    assert_null(strstr(answer.body.data, "error_additional_parameter"));
    trivet_answer_release(&answer);
    assert_int_equal(num_bodies_read, 0);
}

static void
another_installations_key(void **state)
{
    struct sent sent;
    struct trivet_evidence evidence;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    log_in(&bob);
    make_wrong(&sent, &evidence, "whatever it was");
    sign_as(&sent, &bob);
    answer = ask(&sent);
    assert_string_equal(answer.mistake, "other-installation");
    trivet_answer_release(&answer);

    (void) operate("UPDATE installation SET public_der = x'00' WHERE id = %d",
        (int) bob.installation_id);
    answer = ask(&sent);
    assert_string_equal(answer.mistake, "wrong-key");
    trivet_answer_release(&answer);
}

static void
a_flood_is_rationed(void **state)
{
    struct trivet_explaining explaining = {.ticks_ns = read_ticks};
    struct sent sent;
    struct trivet_evidence evidence;

    (void) state;

    log_in(&ann);
    world.config.explaining = &explaining;
    make_wrong(&sent, &evidence, "{\"a\":1}\n");
    ticks_ns = 1000;
    for (int i = 0; i < 40; i++) {
        assert_word(&sent, "trailing-newline");
    }
    assert_word(&sent, "rationed");
    assert_int_equal(num_bodies_read, 40);

    world_pass(86400 / 2); /* the sandbox's clock is not the one */
    assert_word(&sent, "rationed");
    ticks_ns += INT64_C(100000000);
    assert_word(&sent, "trailing-newline");
    assert_word(&sent, "trailing-newline");
    assert_word(&sent, "rationed");
}

/* ---- the bucket, and the store's keys ------------------------------------ */

static void
a_bucket(void **state)
{
    struct trivet_bucket bucket = {0};

    (void) state;

    for (int i = 0; i < 3; i++) {
        assert_true(trivet_bucket_take(&bucket, 3, 10, 1000));
    }
    assert_false(trivet_bucket_take(&bucket, 3, 10, 1000));
    assert_false(trivet_bucket_take(&bucket, 3, 10, 1009));
    assert_true(trivet_bucket_take(&bucket, 3, 10, 1010));
    assert_false(trivet_bucket_take(&bucket, 3, 10, 1019));
    assert_true(trivet_bucket_take(&bucket, 3, 10, 5)); /* put back */
}

static void
count_key(void *user, const struct trivet_public_key *key)
{
    assert_true(key->der_len > 0);
    (*(size_t *) user)++;
}

static size_t
count_keys(struct trivet_store *store, int64_t but_id, int64_t num)
{
    size_t found = 0;

    assert_int_equal(
        trivet_store_newest_keys(store, but_id, num, count_key, &found, NULL),
        TRIVET_OK);
    return found;
}

static void
the_newest_keys(void **state)
{
    struct trivet_store *store;

    (void) state;

    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(count_keys(store, 0, 32), 0);
    install_from(&ann, HOME);
    install_from(&bob, HOME);
    assert_int_equal(count_keys(store, 0, 32), 2);
    assert_int_equal(count_keys(store, ann.installation_id, 32), 1);
    assert_int_equal(count_keys(store, 0, 1), 1);
    assert_int_equal(count_keys(store, 0, 0), 0);
    trivet_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_mistake_is_told),
        WORLD_TEST(only_in_the_sandbox_and_with_evidence),
        WORLD_TEST(who_is_admitted_pays_nothing),
        WORLD_TEST(other_refusals_are_not_explained),
        WORLD_TEST(another_installations_key),
        WORLD_TEST(a_flood_is_rationed),
        cmocka_unit_test(a_bucket),
        WORLD_TEST(the_newest_keys),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
