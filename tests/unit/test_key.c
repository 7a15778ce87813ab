/* SPDX-License-Identifier: Apache-2.0 */
/* test_key.c - keys that are taken, and the many that are not */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fchmod */
#include "tests/unit/vector.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END   "-----END PUBLIC KEY-----"

static const char good_key[] = "keys/rsa2048.pem";

/* nginx would take an error that we leave behind for its connection's. */
static void
assert_queue_is_empty(void)
{
    assert_int_equal(ERR_peek_error(), 0);
}

static enum trivet_status
parse_public(struct trivet_slice pem)
{
    struct trivet_public_key key = {.der_len = 77};
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status = trivet_public_key_parse(pem, &key, &err);

    assert_queue_is_empty();
    assert_int_equal(err.status, status);
    if (status != TRIVET_OK) {
        assert_int_equal(key.der_len, 77);
        assert_true(err.detail[0] != '\0');
    }
    assert_int_equal(trivet_public_key_parse(pem, &key, NULL), status);

    return status;
}

/* ---- keys by a URI ------------------------------------------------------ */

static void
a_uri_is_told_from_a_path(void **state)
{
    static const char *const uris[] = {"pkcs11:", "pkcs11:token=a;object=b",
        "file:/a", "file:a", "org.openssl.engine:x:y", "a+b:c", "HTTPS://a"};
    static const char *const paths[] = {"", ":", "a", "/a", "./pkcs11:a",
        "/pkcs11:a", "a/b:c", "c:", "a b:c", "server.pem", "../a:b", "_a:b"};

    (void) state;

    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        assert_true(trivet_private_key_is_uri(uris[i]));
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_false(trivet_private_key_is_uri(paths[i]));
    }
}

static void
a_uri_without_a_key_is_refused_and_not_repeated(void **state)
{
    /* pkcs11: is for the system tests: its engine leaks */
    static const char *const refused[] = {
        "none:4711", "data:,4711", "file:/dev/null?4711", "file:4711"};

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct trivet_private_key *key = NULL;
        struct trivet_error err = {.status = TRIVET_OK};
        enum trivet_status status =
            trivet_private_key_open(refused[i], &key, &err);

        assert_true(status == TRIVET_E_UNAVAILABLE || status == TRIVET_E_USAGE);
        assert_int_equal(err.status, status);
        assert_null(key);
        assert_null(strstr(err.detail, "4711"));
        assert_queue_is_empty();
    }
}

/* ---- public keys in text ------------------------------------------------ */

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

/* ---- private keys ------------------------------------------------------- */

static enum trivet_status
parse_private(struct trivet_slice pem, struct trivet_private_key **out)
{
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status = trivet_private_key_parse(pem, out, &err);

    assert_queue_is_empty();
    assert_int_equal(err.status, status);
    return status;
}

static void
what_is_not_a_usable_private_key_is_refused(void **state)
{
    static const char *const refused[] = {"keys/rsa2048.pem",
        "keys/rsa2048-pkcs1.pem", "keys/rsa2048-certificate.pem",
        "keys/rsa2048-private-encrypted.pem", "keys/ec256-private.pem",
        "keys/rsa4096.pem", "client-request.body"};
    struct trivet_private_key *key = NULL;
    struct vector pem = vector_read("keys/rsa2048-private.pem");
    EVP_PKEY *small = EVP_RSA_gen(1024);
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct vector text = vector_read(refused[i]);

        if (parse_private(vector_slice(&text), &key) != TRIVET_E_MALFORMED) {
            fail_msg("taken: %s", refused[i]);
        }
    }

    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, small, NULL, NULL, 0, NULL, NULL),
        1);
    len = BIO_get_mem_data(bio, &data);
    assert_int_equal(parse_private(trivet_slice_make(data, (size_t) len), &key),
        TRIVET_E_MALFORMED);
    BIO_free(bio);
    EVP_PKEY_free(small);

    assert_int_equal(
        parse_private(trivet_slice_text(""), &key), TRIVET_E_MALFORMED);
    assert_int_equal(
        parse_private(trivet_slice_make(NULL, 0), &key), TRIVET_E_MALFORMED);
    assert_int_equal(
        parse_private(trivet_slice_make(pem.bytes, pem.len / 2), &key),
        TRIVET_E_MALFORMED);

    assert_null(key);
}

