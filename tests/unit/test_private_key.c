/* SPDX-License-Identifier: Apache-2.0 */
/* test_private_key.c - private keys in text, in files and by a URI */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fchmod */
#include "tests/unit/keys.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/openssl.h"

/* ---- text --------------------------------------------------------------- */

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

/* ---- a URI -------------------------------------------------------------- */

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uri_is_told_from_a_path),
        cmocka_unit_test(a_uri_without_a_key_is_refused_and_not_repeated),
        cmocka_unit_test(what_is_not_a_usable_private_key_is_refused),
        cmocka_unit_test(both_forms_of_a_private_key_are_the_same_key),
        cmocka_unit_test(a_private_key_of_2047_bits_is_taken),
        cmocka_unit_test(a_new_key_is_usable_and_new),
        cmocka_unit_test(a_key_file_that_others_can_touch_is_refused),
        cmocka_unit_test(a_file_without_a_private_key_is_refused),
        cmocka_unit_test(what_is_not_a_file_is_refused),
    };

    return cmocka_run_group_tests_name("private_key", tests, NULL, NULL);
}
