/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - RSA key pairs: files, PEM, DER */
#define _POSIX_C_SOURCE 200809L
#include "crypto/key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/file.h"
#include "base/secret.h"
#include "crypto/openssl.h"
#include "crypto/weak.h"

enum { MAX_KEY_FILE = 64 * 1024 };

enum trivet_status
trivet_openssl_wrap(
    EVP_PKEY *pkey, struct trivet_private_key **out, struct trivet_error *err)
{
    struct trivet_private_key *key;

    if (!trivet_openssl_is_usable_rsa(pkey)) {
        EVP_PKEY_free(pkey);
        return trivet_openssl_error(
            err, TRIVET_E_MALFORMED, "key.load", "not an RSA key of 2048 bits");
    }

    key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "key.load", "out of memory");
    }

    key->pkey = pkey;
    *out = key;
    return TRIVET_OK;
}

/* Refuses to ask a terminal for the passphrase of an encrypted key. */
static int
no_passphrase(char *buffer, int size, int is_writing, void *user)
{
    (void) buffer;
    (void) size;
    (void) is_writing;
    (void) user;

    return -1;
}

enum trivet_status
trivet_private_key_parse(struct trivet_slice pem,
    struct trivet_private_key **out, struct trivet_error *err)
{
    EVP_PKEY *pkey;
    BIO *bio;

    if (pem.len == 0 || pem.len > MAX_KEY_FILE) {
        return trivet_error_set(
            err, TRIVET_E_MALFORMED, "key.parse", "no private key in PEM");
    }

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    if (bio == NULL) {
        return trivet_openssl_error(
            err, TRIVET_E_MEMORY, "key.parse", "out of memory");
    }

    pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (pkey == NULL) {
        return trivet_openssl_error(
            err, TRIVET_E_MALFORMED, "key.parse", "no private key in PEM");
    }

    return trivet_openssl_wrap(pkey, out, err);
}

static enum trivet_status
fail_on_content(
    enum trivet_status status, const char *path, struct trivet_error *err)
{
    return trivet_error_set(err, status, "key.load",
        "%s: no RSA private key of 2048 bits in PEM without a passphrase",
        path);
}

static enum trivet_status
read_key_file(
    const char *path, struct trivet_buffer *out, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS_OR_ROOTS,
        .forbidden_mode = 077,
        .accepts_read_only_mount = true,
        .content = "the private key",
    };
    enum trivet_status status;
    int fd = -1;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, err));
    status = trivet_file_read_all(fd, path, out, err);
    (void) close(fd);

    if (status == TRIVET_E_LIMIT) {
        return fail_on_content(TRIVET_E_MALFORMED, path, err);
    }

    return status;
}

static enum trivet_status
parse_file(const char *path, const struct trivet_buffer *text,
    struct trivet_private_key **out, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_private_key_parse(trivet_buffer_slice(text), out, NULL);

    return status == TRIVET_OK ? status : fail_on_content(status, path, err);
}

enum trivet_status
trivet_private_key_load(
    const char *path, struct trivet_private_key **out, struct trivet_error *err)
{
    struct trivet_buffer text = trivet_buffer_make(MAX_KEY_FILE);
    enum trivet_status status = read_key_file(path, &text, err);

    if (status == TRIVET_OK) {
        status = parse_file(path, &text, out, err);
    }

    trivet_buffer_free(&text);
    return status;
}

enum trivet_status
trivet_private_key_generate(
    struct trivet_private_key **out, struct trivet_error *err)
{
    EVP_PKEY *pkey = EVP_RSA_gen(2048);

    if (pkey == NULL) {
        return trivet_openssl_error(
            err, TRIVET_E_CRYPTO, "key.generate", "cannot make an RSA key");
    }

    return trivet_openssl_wrap(pkey, out, err);
}

void
trivet_private_key_free(struct trivet_private_key *key)
{
    if (key == NULL) {
        return;
    }

    EVP_PKEY_free(key->pkey);
    CRYPTO_THREAD_lock_free(key->lock);
    free(key);
}

/* Copies what a memory BIO holds into out, NUL-terminated; frees the BIO. */
static enum trivet_status
take_text(BIO *bio, char *out, size_t cap)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    enum trivet_status status = TRIVET_E_LIMIT;

    if (len > 0 && (size_t) len < cap) {
        memcpy(out, data, (size_t) len);
        out[len] = '\0';
        status = TRIVET_OK;
    }

    BIO_free(bio);
    return status;
}

