/* SPDX-License-Identifier: Apache-2.0 */
/* test_public_key.c - public keys that are taken, and the many that are not */
#include "tests/unit/keys.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "crypto/openssl.h"

#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END   "-----END PUBLIC KEY-----"

static const char good_key[] = "keys/rsa2048.pem";

/* ---- text --------------------------------------------------------------- */

static void
keys_of_another_kind_or_size_are_refused(void **state)
{
    static const char *const refused[] = {"keys/rsa1024.pem",
        "keys/rsa2046.pem", "keys/rsa2049.pem", "keys/rsa4096.pem",
        "keys/ec256.pem", "keys/ed25519.pem", "keys/rsa2048-pss.pem",
        "keys/rsa2048-private.pem", "keys/rsa2048-private-pkcs1.pem",
        "keys/rsa2048-private-encrypted.pem", "keys/rsa2048-certificate.pem",
        "keys/rsa2048-trailing-der.pem", "keys/rsa2048-cut-der.pem",
        "keys/ec256-private.pem"};

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct vector pem = vector_read(refused[i]);

        if (parse_public(vector_slice(&pem)) != TRIVET_E_MALFORMED) {
            fail_msg("taken: %s", refused[i]);
        }
    }
}

/* The other form of a public key becomes the usual one. */
static void
a_pkcs1_key_is_taken(void **state)
{
    struct vector pem = vector_read("keys/rsa2048-pkcs1.pem");
    struct trivet_public_key key;
    char text[TRIVET_MAX_PUBLIC_KEY_TEXT];

    (void) state;

    assert_int_equal(
        trivet_public_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_public_key_to_pem(&key, text, sizeof text), TRIVET_OK);
    assert_memory_equal(text, "-----BEGIN PUBLIC KEY-----\n", 27);
    assert_int_equal(parse_public(trivet_slice_text(text)), TRIVET_OK);
}

static void
keys_of_2047_and_2048_bits_are_taken(void **state)
{
    static const char *const taken[] = {"keys/rsa2047.pem", "keys/rsa2048.pem",
        "bunq-server-key.pem", "client-test-key.pub.pem"};

    (void) state;

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct vector pem = vector_read(taken[i]);
        struct trivet_public_key key;
        char text[TRIVET_MAX_PUBLIC_KEY_TEXT];

        assert_int_equal(parse_public(vector_slice(&pem)), TRIVET_OK);
        assert_int_equal(
            trivet_public_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);

        /* These files are in the usual form: they come back as they are. */
        assert_int_equal(
            trivet_public_key_to_pem(&key, text, sizeof text), TRIVET_OK);
        assert_true(trivet_slice_is(vector_slice(&pem), text));
    }
}

/* The base64 between the marks of good_key, without line ends. */
static struct trivet_slice
good_base64(char out[MAX_VECTOR])
{
    struct vector pem = vector_read(good_key);
    size_t len = 0;

    for (size_t i = sizeof BEGIN - 1; i < pem.len - sizeof END; i++) {
        if (pem.bytes[i] != '\n') {
            out[len++] = (char) pem.bytes[i];
        }
    }

    out[len] = '\0';
    return trivet_slice_make(out, len);
}

/* before base64 after, with a break after every num_columns characters. */
static struct trivet_slice
dress(const char *before, const char *after, const char *line_break,
    size_t num_columns)
{
    static char text[MAX_VECTOR];
    char base64[MAX_VECTOR];
    struct trivet_slice in = good_base64(base64);
    size_t len = (size_t) snprintf(text, sizeof text, "%s", before);

    for (size_t i = 0; i < in.len; i++) {
        text[len++] = (char) in.data[i];
        if ((i + 1) % num_columns == 0) {
            len += (size_t) snprintf(
                text + len, sizeof text - len, "%s", line_break);
        }
    }

    len += (size_t) snprintf(text + len, sizeof text - len, "%s", after);
    return trivet_slice_make(text, len);
}

