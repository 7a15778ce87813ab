/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - SHA-256 of a body, whole and in pieces */
#include "tests/unit/vector.h"

#include "crypto/digest.h"

static void
a_body_is_digested_the_same_in_any_pieces(void **state)
{
    struct vector body = vector_read("keys/rsa4096.pem");
    struct trivet_digest *digest = trivet_digest_new();
    unsigned char whole[TRIVET_DIGEST_LEN];
    unsigned char pieces[TRIVET_DIGEST_LEN];
    static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01,
        0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
        0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad};

    (void) state;

    assert_non_null(digest);
    assert_int_equal(trivet_sha256(trivet_slice_text("abc"), whole), TRIVET_OK);
    assert_memory_equal(whole, of_abc, sizeof of_abc);

    assert_int_equal(trivet_sha256(vector_slice(&body), whole), TRIVET_OK);
    for (size_t step = 1; step < body.len + 64; step += 31) {
        trivet_digest_start(digest);
        for (size_t at = 0; at < body.len; at += step) {
            size_t len = body.len - at < step ? body.len - at : step;

            trivet_digest_add(digest, trivet_slice_make(body.bytes + at, len));
            trivet_digest_add(digest, trivet_slice_make(NULL, 0));
        }
        assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
        assert_memory_equal(pieces, whole, sizeof whole);
    }

    /* what was begun and given up leaves no trace */
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_text("secret"));
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_text("abc"));
    assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
    assert_memory_equal(pieces, of_abc, sizeof of_abc);

    trivet_digest_start(digest);
    assert_int_equal(trivet_digest_finish(digest, pieces), TRIVET_OK);
    assert_int_equal(
        trivet_sha256(trivet_slice_make(NULL, 0), whole), TRIVET_OK);
    assert_memory_equal(pieces, whole, sizeof whole);

    trivet_digest_free(digest);
    trivet_digest_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_digested_the_same_in_any_pieces),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
