/* SPDX-License-Identifier: Apache-2.0 */
/* psp_chain.c - certificates that a caller sent: read, bounded, verified */
#include "crypto/psp_chain.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/openssl.h"

enum {
    MAX_RSA_BITS = 8 * TRIVET_MAX_SIGNATURE,
    MAX_EXPONENT_BITS = 32,
    MAX_DEPTH = 10,
    MIN_SECURITY_LEVEL = 2 /* RSA of 2048 bits, no SHA-1 */
};

/* ---- reading ----------------------------------------------------------- */

/* OpenSSL would ask for a password on the terminal that trivet was started
 * from. */
static int
no_password(char *buffer, int size, int is_written, void *user)
{
    (void) buffer;
    (void) size;
    (void) is_written;
    (void) user;

    return -1;
}

STACK_OF(X509) * trivet_psp_read_pem(struct trivet_slice pem, int max)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    const void *text = pem.len == 0 ? "" : (const void *) pem.data;
    BIO *bio = BIO_new_mem_buf(text, (int) pem.len);
    X509 *certificate = NULL;
    bool is_good = list != NULL && bio != NULL;

    while (is_good
           && (certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL))
                  != NULL)
    {
        is_good =
            sk_X509_num(list) < max && sk_X509_push(list, certificate) > 0;
        if (!is_good) {
            X509_free(certificate);
        }
    }

    /* It must have ended because there is no more. */
    is_good =
        is_good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);

    if (!is_good) {
        sk_X509_pop_free(list, X509_free);
        return NULL;
    }

    return list;
}

/* ---- what it would cost ------------------------------------------------ */

static bool
is_bounded_rsa(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    bool is_bounded =
        EVP_PKEY_get_bits(key) <= MAX_RSA_BITS
        && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1
        && BN_num_bits(exponent) <= MAX_EXPONENT_BITS;

    BN_free(exponent);
    return is_bounded;
}

/* A curve that is described, not named, has no group name here. */
static bool
is_known_curve(const EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1",
        "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};
    char name[32];
    char form[32];
    size_t len;

    if (EVP_PKEY_get_group_name(key, name, sizeof name, &len) != 1
        || EVP_PKEY_get_utf8_string_param(
               key, OSSL_PKEY_PARAM_EC_ENCODING, form, sizeof form, NULL)
               != 1
        || strcmp(form, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
    {
        return false;
    }

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (strcmp(name, curves[i]) == 0) {
            return true;
        }
    }

    return false;
}

bool
trivet_psp_is_bounded(X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    bool is_bounded = false;

    if (key == NULL) {
        is_bounded = false;
    } else if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        is_bounded = is_bounded_rsa(key);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        is_bounded = is_known_curve(key);
    } else {
        is_bounded =
            EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    }

    ERR_clear_error();
    return is_bounded;
}

static bool
are_bounded(X509 *certificate, const STACK_OF(X509) * chain)
{
    bool are = trivet_psp_is_bounded(certificate);

    for (int i = 0; are && i < sk_X509_num(chain); i++) {
        are = trivet_psp_is_bounded(sk_X509_value(chain, i));
    }

    return are;
}

/* ---- verifying --------------------------------------------------------- */

static enum trivet_psp_fault
fault_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return TRIVET_PSP_GOOD;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TRIVET_PSP_VALIDITY;
    default:
        return TRIVET_PSP_CHAIN;
    }
}

static enum trivet_status
fail_memory(struct trivet_error *err)
{
    return trivet_openssl_error(
        err, TRIVET_E_MEMORY, "psp.chain", "the chain cannot be verified");
}

static enum trivet_status
verify(X509_STORE *roots, int64_t now_s, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_error *err)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool is_right;

    if (context == NULL
        || X509_STORE_CTX_init(context, roots, certificate, chain) != 1)
    {
        X509_STORE_CTX_free(context);
        return fail_memory(err);
    }

    X509_STORE_CTX_set_time(context, 0, (time_t) now_s);
    X509_STORE_CTX_set_depth(context, MAX_DEPTH);
    X509_VERIFY_PARAM_set_auth_level(
        X509_STORE_CTX_get0_param(context), MIN_SECURITY_LEVEL);

    is_right = X509_verify_cert(context) == 1;
    *out_fault = fault_of(X509_STORE_CTX_get_error(context));
    if (!is_right && *out_fault == TRIVET_PSP_GOOD) {
        *out_fault = TRIVET_PSP_CHAIN;
    }

    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return TRIVET_OK;
}

/* Whether a root is in the chain, and not at its end. */
static bool
is_root_misplaced(STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain) - 1; i++) {
        if (X509_self_signed(sk_X509_value(chain, i), 0) == 1) {
            ERR_clear_error();
            return true;
        }
    }

    ERR_clear_error();
    return false;
}

/* A certificate by itself: signed by its own key. */
static bool
trust_root(X509_STORE *store, X509 *certificate)
{
    return X509_self_signed(certificate, 1) != 1
           || X509_STORE_add_cert(store, certificate) == 1;
}

/* Those that the claim brings itself; NULL when memory ran out. */
static X509_STORE *
make_claimed_roots(X509 *certificate, const STACK_OF(X509) * chain)
{
    X509_STORE *store = X509_STORE_new();
    bool is_good = store != NULL && trust_root(store, certificate);

    for (int i = 0; is_good && i < sk_X509_num(chain); i++) {
        is_good = trust_root(store, sk_X509_value(chain, i));
    }

    if (!is_good) {
        X509_STORE_free(store);
        return NULL;
    }

    return store;
}

static enum trivet_status
verify_by_claimed_roots(int64_t now_s, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_error *err)
{
    X509_STORE *store = make_claimed_roots(certificate, chain);
    enum trivet_status status;

    if (store == NULL) {
        return fail_memory(err);
    }

    status = verify(store, now_s, certificate, chain, out_fault, err);
    X509_STORE_free(store);

    return status;
}

enum trivet_status
trivet_psp_verify_chain(const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_error *err)
{
    enum trivet_psp_fault fault = TRIVET_PSP_CHAIN;

    *out_fault = TRIVET_PSP_CHAIN;
    if (!are_bounded(certificate, chain)
        || (trust->needs_root_last && is_root_misplaced(chain)))
    {
        return TRIVET_OK;
    }

    if (trust->roots != NULL) {
        TRIVET_TRY(verify(trivet_psp_roots_store(trust->roots), trust->now_s,
            certificate, chain, &fault, err));
    }
    if (fault == TRIVET_PSP_CHAIN && trust->trusts_claimed_roots) {
        TRIVET_TRY(verify_by_claimed_roots(
            trust->now_s, certificate, chain, &fault, err));
    }

    *out_fault = fault;
    return TRIVET_OK;
}
