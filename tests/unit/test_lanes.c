/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lanes.c - several signatures at once: Intel's library where it is, and
 * a stub that is wrong in a lane
 */
#define _GNU_SOURCE
#include "tests/unit/pair.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "crypto/lanes/lanes.h"

enum { NUM_KEYS = 3, NUM_LANES = TRIVET_NUM_LANES };

static struct trivet_private_key *keys[NUM_KEYS];
static struct trivet_lane_key *lane_keys[NUM_KEYS];
static struct trivet_signer *signers[NUM_KEYS];
static struct trivet_public_key halves[NUM_KEYS];
static struct trivet_verifier_cache *cache;

/* A library of the same soname that is loaded is the one that is found. */
static void *
load(const char *path, const char *mode)
{
    void *handle;

    if (!trivet_lane_processor_is_able()) {
        skip();
    }

    assert_int_equal(setenv("STUB_LANES", mode, 1), 0);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL && path != NULL && strstr(path, "stub") == NULL) {
        skip();
    }

    assert_non_null(handle);
    return handle;
}

static void *
load_stub(const char *mode)
{
    return load(TRIVET_LANES_STUB, mode);
}

static struct trivet_lanes *
lanes_of(struct trivet_private_key *key)
{
    struct trivet_lanes *lanes;
    struct trivet_error err;

    if (trivet_lanes_new(key, &lanes, &err) != TRIVET_OK) {
        fail_msg("%s", err.detail);
    }
    assert_true(trivet_lanes_are_on(lanes));

    return lanes;
}

static enum trivet_status
refused(struct trivet_private_key *key, const char *reason)
{
    struct trivet_lanes *lanes = NULL;
    struct trivet_error err;
    enum trivet_status status = trivet_lanes_new(key, &lanes, &err);

    assert_null(lanes);
    assert_non_null(strstr(err.detail, reason));
    assert_false(trivet_lanes_are_on(lanes));

    return status;
}

/* Jobs with digests of their own; of num_keys keys in turn. */
static void
want(struct trivet_to_sign *jobs, struct trivet_to_sign **wanted, size_t num,
    size_t num_keys)
{
    memset(jobs, 0, num * sizeof *jobs);
    for (size_t i = 0; i < num; i++) {
        char text[] = "digest 0";

        text[7] = (char) ('0' + i);
        assert_int_equal(
            trivet_sha256(trivet_slice_text(text), jobs[i].digest), TRIVET_OK);
        jobs[i].lane_key = lane_keys[i % num_keys];
        jobs[i].signer = signers[i % num_keys];
        wanted[i] = &jobs[i];
    }
}

static bool
is_right(const struct trivet_to_sign *job)
{
    char text[TRIVET_SIGNATURE_TEXT_LEN];

    assert_int_equal(job->status, TRIVET_OK);
    assert_int_equal(
        trivet_signer_sign(job->signer, job->digest, text), TRIVET_OK);
    return memcmp(text, job->text, sizeof text) == 0;
}

/* ---- signing ------------------------------------------------------------ */

/* Every number of them: as OpenSSL, in lanes from five on. */
static void
check_signing(struct trivet_lanes *lanes, size_t num_keys)
{
    for (size_t num = 1; num <= NUM_LANES; num++) {
        struct trivet_to_sign jobs[NUM_LANES];
        struct trivet_to_sign *wanted[NUM_LANES];

        want(jobs, wanted, num, num_keys);
        trivet_lanes_sign(lanes, wanted, num);
        for (size_t i = 0; i < num; i++) {
            assert_true(is_right(&jobs[i]));
            assert_false(jobs[i].was_wrong);
            assert_int_equal(jobs[i].num_lanes,
                num < TRIVET_LANES_MIN_SIGN ? 0 : (unsigned) num);
        }
    }
}