static void
both_forms_of_a_private_key_are_the_same_key(void **state)
{
    static const char *const taken[] = {
        "keys/rsa2048-private.pem", "keys/rsa2048-private-pkcs1.pem"};
    struct vector private_pem = vector_read("keys/rsa2048-private.pem");
    struct vector public_pem = vector_read("keys/rsa2048.pem");
    struct trivet_public_key expected;

    (void) state;

    assert_int_equal(
        trivet_public_key_parse(vector_slice(&public_pem), &expected, NULL),
        TRIVET_OK);

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct vector pem = vector_read(taken[i]);
        struct trivet_private_key *key = NULL;
        struct trivet_public_key half;
        char text[MAX_VECTOR];

        assert_int_equal(parse_private(vector_slice(&pem), &key), TRIVET_OK);

        assert_int_equal(
            trivet_private_key_to_pem(key, text, sizeof text), TRIVET_OK);
        assert_true(trivet_slice_is(vector_slice(&private_pem), text));
        assert_int_equal(
            trivet_private_key_public_pem(key, text, sizeof text), TRIVET_OK);
        assert_true(trivet_slice_is(vector_slice(&public_pem), text));

        assert_int_equal(trivet_private_key_public(key, &half), TRIVET_OK);
        assert_int_equal(half.der_len, expected.der_len);
        assert_memory_equal(half.der, expected.der, expected.der_len);

        assert_int_equal(trivet_private_key_to_pem(key, text, private_pem.len),
            TRIVET_E_LIMIT);
        assert_int_equal(
            trivet_private_key_public_pem(key, text, public_pem.len),
            TRIVET_E_LIMIT);

        trivet_private_key_free(key);
    }

    trivet_private_key_free(NULL);
}

static void
a_private_key_of_2047_bits_is_taken(void **state)
{
    struct vector pem = vector_read("keys/rsa2047-private.pem");
    struct trivet_private_key *key = NULL;

    (void) state;

    assert_int_equal(parse_private(vector_slice(&pem), &key), TRIVET_OK);
    trivet_private_key_free(key);
}

static void
a_new_key_is_usable_and_new(void **state)
{
    struct trivet_public_key halves[2];

    (void) state;

    for (size_t i = 0; i < 2; i++) {
        struct trivet_private_key *key = NULL;
        char text[MAX_VECTOR];
        struct trivet_private_key *again = NULL;

        assert_int_equal(trivet_private_key_generate(&key, NULL), TRIVET_OK);
        assert_int_equal(EVP_PKEY_get_bits(key->pkey), 2048);
        assert_int_equal(trivet_private_key_public(key, &halves[i]), TRIVET_OK);

        assert_int_equal(
            trivet_private_key_to_pem(key, text, sizeof text), TRIVET_OK);
        assert_int_equal(
            parse_private(trivet_slice_text(text), &again), TRIVET_OK);
        assert_int_equal(EVP_PKEY_eq(key->pkey, again->pkey), 1);
        trivet_private_key_free(again);

        assert_int_equal(
            trivet_private_key_public_pem(key, text, sizeof text), TRIVET_OK);
        assert_int_equal(parse_public(trivet_slice_text(text)), TRIVET_OK);
        trivet_private_key_free(key);
    }

    assert_false(
        halves[0].der_len == halves[1].der_len
        && memcmp(halves[0].der, halves[1].der, halves[0].der_len) == 0);
    assert_queue_is_empty();
}

/* ---- files -------------------------------------------------------------- */

