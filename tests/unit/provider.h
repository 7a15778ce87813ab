/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.h - a PSD2 provider whose certificate a CA signed, and how it is
 * judged
 *
 * Certificates are made with OpenSSL itself, not with the code under test.
 * provider_begin() and provider_end() are the fixtures of a group of tests.
 * Who gets a certificate or a key frees it.
 */
#ifndef TRIVET_TESTS_PROVIDER_H
#define TRIVET_TESTS_PROVIDER_H

#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/psp_certificate.h"

enum { MAX_TEXT = 64 * 1024, DAY_S = 86400 };

#define NUM_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Made once: a root and a CA below it, and a provider's key. */
struct made {
    EVP_PKEY *root_key;
    EVP_PKEY *middle_key;
    EVP_PKEY *provider_key;
    X509 *root;
    X509 *middle;
};

extern struct made made;

extern unsigned char signed_digest[TRIVET_DIGEST_LEN];

/* An attribute of a name. with_last: in the RDN of the one before. */
struct part {
    const char *type;
    const char *text;
    int len; /* 0: to the NUL */
    int form;
    bool with_last;
};

enum { NUM_PLAIN = 2 };

/* A name that is good. */
extern const struct part plain_name[NUM_PLAIN];

struct wanted {
    const struct part *parts;
    size_t num_parts;
    X509 *issuer; /* NULL: itself */
    EVP_PKEY *signer;
    const EVP_MD *hash; /* NULL: SHA-256, or what the key brings */
    const char *usage;
    bool is_ca;
    long begin_s; /* from now on; 0: a day ago */
    long end_s;   /* from now on; 0: in a day */
};

struct text {
    char bytes[MAX_TEXT];
    size_t len;
};

int provider_begin(void **state);
int provider_end(void **state);

/* A public RSA key of these sizes; nobody has its private half. */
EVP_PKEY *make_public_rsa(int num_bits, uint64_t exponent);

X509 *make_certificate(EVP_PKEY *key, const struct wanted *wanted);
X509 *make_ca(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer);

/* Of the provider's key, signed by the CA. */
X509 *make_provider(const struct part *parts, size_t num_parts);
X509 *make_plain(void);

/* Appends the certificate as PEM. */
void add_pem(struct text *text, X509 *certificate);

/* Signs signed_digest. size: of out; returns the length. */
size_t sign_by(
    EVP_PKEY *key, const EVP_MD *hash, unsigned char *out, size_t size);

/* With the roots that the chain itself brings, and the time of now. */
struct trivet_psp_trust trust_claimed(void);

enum trivet_psp_fault judge(const struct text *own, const struct text *chain,
    const struct trivet_psp_trust *trust, struct trivet_psp *out);

/* What becomes of the provider with the chain root, middle, extra; extra and
 * out may be NULL. Frees own and extra. */
enum trivet_psp_fault judge_with(
    X509 *own, X509 *extra, struct trivet_psp *out);

#endif
