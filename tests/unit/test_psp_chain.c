/* SPDX-License-Identifier: Apache-2.0 */
/* test_psp_chain.c - from a provider's certificate to a root */
#include "tests/unit/provider.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stdlib.h>

static EVP_PKEY *
make_explicit_curve(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_non_null(key);
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(
            key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT),
        1);
    return key;
}

/* Also of a certificate that the way to the root does not need. */
static void
keys_of_a_chain_are_bounded(void **state)
{
    const enum trivet_psp_fault GOOD = TRIVET_PSP_GOOD;
    const enum trivet_psp_fault BAD = TRIVET_PSP_CHAIN;
    struct {
        EVP_PKEY *key;
        enum trivet_psp_fault fault;
    } rows[] = {
        {make_public_rsa(1024, 65537), GOOD}, /* needed by nobody: cheap */
        {make_public_rsa(4096, 65537), GOOD},
        {make_public_rsa(4097, 65537), BAD},
        {make_public_rsa(8192, 65537), BAD},
        {make_public_rsa(16384, 3), BAD},
        {make_public_rsa(2048, 3), GOOD},
        {make_public_rsa(2048, 0xffffffff), GOOD},
        {make_public_rsa(2048, 0x100000001), BAD},
        {make_public_rsa(4096, UINT64_MAX), BAD},
        {EVP_EC_gen("P-256"), GOOD},
        {EVP_EC_gen("P-384"), GOOD},
        {EVP_EC_gen("P-521"), GOOD},
        {EVP_EC_gen("brainpoolP256r1"), GOOD},
        {EVP_EC_gen("brainpoolP512r1"), GOOD},
        {EVP_EC_gen("secp256k1"), BAD},
        {EVP_EC_gen("P-224"), BAD},
        {EVP_EC_gen("sect571r1"), BAD},
        {EVP_EC_gen("brainpoolP256t1"), BAD},
        {make_explicit_curve(), BAD},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), GOOD},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), GOOD},
        {EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), BAD},
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(rows); i++) {
        X509 *extra;

        assert_non_null(rows[i].key);
        extra = make_ca("Extra", rows[i].key, made.root, made.root_key);
        if (judge_with(make_plain(), extra, NULL) != rows[i].fault) {
            fail_msg("the key of row %zu", i);
        }
        EVP_PKEY_free(rows[i].key);
    }
}

static void
a_chain_has_ten_certificates_at_most(void **state)
{
    struct trivet_psp_trust trust = trust_claimed();
    struct trivet_psp psp;
    X509 *own = make_plain();
    struct text *own_text = calloc(1, sizeof *own_text);
    struct text *chain = calloc(1, sizeof *chain);

    (void) state;

    add_pem(own_text, own);
    assert_int_equal(judge(own_text, chain, &trust, &psp), TRIVET_PSP_CHAIN);
    add_pem(chain, made.root);
    assert_int_equal(judge(own_text, chain, &trust, &psp), TRIVET_PSP_CHAIN);
    for (int num = 2; num <= 12; num++) {
        add_pem(chain, made.middle);
        assert_int_equal(judge(own_text, chain, &trust, &psp),
            num <= 10 ? TRIVET_PSP_GOOD : TRIVET_PSP_CHAIN);
    }

    /* and one certificate of one's own */
    chain->len = 0;
    add_pem(chain, made.middle);
    add_pem(chain, made.root);
    add_pem(own_text, own);
    assert_int_equal(
        judge(own_text, chain, &trust, &psp), TRIVET_PSP_CERTIFICATE);

    X509_free(own);
    free(own_text);
    free(chain);
}

/* Two that signed each other, one that signed itself under another key. */
static void
a_circle_leads_nowhere(void **state)
{
    struct trivet_psp_trust trust = trust_claimed();
    struct trivet_psp psp;
    EVP_PKEY *other_key = EVP_EC_gen("P-256");
    X509 *other = make_ca("Other", other_key, made.middle, made.middle_key);
    X509 *round = make_ca("A Middle", made.middle_key, other, other_key);
    X509 *self = make_ca("A Middle", made.middle_key, NULL, other_key);
    X509 *own = make_plain();
    struct text *own_text = calloc(1, sizeof *own_text);
    struct text *chain = calloc(1, sizeof *chain);

    (void) state;

    add_pem(own_text, own);
    add_pem(chain, round);
    add_pem(chain, other);
    assert_int_equal(judge(own_text, chain, &trust, &psp), TRIVET_PSP_CHAIN);
    add_pem(chain, made.root); /* that signed none of them */
    assert_int_equal(judge(own_text, chain, &trust, &psp), TRIVET_PSP_CHAIN);

    chain->len = 0;
    add_pem(chain, self);
    add_pem(chain, made.root);
    assert_int_equal(judge(own_text, chain, &trust, &psp), TRIVET_PSP_CHAIN);

    X509_free(other);
    X509_free(round);
    X509_free(self);
    X509_free(own);
    EVP_PKEY_free(other_key);
    free(own_text);
    free(chain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_chain_are_bounded),
        cmocka_unit_test(a_chain_has_ten_certificates_at_most),
        cmocka_unit_test(a_circle_leads_nowhere),
    };

    return cmocka_run_group_tests_name(
        "psp_chain", tests, provider_begin, provider_end);
}
