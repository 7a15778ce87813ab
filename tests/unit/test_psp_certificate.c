/* SPDX-License-Identifier: Apache-2.0 */
/* test_psp_certificate.c - PSD2 certificates, also those of hostile callers */
#include "tests/unit/unit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/psp_certificate.h"

enum { MAX_TEXT = 64 * 1024, DAY_S = 86400 };

#define NUM_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Made once: a root and a CA below it, and a provider's key. */
static struct {
    EVP_PKEY *root_key;
    EVP_PKEY *middle_key;
    EVP_PKEY *provider_key;
    X509 *root;
    X509 *middle;
} made;

static unsigned char signed_digest[TRIVET_DIGEST_LEN] = "what was signed";

/* ---- keys ---------------------------------------------------------------- */

/* A public RSA key of these sizes; nobody has its private half. */
static EVP_PKEY *
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

/* ---- certificates -------------------------------------------------------- */

/* An attribute of a name. with_last: in the RDN of the one before. */
struct part {
    const char *type;
    const char *text;
    int len; /* 0: to the NUL */
    int form;
    bool with_last;
};

struct wanted {
    const struct part *parts;
    size_t num_parts;
    X509 *issuer; /* NULL: itself */
    EVP_PKEY *signer;
    const EVP_MD *hash; /* NULL: SHA-256, or what the key brings */
    const char *usage;
    bool is_ca;
    long begin_s;
    long end_s;
};

static void
add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *
make(EVP_PKEY *key, const struct wanted *wanted)
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

static X509 *
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

    return make(key, &wanted);
}

static X509 *
make_provider(const struct part *parts, size_t num_parts)
{
    const struct wanted wanted = {
        .parts = parts,
        .num_parts = num_parts,
        .issuer = made.middle,
        .signer = made.middle_key,
    };

    return make(made.provider_key, &wanted);
}

static const struct part plain_name[] = {
    {.type = "CN", .text = "My App PISP AISP"}, {.type = "C", .text = "NL"}};

static X509 *
make_plain(void)
{
    return make_provider(plain_name, NUM_OF(plain_name));
}

/* ---- claims -------------------------------------------------------------- */

struct text {
    char bytes[MAX_TEXT];
    size_t len;
};

static void
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

static size_t
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

static enum trivet_psp_fault
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
        trivet_psp_judge(&claim, trust, &fault, out, NULL), TRIVET_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return fault;
}

static struct trivet_psp_trust
trust_claimed(void)
{
    return (struct trivet_psp_trust){
        .trusts_claimed_roots = true,
        .now_s = (int64_t) time(NULL),
    };
}

/* What becomes of the provider with the chain root, middle, extra; extra may
 * be NULL. Frees own and extra. */
static enum trivet_psp_fault
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