static void
line_ends_blanks_and_columns_do_not_matter(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        const char *line_break;
        size_t num_columns;
    } rows[] = {
        {BEGIN "\n", "\n" END "\n", "\n", 64},
        {BEGIN "\n", "\n" END, "\n", 64},
        {BEGIN "\r\n", "\r\n" END "\r\n", "\r\n", 64},
        {BEGIN "\r\n", "\r\n" END, "\r\n", 64},
        {BEGIN "\r", "\r" END "\r", "\r", 64},
        {BEGIN "\n", "\n" END "\n", "", 64},
        {BEGIN, END, "", 64},
        {BEGIN " ", " " END, " ", 64},
        {BEGIN "\n", "\n" END "\n", "\n", 76},
        {BEGIN "\n", "\n" END "\n", "\n", 1},
        {BEGIN "\n", "\n" END "\n", "\n", 7},
        {" \t\r\n\n" BEGIN "\n\n", "\n\n\n" END "\n\r\n\t ", "\n\n", 64},
        {BEGIN "\n\t", "\n\t" END "\n", "\n\t    ", 64},
    };
    struct vector pem = vector_read(good_key);
    struct trivet_public_key expected;

    (void) state;

    assert_int_equal(
        trivet_public_key_parse(vector_slice(&pem), &expected, NULL),
        TRIVET_OK);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_public_key key;

        if (trivet_public_key_parse(
                dress(rows[i].before, rows[i].after, rows[i].line_break,
                    rows[i].num_columns),
                &key, NULL)
            != TRIVET_OK)
        {
            fail_msg("row %zu", i);
        }
        assert_int_equal(key.der_len, expected.der_len);
        assert_memory_equal(key.der, expected.der, expected.der_len);
    }
}

static void
marks_are_whole_and_nothing_else_is_around(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        const char *line_break;
    } rows[] = {
        {"", "", "\n"},
        {"\n", "\n", "\n"},
        {BEGIN "\n", "", "\n"},
        {"", "\n" END "\n", "\n"},
        {END "\n", "\n" BEGIN "\n", "\n"},
        {BEGIN "\n", "\n" BEGIN "\n", "\n"},
        {"----BEGIN PUBLIC KEY-----\n", "\n" END "\n", "\n"},
        {"------BEGIN PUBLIC KEY-----\n", "\n" END "\n", "\n"},
        {BEGIN "-\n", "\n" END "\n", "\n"},
        {BEGIN "\n", "\n-----END PUBLIC KEY----\n", "\n"},
        {BEGIN "\n", "\n-----END PUBLIC KEY------\n", "\n"},
        {"-----begin public key-----\n", "\n" END "\n", "\n"},
        {"-----BEGIN  PUBLIC KEY-----\n", "\n" END "\n", "\n"},
        {"-----BEGIN RSA PUBLIC KEY-----\n", "\n-----END RSA PUBLIC KEY-----\n",
            "\n"},
        {"-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----\n",
            "\n"},
        {"-----BEGIN CERTIFICATE-----\n", "\n-----END CERTIFICATE-----\n",
            "\n"},
        {"x" BEGIN "\n", "\n" END "\n", "\n"},
        {"Comment: x\n" BEGIN "\n", "\n" END "\n", "\n"},
        {BEGIN "\nProc-Type: 4,ENCRYPTED\n\n", "\n" END "\n", "\n"},
        {BEGIN "\n", "\n" END "\nx", "\n"},
        {BEGIN "\n", "\n" END "\n" END "\n", "\n"},
        {BEGIN "\n" BEGIN "\n", "\n" END "\n", "\n"},
        {"\xef\xbb\xbf" BEGIN "\n", "\n" END "\n", "\n"},
        /* a line end that was escaped once too often */
        {BEGIN "\\n", "\\n" END "\\n", "\\n"},
        {BEGIN "\n", "\n" END "\n", "\\n"},
        {BEGIN "\n", "\n" END "\n", "\v"},
        {BEGIN "\n", "\n" END "\n", "-"},
        {BEGIN "\n", "\n" END "\n", "="},
        {BEGIN "\n", "=\n" END "\n", "\n"},
        {BEGIN "\n", "====\n" END "\n", "\n"},
        {BEGIN "\n", "AAAA\n" END "\n", "\n"},
        {BEGIN "\nAAAA", "\n" END "\n", "\n"},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse_public(
                dress(rows[i].before, rows[i].after, rows[i].line_break, 64))
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: row %zu", i);
        }
    }
}