/* True signatures are valid in every number, and not one changed bit. */
static void
check_verifying(struct trivet_lanes *lanes)
{
    for (size_t num = 1; num <= NUM_LANES; num++) {
        struct trivet_to_sign jobs[NUM_LANES];
        struct trivet_to_sign *wanted[NUM_LANES];
        struct trivet_to_verify checks[NUM_LANES];
        struct trivet_to_verify *checked[NUM_LANES];
        unsigned char signatures[NUM_LANES][TRIVET_SIGNATURE_LEN];
        size_t len;

        want(jobs, wanted, num, NUM_KEYS);
        trivet_lanes_sign(NULL, wanted, num);
        memset(checks, 0, sizeof checks);
        for (size_t i = 0; i < num; i++) {
            assert_int_equal(jobs[i].num_lanes, 0);
            assert_int_equal(
                trivet_base64_decode(
                    trivet_slice_make(jobs[i].text, sizeof jobs[i].text),
                    signatures[i], sizeof signatures[i], &len),
                TRIVET_OK);
            checks[i].der = der_of(&halves[i % NUM_KEYS]);
            checks[i].signature = trivet_slice_make(signatures[i], len);
            memcpy(checks[i].digest, jobs[i].digest, sizeof checks[i].digest);
            checked[i] = &checks[i];
        }

        trivet_lanes_verify(lanes, cache, checked, num);
        for (size_t i = 0; i < num; i++) {
            assert_int_equal(checks[i].status, TRIVET_OK);
            assert_true(checks[i].is_valid);
            assert_int_equal(checks[i].num_lanes,
                num < TRIVET_LANES_MIN_VERIFY || lanes == NULL
                    ? 0
                    : (unsigned) num);
        }

        for (size_t wrong = 0; wrong < num; wrong++) {
            signatures[wrong][100] ^= 4;
            trivet_lanes_verify(lanes, cache, checked, num);
            for (size_t i = 0; i < num; i++) {
                assert_int_equal(checks[i].status, TRIVET_OK);
                assert_int_equal(checks[i].is_valid, i != wrong);
            }
            signatures[wrong][100] ^= 4;
        }
    }
}

static void
check_all(const char *path)
{
    void *handle = load(path, "right");
    struct trivet_lanes *lanes;

    assert_int_equal(trivet_lanes_probe(NULL), TRIVET_OK);
    lanes = lanes_of(keys[0]);

    check_signing(lanes, 1);
    check_signing(lanes, NUM_KEYS);
    check_verifying(lanes);

    trivet_lanes_free(lanes);
    (void) dlclose(handle);
}

static void
a_right_stub_signs_and_verifies_in_every_number(void **state)
{
    (void) state;
    check_all(TRIVET_LANES_STUB);
}

static void
intel_s_library_signs_and_verifies_in_every_number(void **state)
{
    void *handle = dlopen("libcrypto_mb.so.11", RTLD_NOW);

    (void) state;
    if (handle != NULL) {
        (void) dlclose(handle);
        check_all("libcrypto_mb.so.11");
        return;
    }

    check_all(TRIVET_LANES_UNPACKED);
}

/* Hardware's keys, and none: OpenSSL's signer, beside lanes of the others. */
static void
a_key_without_lanes_is_signed_by_its_signer(void **state)
{
    void *handle = load_stub("right");
    struct trivet_lanes *lanes = lanes_of(keys[0]);
    struct trivet_to_sign jobs[NUM_LANES];
    struct trivet_to_sign *wanted[NUM_LANES];

    (void) state;
    want(jobs, wanted, 8, 2);
    jobs[1].lane_key = NULL;
    jobs[6].lane_key = NULL;
    trivet_lanes_sign(lanes, wanted, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(is_right(&jobs[i]));
        assert_int_equal(jobs[i].num_lanes, i == 1 || i == 6 ? 0 : 6);
    }

    trivet_lanes_free(lanes);
    (void) dlclose(handle);
}

/* ---- wrong ones ---------------------------------------------------------- */

static void
a_wrong_lane_never_gets_out_and_three_turn_lanes_off(void **state)
{
    void *handle = load_stub("later");
    struct trivet_lanes *lanes = lanes_of(keys[0]);

    (void) state;
    for (int round = 1; round <= TRIVET_LANES_MAX_WRONG + 1; round++) {
        struct trivet_to_sign jobs[NUM_LANES];
        struct trivet_to_sign *wanted[NUM_LANES];
        bool is_off = round > TRIVET_LANES_MAX_WRONG;

        want(jobs, wanted, NUM_LANES, 2);
        trivet_lanes_sign(lanes, wanted, NUM_LANES);
        for (size_t i = 0; i < NUM_LANES; i++) {
            assert_true(is_right(&jobs[i]));
            assert_int_equal(jobs[i].was_wrong, i == 2 && !is_off);
            assert_int_equal(
                jobs[i].num_lanes, i == 2 || is_off ? 0 : NUM_LANES);
        }
        assert_int_equal(
            trivet_lanes_are_on(lanes), round < TRIVET_LANES_MAX_WRONG);
    }

    trivet_lanes_free(lanes);
    (void) dlclose(handle);
}

