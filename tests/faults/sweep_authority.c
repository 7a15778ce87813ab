/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_authority.c - every call while the n-th allocation, or the n-th use of
 * a file, fails: for each n until none fails any more
 *
 * Once and then no more, and from then on for good; with a store that is open
 * and with one that has to be opened. What must hold:
 *
 *   - nobody is let in who would not be let in otherwise;
 *   - what was answered with 200 is in the store, seen by another connection;
 *   - when it is over, all works as before.
 *
 * Leaks and memory faults are for the sanitizers to find.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include "tests/faults/faults.h"

enum { MAX_FAULTS = 20000, FRESH_STRIDE = 7 };

static struct client cut; /* the client of one test, made anew */
static char ended_token[TRIVET_TOKEN_LEN + 1];
static json_int_t permitted_ip_id;

/* ---- right calls -------------------------------------------------------- */

static json_int_t
read_id(const struct trivet_answer *answer)
{
    json_t *root = parse_answer(answer);
    json_int_t id;

    assert_int_equal(
        json_unpack(root, "{s:[{s:{s:I}}]}", "Response", "Id", "id", &id), 0);
    json_decref(root);
    return id;
}

/* The second element of a Response is the Token. */
static void
read_token(const struct trivet_answer *answer, char *out)
{
    json_t *root = parse_answer(answer);
    json_t *element = json_array_get(json_object_get(root, "Response"), 1);
    const char *token = json_string_value(
        json_object_get(json_object_get(element, "Token"), "token"));

    assert_non_null(token);
    copy_token(out, token);
    json_decref(root);
}

static void
make_install(struct sent *sent)
{
    char body[MAX_WORLD_BODY];

    make_installation_body(&ann, body);
    make_request(sent, "POST", "/v1/installation", NULL, NULL, body);
}

static void
see_install(const struct trivet_answer *answer)
{
    struct sent sent;
    struct client client = ann;

    read_token(answer, client.installation_token);
    make_request(
        &sent, "GET", "/v1/device-server", client.installation_token, &ann, "");
    assert_admitted(&sent);
}

static void
make_register(struct sent *sent)
{
    make_device(sent, &ann, NULL, HOME);
}

static void
see_register(const struct trivet_answer *answer)
{
    struct sent sent;
    char target[64];

    (void) snprintf(target, sizeof target, "/v1/device-server/%lld",
        (long long) read_id(answer));
    make_request(&sent, "GET", target, ann.session_token, &ann, "");
    assert_admitted(&sent);
}

static void
make_open(struct sent *sent)
{
    make_session(sent, &ann, HOME);
}

static void
see_open(const struct trivet_answer *answer)
{
    struct client client = ann;

    read_token(answer, client.session_token);
    assert_works_from(&client, HOME);
}

static void
make_user(struct sent *sent)
{
    make_request(sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
}

static void
see_user(const struct trivet_answer *answer)
{
    json_t *root = parse_answer(answer);
    const char *key;

    assert_int_equal(json_unpack(root, "{s:[{s:{s:s}}]}", "Response", "ApiKey",
                         "api_key", &key),
        0);
    cut = ann;
    copy_token(cut.api_key, key);
    json_decref(root);
    install_from(&cut, HOME);
    register_from(&cut, NULL, HOME);
    open_session_from(&cut, HOME);
}

static void
make_permit(struct sent *sent)
{
    char target[128];
    int64_t credential = operate(
        "SELECT MIN(id) FROM api_key WHERE user_id = %lld", ann.user_id);

    (void) snprintf(target, sizeof target,
        "/v1/user/%lld/credential-password-ip/%lld/ip", (long long) ann.user_id,
        (long long) credential);
    make_request(sent, "POST", target, ann.session_token, &ann,
        "{\"ip\":\"" THIRD "\"}");
}

static void
see_permit(const struct trivet_answer *answer)
{
    permitted_ip_id = read_id(answer);
    assert_works_from(&ann, THIRD);
}

static void
make_read(struct sent *sent)
{
    make_request(sent, "GET", "/v1/user", ann.session_token, &ann, "");
}

static void
make_list(struct sent *sent)
{
    make_request(
        sent, "GET", "/v1/device?count=2", ann.session_token, &ann, "");
}

static void
make_proxied(struct sent *sent)
{
    make_protected(sent, &ann);
}

/* In the last half hour: the session is extended. */
static void
make_late(struct sent *sent)
{
    make_protected(sent, &ann);
}

static void
see_nothing(const struct trivet_answer *answer)
{
    (void) answer;
}

static void
make_logout(struct sent *sent)
{
    make_request(sent, "DELETE", "/v1/session/0", cut.session_token, &ann, "");
}

static void
see_logout(const struct trivet_answer *answer)
{
    struct sent sent;

    (void) answer;
    make_request(&sent, "GET", "/v1/user", cut.session_token, &ann, "");
    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401, NULL, 0);
}

/* ---- wrong ones --------------------------------------------------------- */