static void
no_key_is_no_key(void **state)
{
    static const char *const refused[] = {"", " ", "\n", "key", BEGIN, END,
        BEGIN END, BEGIN "\n" END "\n", BEGIN "\n\n" END, BEGIN "\nAAAA\n" END,
        BEGIN "\nMAA=\n" END, BEGIN "\nMIIB\n" END, "-----BEGIN PUBLIC KEY",
        "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----"};
    static const char nul[] = BEGIN "\0" END;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(
            parse_public(trivet_slice_text(refused[i])), TRIVET_E_MALFORMED);
    }
    assert_int_equal(
        parse_public(trivet_slice_make(NULL, 0)), TRIVET_E_MALFORMED);
    assert_int_equal(
        parse_public(trivet_slice_make(nul, sizeof nul)), TRIVET_E_MALFORMED);
}

static void
a_key_cut_anywhere_is_refused(void **state)
{
    struct vector pem = vector_read(good_key);

    (void) state;

    for (size_t len = 0; len + 1 < pem.len; len++) {
        struct vector cut = pem;

        assert_int_equal(parse_public(trivet_slice_make(pem.bytes, len)),
            TRIVET_E_MALFORMED);

        /* the same with its end mark put back */
        cut.len = len;
        memcpy(cut.bytes + len, "\n" END, sizeof END);
        cut.len += sizeof END;
        if (len + sizeof END + 1 < pem.len) {
            assert_int_equal(
                parse_public(vector_slice(&cut)), TRIVET_E_MALFORMED);
        }
    }
}

static void
a_text_that_is_too_long_is_refused(void **state)
{
    static char text[TRIVET_MAX_PUBLIC_KEY_TEXT + 1];
    struct vector pem = vector_read(good_key);

    (void) state;

    memset(text, '\n', sizeof text);
    memcpy(text, pem.bytes, pem.len);
    assert_int_equal(
        parse_public(trivet_slice_make(text, sizeof text - 1)), TRIVET_OK);
    assert_int_equal(
        parse_public(trivet_slice_make(text, sizeof text)), TRIVET_E_MALFORMED);

    /* as much base64 as the text may hold: far more than a key */
    memset(text, 'A', sizeof text);
    memcpy(text, BEGIN, sizeof BEGIN - 1);
    memcpy(text + sizeof text - sizeof END, END, sizeof END - 1);
    assert_int_equal(parse_public(trivet_slice_make(text, sizeof text - 1)),
        TRIVET_E_MALFORMED);
}

/* ---- exponents ---------------------------------------------------------- */

/* A public key with the modulus of good_key and this exponent, in PEM. */
static struct vector
with_exponent(uint64_t exponent)
{
    struct vector pem = vector_read(good_key);
    BIO *in = BIO_new_mem_buf(pem.bytes, (int) pem.len);
    BIO *out = BIO_new(BIO_s_mem());
    EVP_PKEY *old = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = NULL;
    BIGNUM *e = BN_new();
    OSSL_PARAM *params;
    int len;

    assert_int_equal(EVP_PKEY_get_bn_param(old, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_set_word(e, exponent), 1);
    assert_int_equal(
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, params), 1);
    assert_int_equal(PEM_write_bio_PUBKEY(out, made), 1);
    len = BIO_read(out, pem.bytes, sizeof pem.bytes);
    assert_true(len > 0);
    pem.len = (size_t) len;

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(old);
    EVP_PKEY_free(made);
    BIO_free(in);
    BIO_free(out);

    return pem;
}