/* ---- keys of the chain --------------------------------------------------- */

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
the_providers_own_key_is_rsa_and_bounded(void **state)
{
    EVP_PKEY *keys[] = {make_public_rsa(2047, 65537),
        make_public_rsa(4097, 65537), make_public_rsa(2048, 0x100000001),
        EVP_EC_gen("P-256"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    const struct wanted wanted = {
        .parts = plain_name,
        .num_parts = NUM_OF(plain_name),
        .issuer = made.middle,
        .signer = made.middle_key,
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(keys); i++) {
        assert_int_equal(judge_with(make(keys[i], &wanted), NULL, NULL),
            TRIVET_PSP_CERTIFICATE);
        EVP_PKEY_free(keys[i]);
    }
    assert_int_equal(judge_with(make_plain(), NULL, NULL), TRIVET_PSP_GOOD);
}

/* ---- texts --------------------------------------------------------------- */

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

/* ---- the way to a root --------------------------------------------------- */

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

static void
sha1_and_times_are_judged(void **state)
{
    struct wanted wanted = {
        .parts = plain_name,
        .num_parts = NUM_OF(plain_name),
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
        if (judge_with(make(made.provider_key, &wanted), NULL, NULL)
            != rows[i].fault) {
            fail_msg("row %zu", i);
        }
    }
}

/* ---- names --------------------------------------------------------------- */

#define CN(text_)                                                              \
    {                                                                          \
        .type = "CN", .text = (text_)                                          \
    }

static const struct part nul_name[] = {
    {.type = "CN", .text = "My PISP\0AISP", .len = 12}};
static const struct part nul_at_end[] = {
    {.type = "CN", .text = "My PISP", .len = 8}};
static const struct part nul_wide[] = {{.type = "CN",
    .text = "\0P\0I\0S\0P\0\0\0x",
    .len = 12,
    .form = V_ASN1_BMPSTRING}};
static const struct part wide_name[] = {{.type = "CN",
    .text = "\0P\0I\0S\0P\0 \0x",
    .len = 12,
    .form = V_ASN1_BMPSTRING}};
static const struct part no_common_name[] = {
    {.type = "O", .text = "PISP AISP"}};
static const struct part twice[] = {CN("PISP"), CN("AISP")};
static const struct part twice_in_one[] = {
    CN("PISP"), {.type = "CN", .text = "AISP", .with_last = true}};
static const struct part two_places[] = {
    CN("PISP"), {.type = "O", .text = "One"}, {.type = "O", .text = "Two"}};
static const struct part two_in_one[] = {CN("PISP"),
    {.type = "O", .text = "One", .with_last = true},
    {.type = "C", .text = "NL"}};
static const struct part two_in_one_turned[] = {{.type = "O", .text = "One"},
    {.type = "CN", .text = "PISP", .with_last = true},
    {.type = "C", .text = "NL"}};
static const struct part one_by_one[] = {
    CN("PISP"), {.type = "O", .text = "One"}, {.type = "C", .text = "NL"}};
static const struct part no_role[] = {CN("A Shop")};
static const struct part small_role[] = {CN("My pisp aisp")};

static void
names_are_taken_or_refused(void **state)
{
    static const struct {
        const struct part *parts;
        size_t num;
        enum trivet_psp_fault fault;
    } rows[] = {
        {plain_name, NUM_OF(plain_name), TRIVET_PSP_GOOD},
        {NULL, 0, TRIVET_PSP_CERTIFICATE},
        {no_common_name, 1, TRIVET_PSP_CERTIFICATE},
        {nul_name, 1, TRIVET_PSP_CERTIFICATE},
        {nul_at_end, 1, TRIVET_PSP_CERTIFICATE},
        {nul_wide, 1, TRIVET_PSP_CERTIFICATE},
        {wide_name, 1, TRIVET_PSP_GOOD},
        {twice, 2, TRIVET_PSP_CERTIFICATE},
        {twice_in_one, 2, TRIVET_PSP_CERTIFICATE},
        {two_places, 3, TRIVET_PSP_GOOD},
        {two_in_one, 3, TRIVET_PSP_GOOD},
        {two_in_one_turned, 3, TRIVET_PSP_GOOD},
        {one_by_one, 3, TRIVET_PSP_GOOD},
        {no_role, 1, TRIVET_PSP_ROLE},
        {small_role, 1, TRIVET_PSP_ROLE},
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(rows); i++) {
        if (judge_with(make_provider(rows[i].parts, rows[i].num), NULL, NULL)
            != rows[i].fault)
        {
            fail_msg("row %zu", i);
        }
    }
}

/* The parts of one RDN are a set; RDNs are a sequence. */
static void
an_rdn_of_two_parts_is_another_name_than_two(void **state)
{
    struct trivet_psp one;
    struct trivet_psp turned;
    struct trivet_psp apart;

    (void) state;

    assert_int_equal(
        judge_with(make_provider(two_in_one, 3), NULL, &one), TRIVET_PSP_GOOD);
    assert_int_equal(
        judge_with(make_provider(two_in_one_turned, 3), NULL, &turned),
        TRIVET_PSP_GOOD);
    assert_int_equal(judge_with(make_provider(one_by_one, 3), NULL, &apart),
        TRIVET_PSP_GOOD);

    assert_memory_equal(one.digest, turned.digest, TRIVET_DIGEST_LEN);
    assert_memory_not_equal(one.digest, apart.digest, TRIVET_DIGEST_LEN);
}

/* ---- signatures ---------------------------------------------------------- */

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
            trivet_psp_judge(&claim, &trust, &fault, &psp, NULL), TRIVET_OK);
        assert_int_equal(fault, rows[i].fault);
    }

    X509_free(own);
}

/* ---- all of it ----------------------------------------------------------- */

static int
set_up(void **state)
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

static int
tear_down(void **state)
{
    (void) state;

    X509_free(made.root);
    X509_free(made.middle);
    EVP_PKEY_free(made.root_key);
    EVP_PKEY_free(made.middle_key);
    EVP_PKEY_free(made.provider_key);

    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_chain_are_bounded),
        cmocka_unit_test(the_providers_own_key_is_rsa_and_bounded),
        cmocka_unit_test(a_chain_has_ten_certificates_at_most),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(a_circle_leads_nowhere),
        cmocka_unit_test(sha1_and_times_are_judged),
        cmocka_unit_test(names_are_taken_or_refused),
        cmocka_unit_test(an_rdn_of_two_parts_is_another_name_than_two),
        cmocka_unit_test(only_its_own_sha256_signature_fits),
    };

    return cmocka_run_group_tests_name(
        "psp_certificate", tests, set_up, tear_down);
}