enum trivet_status
trivet_private_key_to_pem(
    const struct trivet_private_key *key, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (bio == NULL
        || PEM_write_bio_PKCS8PrivateKey(
               bio, key->pkey, NULL, NULL, 0, NULL, NULL)
               != 1)
    {
        BIO_free(bio);
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return take_text(bio, out, cap);
}

static enum trivet_status
write_public(const EVP_PKEY *pkey, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio == NULL || PEM_write_bio_PUBKEY(bio, pkey) != 1) {
        BIO_free(bio);
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return take_text(bio, out, cap);
}

enum trivet_status
trivet_private_key_public_pem(
    const struct trivet_private_key *key, char *out, size_t cap)
{
    return write_public(key->pkey, out, cap);
}

static enum trivet_status
to_der(const EVP_PKEY *pkey, struct trivet_public_key *out)
{
    unsigned char *p = out->der;
    int len = i2d_PUBKEY(pkey, NULL);

    if (len <= 0 || (size_t) len > sizeof out->der
        || i2d_PUBKEY(pkey, &p) != len) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    out->der_len = (size_t) len;
    return TRIVET_OK;
}

enum trivet_status
trivet_private_key_public(
    const struct trivet_private_key *key, struct trivet_public_key *out)
{
    return to_der(key->pkey, out);
}

/* What stands around SubjectPublicKeyInfo, and around PKCS#1's RSAPublicKey. */
struct marks {
    const char *begin;
    const char *end;
    bool is_pkcs1;
};
static const struct marks marks[] = {
    {"-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", false},
    {"-----BEGIN RSA PUBLIC KEY-----", "-----END RSA PUBLIC KEY-----", true},
};

/* Cuts these marks off; false when they are not both there. */
static bool
strip_marks(struct trivet_slice *text, const struct marks *around)
{
    struct trivet_slice t = trivet_slice_trim(*text);
    size_t begin_len = strlen(around->begin);
    size_t end_len = strlen(around->end);

    if (t.len < begin_len + end_len
        || !trivet_slice_starts_with(t, around->begin)
        || !trivet_slice_is(
            trivet_slice_after(t, t.len - end_len), around->end))
    {
        return false;
    }

    t = trivet_slice_after(t, begin_len);
    t.len -= end_len;
    *text = t;
    return true;
}

static bool
strip_any_marks(struct trivet_slice *text, bool *out_is_pkcs1)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strip_marks(text, &marks[i])) {
            *out_is_pkcs1 = marks[i].is_pkcs1;
            return true;
        }
    }

    return false;
}

/*
 * The DER inside a PEM. Not OpenSSL's reader: that one is strict about lines,
 * which clients get wrong, and costs half a millisecond.
 */
static enum trivet_status
decode_pem(struct trivet_slice pem, unsigned char *out, size_t cap,
    size_t *out_len, bool *out_is_pkcs1)
{
    unsigned char base64[TRIVET_MAX_PUBLIC_KEY_TEXT];
    size_t len = 0;

    if (pem.len > sizeof base64 || !strip_any_marks(&pem, out_is_pkcs1)) {
        return TRIVET_E_MALFORMED;
    }

    for (size_t i = 0; i < pem.len; i++) {
        unsigned char c = pem.data[i];

        if (c != '\n' && c != '\r' && c != ' ' && c != '\t') {
            base64[len++] = c;
        }
    }

    return trivet_base64_decode(
        trivet_slice_make(base64, len), out, cap, out_len);
}

/* The key in der, of either form; NULL as trivet_openssl_public_key. */
static EVP_PKEY *
read_der(struct trivet_slice der, bool is_pkcs1)
{
    const unsigned char *p = der.data;
    EVP_PKEY *pkey;

    if (!is_pkcs1) {
        return trivet_openssl_public_key(der);
    }

    pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long) der.len);
    if (pkey != NULL
        && (p != der.data + der.len || !trivet_openssl_is_usable_rsa(pkey)))
    {
        EVP_PKEY_free(pkey);
        return NULL;
    }

    return pkey;
}

static enum trivet_status
refuse_weak(struct trivet_error *err, const char *weakness)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "key.parse",
        "an RSA key that others can break (%s)", weakness);
}

/* DER as OpenSSL itself would write it: nothing to parse, nothing to write. */
static enum trivet_status
take_common(struct trivet_slice der, struct trivet_public_key *out,
    struct trivet_error *err)
{
    BIGNUM *modulus = trivet_openssl_common_modulus(der);
    const char *weakness =
        modulus == NULL ? "unknown" : trivet_weak_modulus(modulus);

    BN_free(modulus);
    if (weakness != NULL) {
        ERR_clear_error();
        return refuse_weak(err, weakness);
    }

    memcpy(out->der, der.data, der.len);
    out->der_len = der.len;
    return TRIVET_OK;
}

static enum trivet_status
take_any(struct trivet_slice der, bool is_pkcs1, struct trivet_public_key *out,
    struct trivet_error *err)
{
    EVP_PKEY *pkey = read_der(der, is_pkcs1);
    enum trivet_status status;
    const char *weakness;

    if (pkey == NULL) {
        return trivet_openssl_error(err, TRIVET_E_MALFORMED, "key.parse",
            "not an RSA public key of 2048 bits");
    }

    weakness = trivet_weak_key(pkey);
    status = weakness == NULL ? to_der(pkey, out) : refuse_weak(err, weakness);
    EVP_PKEY_free(pkey);

    return status;
}

enum trivet_status
trivet_public_key_parse(struct trivet_slice pem, struct trivet_public_key *out,
    struct trivet_error *err)
{
    unsigned char bytes[TRIVET_MAX_PUBLIC_KEY_DER];
    struct trivet_slice der = {.data = bytes};
    bool is_pkcs1;

    if (decode_pem(pem, bytes, sizeof bytes, &der.len, &is_pkcs1) != TRIVET_OK)
    {
        return trivet_error_set(
            err, TRIVET_E_MALFORMED, "key.parse", "not a PEM public key");
    }

    return !is_pkcs1 && trivet_openssl_is_common_der(der)
               ? take_common(der, out, err)
               : take_any(der, is_pkcs1, out, err);
}

enum trivet_status
trivet_public_key_to_pem(
    const struct trivet_public_key *key, char *out, size_t cap)
{
    const unsigned char *p = key->der;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long) key->der_len);
    enum trivet_status status;

    if (pkey == NULL) {
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    status = write_public(pkey, out, cap);
    EVP_PKEY_free(pkey);

    return status;
}