static void
make_forged(struct sent *sent)
{
    make_protected(sent, &ann);
    sign_as(sent, &bob);
}

static void
make_unknown(struct sent *sent)
{
    make_protected(sent, &ann);
    sent->token[0] = sent->token[0] == '0' ? '1' : '0';
}

static void
make_abroad(struct sent *sent)
{
    make_protected(sent, &ann);
    set_address(sent, ABROAD);
}

static void
make_ended(struct sent *sent)
{
    make_request(sent, "GET", "/v1/user", ended_token, &ann, "");
}

static void
make_open_abroad(struct sent *sent)
{
    make_session(sent, &ann, ABROAD);
}

static void
make_register_forged(struct sent *sent)
{
    make_device(sent, &ann, NULL, HOME);
    sign_as(sent, &bob);
}

static void
make_open_unsigned(struct sent *sent)
{
    make_session(sent, &ann, HOME);
    sent->request.signature_header = TRIVET_SIGNATURE_HEADER_NONE;
    sent->request.signature = trivet_slice_make(NULL, 0);
}

static const struct step {
    const char *name;
    void (*make)(struct sent *sent);
    void (*see)(const struct trivet_answer *answer); /* NULL: must be refused */
} steps[] = {
    {"installation", make_install, see_install},
    {"device-server", make_register, see_register},
    {"session-server", make_open, see_open},
    {"sandbox-user-person", make_user, see_user},
    {"permitted IP", make_permit, see_permit},
    {"user", make_read, see_nothing},
    {"device list", make_list, see_nothing},
    {"call of the API", make_proxied, see_nothing},
    {"call that extends", make_late, see_nothing},
    {"logout", make_logout, see_logout},
    {"forged signature", make_forged, NULL},
    {"unknown token", make_unknown, NULL},
    {"address that is not permitted", make_abroad, NULL},
    {"session that ended", make_ended, NULL},
    {"session-server from abroad", make_open_abroad, NULL},
    {"device-server with a forged signature", make_register_forged, NULL},
    {"session-server without a signature", make_open_unsigned, NULL},
};

/* ---- the sweep ---------------------------------------------------------- */

struct way {
    const char *name;
    enum faults_kind kind;
    bool lasting;
    bool is_fresh; /* the store is not open yet */
};

static const struct way ways[] = {
    {"one allocation", FAULTS_MEMORY, false, false},
    {"one allocation, store not open", FAULTS_MEMORY, false, true},
    {"all allocations from one on", FAULTS_MEMORY, true, false},
    {"one use of a file", FAULTS_FILES, false, false},
    {"one use of a file, store not open", FAULTS_FILES, false, true},
    {"all uses of files from one on", FAULTS_FILES, true, true},
};

/* Answers while the n-th fails; false when none did. */
static bool
ask_under(const struct way *way, long n, const struct sent *sent,
    struct trivet_answer *out)
{
    struct trivet_answer early = {0};
    bool was_admitted;
    bool has_failed;

    memset(out, 0, sizeof *out);
    if (way->is_fresh) {
        world_restart();
    }

    faults_arm(way->kind, n, way->lasting);
    was_admitted =
        trivet_authority_admit(world.passing, &sent->request, &early);
    trivet_authority_answer(world.authority, &sent->request, out);
    has_failed = faults_disarm();

    ERR_clear_error();
    if (was_admitted) {
        assert_int_equal(early.verdict.admission, TRIVET_ALLOW);
    }
    out->is_id_counted = was_admitted; /* of no other use here */
    return has_failed;
}

static void
assert_holds(const struct step *step, const struct trivet_answer *answer,
    bool was_admitted)
{
    if (was_admitted && step->see == NULL) {
        fail_msg("%s: admitted on the event loop", step->name);
    }
    if (answer->verdict.admission != TRIVET_ALLOW) {
        assert_true(answer->status >= 400);
        return;
    }

    if (step->see == NULL) {
        fail_msg("%s: admitted", step->name);
    }
    if (answer->body.data != NULL && answer->status == 200) {
        world_restart(); /* another connection sees it as well */
        step->see(answer);
    }
}

static void
set_stage(const struct step *step)
{
    if (step->make == make_late) {
        world.now_us = START_US + (int64_t) (TIMEOUT_S - 60) * TRIVET_US_PER_S;
    }
    if (step->make == make_logout) {
        cut = ann;
        open_session_from(&cut, HOME);
    }
    if (step->see == see_permit) {
        (void) operate("DELETE FROM permitted_ip WHERE id = %lld",
            (long long) permitted_ip_id);
    }
}

