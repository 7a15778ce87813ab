/* SPDX-License-Identifier: Apache-2.0 */
/* test_psp_certificate.c - PSD2 certificates, also those of hostile callers */
#include "tests/unit/provider.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/psp_sandbox.h"

static void
the_providers_own_key_is_rsa_and_bounded(void **state)
{
    EVP_PKEY *keys[] = {make_public_rsa(2047, 65537),
        make_public_rsa(4097, 65537), make_public_rsa(2048, 0x100000001),
        EVP_EC_gen("P-256"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    const struct wanted wanted = {
        .parts = plain_name,
        .num_parts = NUM_PLAIN,
        .issuer = made.middle,
        .signer = made.middle_key,
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(keys); i++) {
        assert_int_equal(
            judge_with(make_certificate(keys[i], &wanted), NULL, NULL),
            TRIVET_PSP_CERTIFICATE);
        EVP_PKEY_free(keys[i]);
    }
    assert_int_equal(judge_with(make_plain(), NULL, NULL), TRIVET_PSP_GOOD);
}

/* The first len bytes of its DER, as PEM. */
static void
add_cut_pem(struct text *text, X509 *certificate, long len)
{
    unsigned char *der = NULL;
    int whole = i2d_X509(certificate, &der);
    BIO *bio = BIO_new(BIO_s_mem());
    int num;

    assert_true(len < whole);
    assert_true(PEM_write_bio(bio, "CERTIFICATE", "", der, len) > 0);
    num = BIO_read(bio, text->bytes + text->len, (int) (MAX_TEXT - text->len));
    assert_true(num > 0);
    text->len += (size_t) num;
    BIO_free(bio);
    OPENSSL_free(der);
}

static void
what_is_cut_off_is_refused(void **state)
{
    struct trivet_psp_trust trust = trust_claimed();
    struct trivet_psp psp;
    X509 *own = make_plain();
    int whole = i2d_X509(own, NULL);
    struct text *good = calloc(1, sizeof *good);
    struct text *chain = calloc(1, sizeof *chain);
    struct text *cut = calloc(1, sizeof *cut);

    (void) state;

    add_pem(good, own);
    add_pem(chain, made.middle);
    add_pem(chain, made.root);
    assert_int_equal(judge(good, chain, &trust, &psp), TRIVET_PSP_GOOD);

    for (long len = 1; len < whole; len += 37) {
        cut->len = 0;
        add_cut_pem(cut, own, len);
        assert_int_equal(
            judge(cut, chain, &trust, &psp), TRIVET_PSP_CERTIFICATE);
        /* beside all that is needed, too */
        add_pem(cut, made.middle);
        add_pem(cut, made.root);
        assert_int_equal(judge(good, cut, &trust, &psp), TRIVET_PSP_CHAIN);
    }

    /* its text, too */
    for (size_t len = good->len; len > 28; len -= 29) {
        struct text *short_text = calloc(1, sizeof *short_text);

        memcpy(short_text->bytes, good->bytes, len - 28);
        short_text->len = len - 28;
        assert_int_equal(
            judge(short_text, chain, &trust, &psp), TRIVET_PSP_CERTIFICATE);
        free(short_text);
    }

    X509_free(own);
    free(good);
    free(chain);
    free(cut);
}

static void
sha1_and_times_are_judged(void **state)
{
    struct wanted wanted = {
        .parts = plain_name,
        .num_parts = NUM_PLAIN,
        .issuer = made.middle,
        .signer = made.middle_key,
    };
    const struct {
        const EVP_MD *hash;
        const char *usage;
        long begin_s;
        long end_s;
        enum trivet_psp_fault fault;
    } rows[] = {
        {EVP_sha256(), "digitalSignature", 0, 0, TRIVET_PSP_GOOD},
        {EVP_sha384(), "nonRepudiation", 0, 0, TRIVET_PSP_GOOD},
        {EVP_sha512(), "digitalSignature,keyEncipherment", 0, 0,
            TRIVET_PSP_GOOD},
        {EVP_sha1(), NULL, 0, 0, TRIVET_PSP_CHAIN},
        {NULL, "keyEncipherment", 0, 0, TRIVET_PSP_CERTIFICATE},
        {NULL, "keyCertSign,cRLSign", 0, 0, TRIVET_PSP_CERTIFICATE},
        {NULL, NULL, -2 * DAY_S, -DAY_S, TRIVET_PSP_VALIDITY},
        {NULL, NULL, DAY_S, 2 * DAY_S, TRIVET_PSP_VALIDITY},
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(rows); i++) {
        wanted.hash = rows[i].hash;
        wanted.usage = rows[i].usage;
        wanted.begin_s = rows[i].begin_s;
        wanted.end_s = rows[i].end_s;
        if (judge_with(make_certificate(made.provider_key, &wanted), NULL, NULL)
            != rows[i].fault)
        {
            fail_msg("row %zu", i);
        }
    }
}

static void
only_its_own_sha256_signature_fits(void **state)
{
    unsigned char good[TRIVET_MAX_SIGNATURE];
    unsigned char sha1[TRIVET_MAX_SIGNATURE];
    size_t len = sign_by(made.provider_key, EVP_sha256(), good, sizeof good);
    size_t sha1_len = sign_by(made.provider_key, EVP_sha1(), sha1, sizeof sha1);
    static struct text own_text;
    static struct text chain;
    struct trivet_psp_trust trust = trust_claimed();
    X509 *own = make_plain();
    struct trivet_psp_claim claim;
    const struct {
        struct trivet_slice signature;
        enum trivet_psp_fault fault;
    } rows[] = {
        {trivet_slice_make(good, len), TRIVET_PSP_GOOD},
        {trivet_slice_make(good, len - 1), TRIVET_PSP_SIGNATURE},
        {trivet_slice_make(good + 1, len - 1), TRIVET_PSP_SIGNATURE},
        {trivet_slice_make(good, 0), TRIVET_PSP_SIGNATURE},
        {trivet_slice_make(NULL, 0), TRIVET_PSP_SIGNATURE},
        {trivet_slice_make(sha1, sha1_len), TRIVET_PSP_SIGNATURE},
        {trivet_slice_make(good, sizeof good), TRIVET_PSP_SIGNATURE},
    };

    (void) state;

    own_text.len = chain.len = 0;
    add_pem(&own_text, own);
    add_pem(&chain, made.middle);
    add_pem(&chain, made.root);
    claim.certificate_pem = trivet_slice_make(own_text.bytes, own_text.len);
    claim.chain_pem = trivet_slice_make(chain.bytes, chain.len);
    memcpy(claim.digest, signed_digest, sizeof claim.digest);

    for (size_t i = 0; i < NUM_OF(rows); i++) {
        struct trivet_psp psp;
        enum trivet_psp_fault fault;

        claim.signature = rows[i].signature;
        assert_int_equal(
            trivet_psp_verify(&claim, &trust, &fault, &psp, NULL), TRIVET_OK);
        assert_int_equal(fault, rows[i].fault);
    }

    X509_free(own);
}

/* ---- a sandbox's own ----------------------------------------------------- */

static enum trivet_psp_fault
judge_made(const struct trivet_sandbox_psp *psp, EVP_PKEY *key,
    bool trusts_claimed_roots, int64_t now_s, struct trivet_psp *out)
{
    const struct trivet_psp_trust trust = {
        .trusts_claimed_roots = trusts_claimed_roots,
        .needs_root_last = true,
        .now_s = now_s,
    };
    unsigned char signature[TRIVET_MAX_SIGNATURE];
    size_t len = sign_by(key, EVP_sha256(), signature, sizeof signature);
    struct trivet_psp_claim claim = {
        .certificate_pem = trivet_slice_text(psp->own.certificate_pem),
        .chain_pem = trivet_slice_text(psp->chain_pem),
        .signature = trivet_slice_make(signature, len),
    };
    enum trivet_psp_fault fault;

    memcpy(claim.digest, signed_digest, sizeof claim.digest);
    assert_int_equal(
        trivet_psp_verify(&claim, &trust, &fault, out, NULL), TRIVET_OK);
    return fault;
}

/* Also when its clock is years ahead. */
static void
a_provider_of_a_sandbox_is_good_there(void **state)
{
    const int64_t offsets_s[] = {0, 5 * 365 * (int64_t) DAY_S};
    (void) state;

    for (size_t i = 0; i < NUM_OF(offsets_s); i++) {
        int64_t now_s = (int64_t) time(NULL) + offsets_s[i];
        struct trivet_sandbox_psp psp;
        struct trivet_psp found;
        BIO *bio;
        EVP_PKEY *key;

        assert_int_equal(trivet_sandbox_psp_make(now_s, &psp, NULL), TRIVET_OK);
        bio = BIO_new_mem_buf(psp.own.key_pem, -1);
        key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
        assert_non_null(key);

        assert_int_equal(
            judge_made(&psp, key, true, now_s, &found), TRIVET_PSP_GOOD);
        assert_string_equal(found.common_name, TRIVET_SANDBOX_PSP_NAME);
        assert_int_equal(
            judge_made(&psp, key, true, now_s + 364 * DAY_S, &found),
            TRIVET_PSP_GOOD);
        assert_int_equal(
            judge_made(&psp, key, true, now_s + 366 * DAY_S, &found),
            TRIVET_PSP_VALIDITY);
        assert_int_equal(
            judge_made(&psp, key, false, now_s, &found), TRIVET_PSP_CHAIN);
        assert_int_equal(
            judge_made(&psp, made.provider_key, true, now_s, &found),
            TRIVET_PSP_SIGNATURE);
        EVP_PKEY_free(key);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_providers_own_key_is_rsa_and_bounded),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(sha1_and_times_are_judged),
        cmocka_unit_test(a_provider_of_a_sandbox_is_good_there),
        cmocka_unit_test(only_its_own_sha256_signature_fits),
    };

    return cmocka_run_group_tests_name(
        "psp_certificate", tests, provider_begin, provider_end);
}