/* Writes bytes to a new file of that mode, and loads a key from it. */
static enum trivet_status
load_file(struct trivet_slice bytes, mode_t mode,
    struct trivet_private_key **out, struct trivet_error *err)
{
    char path[] = "/tmp/trivet-test-key-XXXXXX";
    int fd = mkstemp(path);
    enum trivet_status status;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.len), (ssize_t) bytes.len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);

    status = trivet_private_key_load(path, out, err);
    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        assert_non_null(strstr(err->detail, path));
        assert_null(strstr(err->detail, "PRIVATE KEY-----"));
    }

    assert_int_equal(unlink(path), 0);
    assert_queue_is_empty();
    return status;
}

static void
a_key_file_that_others_can_touch_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        enum trivet_status status;
    } rows[] = {
        {0644, TRIVET_E_USAGE},
        {0640, TRIVET_E_USAGE},
        {0604, TRIVET_E_USAGE},
        {0620, TRIVET_E_USAGE},
        {0602, TRIVET_E_USAGE},
        {0660, TRIVET_E_USAGE},
        {0666, TRIVET_E_USAGE},
        {0777, TRIVET_E_USAGE},
        {0600, TRIVET_OK},
        {0400, TRIVET_OK},
        {0700, TRIVET_OK},
    };
    struct vector pem = vector_read("keys/rsa2048-private.pem");

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_private_key *key = NULL;
        struct trivet_error err = {.status = TRIVET_OK};

        if (load_file(vector_slice(&pem), rows[i].mode, &key, &err)
            != rows[i].status) {
            fail_msg("mode %o", (unsigned) rows[i].mode);
        }
        assert_int_equal(key != NULL, rows[i].status == TRIVET_OK);
        trivet_private_key_free(key);
    }
}

static void
a_file_without_a_private_key_is_refused(void **state)
{
    static const char *const refused[] = {"keys/rsa2048.pem",
        "keys/ec256-private.pem", "keys/rsa2048-private-encrypted.pem",
        "client-request.body"};
    static char long_text[80000];
    struct trivet_private_key *key = NULL;
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct vector pem = vector_read(refused[i]);

        assert_int_equal(load_file(vector_slice(&pem), 0600, &key, &err),
            TRIVET_E_MALFORMED);
        assert_int_equal(err.status, TRIVET_E_MALFORMED);
    }

    assert_int_equal(
        load_file(trivet_slice_text(""), 0600, &key, &err), TRIVET_E_MALFORMED);
    memset(long_text, 'A', sizeof long_text);
    assert_int_equal(load_file(trivet_slice_make(long_text, sizeof long_text),
                         0600, &key, &err),
        TRIVET_E_MALFORMED);
    assert_null(key);
}

static void
what_is_not_a_file_is_refused(void **state)
{
    static const struct {
        const char *path;
        enum trivet_status status;
    } rows[] = {
        {"", TRIVET_E_NOT_FOUND},
        {"/nonexistent/trivet/key.pem", TRIVET_E_NOT_FOUND},
        {"/tmp", TRIVET_E_USAGE},
        {"/dev/null", TRIVET_E_USAGE},
        {"/dev/zero", TRIVET_E_USAGE},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_private_key *key = NULL;
        struct trivet_error err = {.status = TRIVET_OK};

        assert_int_equal(
            trivet_private_key_load(rows[i].path, &key, &err), rows[i].status);
        assert_int_equal(err.status, rows[i].status);
        assert_null(key);
        assert_int_equal(
            trivet_private_key_load(rows[i].path, &key, NULL), rows[i].status);
    }
}

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
        cmocka_unit_test(a_uri_is_told_from_a_path),
        cmocka_unit_test(a_uri_without_a_key_is_refused_and_not_repeated),
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
        cmocka_unit_test(what_is_not_a_usable_private_key_is_refused),
        cmocka_unit_test(both_forms_of_a_private_key_are_the_same_key),
        cmocka_unit_test(a_private_key_of_2047_bits_is_taken),
        cmocka_unit_test(a_new_key_is_usable_and_new),
        cmocka_unit_test(a_key_file_that_others_can_touch_is_refused),
        cmocka_unit_test(a_file_without_a_private_key_is_refused),
        cmocka_unit_test(what_is_not_a_file_is_refused),
        cmocka_unit_test(the_short_way_is_the_long_way),
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