static void
sweep(const struct step *step, const struct way *way)
{
    struct sent sent;
    struct trivet_answer answer;
    /* Opening the store is the same for all calls: once each for the first,
     * then here and there. */
    long stride = way->is_fresh && step != steps ? FRESH_STRIDE : 1;
    bool has_failed = true;
    long n;

    stride *= faults_number("SWEEP_EVERY", 1);

    world.now_us = START_US;
    log_in(&ann);
    permitted_ip_id = 0;

    for (n = 1; has_failed && n < MAX_FAULTS; n += stride) {
        set_stage(step);
        step->make(&sent);
        has_failed = ask_under(way, n, &sent, &answer);
        assert_holds(step, &answer, answer.is_id_counted);
        if (!has_failed) {
            /* Nothing failed: it is as it always is. */
            if ((answer.verdict.admission == TRIVET_ALLOW)
                != (step->see != NULL)) {
                fail_msg("%s, at %ld, nothing failed: %s: %s: %s", step->name,
                    n, trivet_reason_row(answer.verdict.reason)->id,
                    answer.error.where, answer.error.detail);
            }
        }
        trivet_answer_release(&answer);
        if ((n - 1) / stride % 64 == 0) {
            assert_works_from(&ann, HOME);
        }
    }

    assert_in_range(n, 2, MAX_FAULTS - 1);
    (void) printf("%s, %s: %ld\n", step->name, way->name, n - stride);
}

static void
nothing_that_fails_lets_anybody_in_or_loses_anything(void **state)
{
    const char *wanted = getenv("SWEEP_STEP");
    size_t num_parts = (size_t) faults_number("SWEEP_PARTS", 1);
    size_t part = (size_t) faults_number("SWEEP_PART", 1) - 1;

    (void) state;

    log_in(&ann);
    cut = ann;
    open_session_from(&cut, HOME);
    copy_token(ended_token, cut.session_token);
    {
        struct sent sent;

        make_logout(&sent);
        assert_admitted(&sent);
    }

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (i % num_parts != part
            || (wanted != NULL && strcmp(wanted, steps[i].name) != 0))
        {
            continue;
        }
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            sweep(&steps[i], &ways[k]);
        }
    }
}

/* ---- signers ------------------------------------------------------------- */

static const unsigned char signed_digest[TRIVET_DIGEST_LEN] = {1, 2, 3};

static bool
does_fit(const struct trivet_public_key *key,
    const char text[TRIVET_SIGNATURE_TEXT_LEN])
{
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    struct trivet_verifier_cache *cache = trivet_verifier_cache_new(1);
    size_t len;
    bool fits = false;

    assert_int_equal(
        trivet_base64_decode(trivet_slice_make(text, TRIVET_SIGNATURE_TEXT_LEN),
            signature, sizeof signature, &len),
        TRIVET_OK);
    assert_int_equal(
        trivet_verify(cache, trivet_slice_make(key->der, key->der_len),
            signed_digest, trivet_slice_make(signature, len), &fits),
        TRIVET_OK);
    trivet_verifier_cache_free(cache);
    return fits;
}

static void
assert_signs(const struct trivet_public_key *key, struct trivet_signer *signer)
{
    char text[TRIVET_SIGNATURE_TEXT_LEN];

    assert_int_equal(
        trivet_signer_sign(signer, signed_digest, text), TRIVET_OK);
    assert_true(does_fit(key, text));
}

/* Whether the n-th allocation of a signature failed, behind so many others. */
static bool
fail_one(const struct trivet_private_key *key,
    const struct trivet_public_key *public_key, int num_before, long n)
{
    char text[TRIVET_SIGNATURE_TEXT_LEN];
    enum trivet_status status;
    struct trivet_signer *signer;
    bool has_failed;

    assert_int_equal(trivet_signer_new(key, &signer, NULL), TRIVET_OK);
    for (int i = 0; i < num_before; i++) {
        assert_int_equal(
            trivet_signer_sign(signer, signed_digest, text), TRIVET_OK);
    }

    faults_arm(FAULTS_MEMORY, n, false);
    status = trivet_signer_sign(signer, signed_digest, text);
    has_failed = faults_disarm();
    assert_true(status == TRIVET_OK || has_failed);
    if (status == TRIVET_OK) {
        assert_true(does_fit(public_key, text));
    }
    assert_signs(public_key, signer);
    assert_signs(public_key, signer);
    trivet_signer_free(signer);
    return has_failed;
}

static void
a_signature_that_failed_spoils_no_later_one(void **state)
{
    /* OpenSSL makes a key's blinding anew after 32 signatures. */
    static const int nums_before[] = {0, 1, 30, 31, 32, 33, 63, 64, 65};
    struct trivet_private_key *key;
    struct trivet_public_key public_key;

    (void) state;
    assert_int_equal(trivet_private_key_generate(&key, NULL), TRIVET_OK);
    assert_int_equal(trivet_private_key_public(key, &public_key), TRIVET_OK);

    for (size_t i = 0; i < sizeof nums_before / sizeof nums_before[0]; i++) {
        long n = 1;

        while (fail_one(key, &public_key, nums_before[i], n)) {
            n++;
        }
    }

    trivet_private_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_signature_that_failed_spoils_no_later_one),
        WORLD_TEST(nothing_that_fails_lets_anybody_in_or_loses_anything),
    };

    faults_install();
    return cmocka_run_group_tests_name("sweep", tests, world_begin, world_end);
}