static void
an_exponent_is_odd_at_least_65537_and_of_32_bits(void **state)
{
    static const struct {
        uint64_t exponent;
        enum trivet_status status;
    } rows[] = {
        {0, TRIVET_E_MALFORMED},
        {1, TRIVET_E_MALFORMED},
        {2, TRIVET_E_MALFORMED},
        {4, TRIVET_E_MALFORMED},
        {65536, TRIVET_E_MALFORMED},
        {UINT64_C(0xfffffffe), TRIVET_E_MALFORMED},
        {UINT64_C(0x100000001), TRIVET_E_MALFORMED},
        {UINT64_C(0xffffffffffffffff), TRIVET_E_MALFORMED},
        {3, TRIVET_E_MALFORMED},
        {17, TRIVET_E_MALFORMED},
        {257, TRIVET_E_MALFORMED},
        {65535, TRIVET_E_MALFORMED},
        {65537, TRIVET_OK},
        {65539, TRIVET_OK},
        {UINT64_C(0xffffffff), TRIVET_OK},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vector pem = with_exponent(rows[i].exponent);

        if (parse_public(vector_slice(&pem)) != rows[i].status) {
            fail_msg("row %zu", i);
        }
    }
}

static void
text_that_does_not_fit_is_not_written(void **state)
{
    struct vector pem = vector_read(good_key);
    struct trivet_public_key key;
    char text[MAX_VECTOR];

    (void) state;

    assert_int_equal(
        trivet_public_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);
    assert_int_not_equal(
        trivet_public_key_to_pem(&key, text, pem.len), TRIVET_OK);
    assert_int_not_equal(trivet_public_key_to_pem(&key, text, 0), TRIVET_OK);
    assert_int_equal(
        trivet_public_key_to_pem(&key, text, pem.len + 1), TRIVET_OK);

    key.der_len--;
    assert_int_equal(
        trivet_public_key_to_pem(&key, text, sizeof text), TRIVET_E_MALFORMED);
    assert_queue_is_empty();
}

/* ---- the short way ------------------------------------------------------ */

/* What the short way takes is what OpenSSL's decoder takes, byte by byte. */
static void
the_short_way_is_the_long_way(void **state)
{
    struct trivet_public_key key;
    struct vector pem = vector_read(good_key);
    unsigned num_short = 0;

    (void) state;

    assert_int_equal(
        trivet_public_key_parse(vector_slice(&pem), &key, NULL), TRIVET_OK);

    for (size_t i = 0; i < key.der_len * 8; i++) {
        struct trivet_slice der = trivet_slice_make(key.der, key.der_len);
        unsigned char bit = (unsigned char) (1U << i % 8);
        EVP_PKEY *by_us;
        EVP_PKEY *by_decoder;
        const unsigned char *p = key.der;

        key.der[i / 8] ^= bit;
        by_us = trivet_openssl_public_key(der);
        by_decoder = d2i_PUBKEY(NULL, &p, (long) key.der_len);
        ERR_clear_error();

        if (trivet_openssl_is_common_der(der)) {
            num_short++;
            assert_non_null(by_us);
        }
        if (by_us != NULL) {
            assert_non_null(by_decoder);
            assert_int_equal(EVP_PKEY_eq(by_us, by_decoder), 1);
        }

        EVP_PKEY_free(by_us);
        EVP_PKEY_free(by_decoder);
        key.der[i / 8] ^= bit;
    }

    /* all bits of the modulus but its first and its last */
    assert_int_equal(num_short, 2046);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_another_kind_or_size_are_refused),
        cmocka_unit_test(a_pkcs1_key_is_taken),
        cmocka_unit_test(keys_of_2047_and_2048_bits_are_taken),
        cmocka_unit_test(line_ends_blanks_and_columns_do_not_matter),
        cmocka_unit_test(marks_are_whole_and_nothing_else_is_around),
        cmocka_unit_test(no_key_is_no_key),
        cmocka_unit_test(a_key_cut_anywhere_is_refused),
        cmocka_unit_test(a_text_that_is_too_long_is_refused),
        cmocka_unit_test(an_exponent_is_odd_at_least_65537_and_of_32_bits),
        cmocka_unit_test(text_that_does_not_fit_is_not_written),
        cmocka_unit_test(the_short_way_is_the_long_way),
    };

    return cmocka_run_group_tests_name("public_key", tests, NULL, NULL);
}