static void
a_library_that_is_wrong_in_any_number_of_lanes_is_not_used(void **state)
{
    (void) state;
    for (char mode[] = "1"; mode[0] <= '8'; mode[0]++) {
        void *handle = load_stub(mode);
        char reason[] = "in 0 lanes";

        reason[3] = mode[0];
        assert_int_equal(refused(keys[0], reason), TRIVET_E_CRYPTO);
        (void) dlclose(handle);
    }
}

static void
a_library_that_finds_wrong_signatures_right_is_not_used(void **state)
{
    void *handle = load_stub("public");

    (void) state;
    assert_int_equal(
        refused(keys[0], "other signatures than OpenSSL"), TRIVET_E_CRYPTO);
    (void) dlclose(handle);
}

static void
a_library_that_does_not_fit_the_processor_is_not_used(void **state)
{
    void *handle = load_stub("unable");

    (void) state;
    assert_int_equal(
        refused(keys[0], "on this processor"), TRIVET_E_UNAVAILABLE);
    assert_int_equal(trivet_lanes_probe(NULL), TRIVET_E_UNAVAILABLE);
    (void) dlclose(handle);
}

/* No library, no processor: there is a reason, and OpenSSL signs. */
static void
without_a_library_openssl_signs(void **state)
{
    void *handle = dlopen("libcrypto_mb.so.11", RTLD_NOW);
    struct trivet_to_sign jobs[NUM_LANES];
    struct trivet_to_sign *wanted[NUM_LANES];

    (void) state;
    if (handle != NULL) {
        (void) dlclose(handle);
        skip();
    }

    if (trivet_lane_processor_is_able()) {
        assert_int_equal(
            refused(keys[0], "is not installed"), TRIVET_E_NOT_FOUND);
    } else {
        assert_int_equal(
            refused(keys[0], "AVX-512 IFMA"), TRIVET_E_UNAVAILABLE);
    }

    want(jobs, wanted, NUM_LANES, NUM_KEYS);
    trivet_lanes_sign(NULL, wanted, NUM_LANES);
    for (size_t i = 0; i < NUM_LANES; i++) {
        assert_true(is_right(&jobs[i]));
        assert_int_equal(jobs[i].num_lanes, 0);
    }

    check_verifying(NULL);
}

static int
setup(void **state)
{
    (void) state;
    for (int i = 0; i < NUM_KEYS; i++) {
        assert_int_equal(
            trivet_private_key_generate(&keys[i], NULL), TRIVET_OK);
        assert_int_equal(
            trivet_private_key_public(keys[i], &halves[i]), TRIVET_OK);
        assert_int_equal(
            trivet_signer_new(keys[i], &signers[i], NULL), TRIVET_OK);
        assert_int_equal(
            trivet_lane_key_new(keys[i], &lane_keys[i], NULL), TRIVET_OK);
    }

    cache = trivet_verifier_cache_new(NUM_KEYS);
    return cache == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    (void) state;
    for (int i = 0; i < NUM_KEYS; i++) {
        trivet_lane_key_free(lane_keys[i]);
        trivet_signer_free(signers[i]);
        trivet_private_key_free(keys[i]);
    }

    trivet_verifier_cache_free(cache);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_library_openssl_signs),
        cmocka_unit_test(a_right_stub_signs_and_verifies_in_every_number),
        cmocka_unit_test(intel_s_library_signs_and_verifies_in_every_number),
        cmocka_unit_test(a_key_without_lanes_is_signed_by_its_signer),
        cmocka_unit_test(a_wrong_lane_never_gets_out_and_three_turn_lanes_off),
        cmocka_unit_test(
            a_library_that_is_wrong_in_any_number_of_lanes_is_not_used),
        cmocka_unit_test(
            a_library_that_finds_wrong_signatures_right_is_not_used),
        cmocka_unit_test(a_library_that_does_not_fit_the_processor_is_not_used),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
