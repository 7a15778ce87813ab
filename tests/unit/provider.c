/* SPDX-License-Identifier: Apache-2.0 */
/* provider.c - keys, certificates, texts and signatures of a provider */
#include "tests/unit/provider.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <time.h>

struct made made;

unsigned char signed_digest[TRIVET_DIGEST_LEN] = "what was signed";

const struct part plain_name[NUM_PLAIN] = {
    {.type = "CN", .text = "My App PISP AISP"}, {.type = "C", .text = "NL"}};

EVP_PKEY *
make_public_rsa(int num_bits, uint64_t exponent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_new();
    BIGNUM *e = BN_new();
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    assert_int_equal(
        BN_rand(modulus, num_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(BN_set_word(e, exponent), 1);
    assert_int_equal(
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus), 1);
    assert_int_equal(
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void
add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

X509 *
make_certificate(EVP_PKEY *key, const struct wanted *wanted)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    const EVP_MD *hash = wanted->hash != NULL ? wanted->hash : EVP_sha256();
    long end_s = wanted->end_s == 0 ? DAY_S : wanted->end_s;

    for (size_t i = 0; i < wanted->num_parts; i++) {
        const struct part *part = &wanted->parts[i];

        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, part->type,
                part->form == 0 ? MBSTRING_UTF8 : part->form,
                (const unsigned char *) part->text,
                part->len == 0 ? -1 : part->len, -1, part->with_last ? -1 : 0),
            1);
    }

    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate),
        wanted->begin_s == 0 ? -DAY_S : wanted->begin_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), end_s));
    assert_int_equal(
        X509_set_issuer_name(certificate,
            wanted->issuer == NULL ? name
                                   : X509_get_subject_name(wanted->issuer)),
        1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    add_extension(certificate, NID_basic_constraints,
        wanted->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (wanted->usage != NULL) {
        add_extension(certificate, NID_key_usage, wanted->usage);
    }
    assert_true(X509_sign(certificate, wanted->signer, hash) > 0);

    return certificate;
}

X509 *
make_ca(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer)
{
    const struct part part = {.type = "CN", .text = name};
    const struct wanted wanted = {
        .parts = &part,
        .num_parts = 1,
        .issuer = issuer,
        .signer = signer,
        .is_ca = true,
    };

    return make_certificate(key, &wanted);
}

X509 *
make_provider(const struct part *parts, size_t num_parts)
{
    const struct wanted wanted = {
        .parts = parts,
        .num_parts = num_parts,
        .issuer = made.middle,
        .signer = made.middle_key,
    };

    return make_certificate(made.provider_key, &wanted);
}

X509 *
make_plain(void)
{
    return make_provider(plain_name, NUM_PLAIN);
}

void
add_pem(struct text *text, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len;

    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    len = BIO_read(bio, text->bytes + text->len, (int) (MAX_TEXT - text->len));
    assert_true(len > 0);
    text->len += (size_t) len;
    BIO_free(bio);
}

size_t
sign_by(EVP_PKEY *key, const EVP_MD *hash, unsigned char *out, size_t size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t len = size;

    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, hash), 1);
    assert_int_equal(EVP_PKEY_sign(context, out, &len, signed_digest,
                         (size_t) EVP_MD_get_size(hash)),
        1);
    EVP_PKEY_CTX_free(context);

    return len;
}

enum trivet_psp_fault
judge(const struct text *own, const struct text *chain,
    const struct trivet_psp_trust *trust, struct trivet_psp *out)
{
    unsigned char signature[TRIVET_MAX_SIGNATURE];
    size_t len =
        sign_by(made.provider_key, EVP_sha256(), signature, sizeof signature);
    struct trivet_psp_claim claim = {
        .certificate_pem = trivet_slice_make(own->bytes, own->len),
        .chain_pem = trivet_slice_make(chain->bytes, chain->len),
        .signature = trivet_slice_make(signature, len),
    };
    enum trivet_psp_fault fault;

    memcpy(claim.digest, signed_digest, sizeof claim.digest);
    assert_int_equal(
        trivet_psp_verify(&claim, trust, &fault, out, NULL), TRIVET_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return fault;
}

struct trivet_psp_trust
trust_claimed(void)
{
    return (struct trivet_psp_trust){
        .trusts_claimed_roots = true,
        .now_s = (int64_t) time(NULL),
    };
}

enum trivet_psp_fault
judge_with(X509 *own, X509 *extra, struct trivet_psp *out)
{
    struct trivet_psp_trust trust = trust_claimed();
    static struct text own_text;
    static struct text chain;
    struct trivet_psp ignored;

    own_text.len = chain.len = 0;
    add_pem(&own_text, own);
    if (extra != NULL) {
        add_pem(&chain, extra);
    }
    add_pem(&chain, made.middle);
    add_pem(&chain, made.root);

    X509_free(own);
    X509_free(extra);
    return judge(&own_text, &chain, &trust, out == NULL ? &ignored : out);
}

int
provider_begin(void **state)
{
    (void) state;

    made.root_key = EVP_EC_gen("P-256");
    made.middle_key = EVP_EC_gen("P-256");
    made.provider_key = EVP_RSA_gen(2048);
    made.root = make_ca("A Root", made.root_key, NULL, made.root_key);
    made.middle =
        make_ca("A Middle", made.middle_key, made.root, made.root_key);

    return 0;
}

int
provider_end(void **state)
{
    (void) state;

    X509_free(made.root);
    X509_free(made.middle);
    EVP_PKEY_free(made.root_key);
    EVP_PKEY_free(made.middle_key);
    EVP_PKEY_free(made.provider_key);

    return 0;
}
