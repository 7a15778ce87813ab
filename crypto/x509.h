/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509.h - certificates are made here, of whatever kind
 *
 * Of this folder alone: OpenSSL's types. False and NULL: OpenSSL could not do
 * it, or memory ran out.
 */
#ifndef TRIVET_CRYPTO_X509_H
#define TRIVET_CRYPTO_X509_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "crypto/tls_certificate.h"

enum { TRIVET_DAY_S = 86400 };

/* As OpenSSL's configuration writes it. */
struct trivet_x509_extension {
    int nid;
    const char *value;
};

/* A certificate of version 3 for this key and common name, valid since
 * yesterday. It has no issuer, extension or signature yet. The caller frees
 * it. */
X509 *trivet_x509_make(EVP_PKEY *key, const char *name, int num_days);

/* Names the issuer, adds the extensions and signs. issuer may be certificate
 * itself. */
bool trivet_x509_complete(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key,
    const struct trivet_x509_extension *extensions, size_t num_extensions);

/* As PEM; a key, as PKCS#8, is to be wiped. */
bool trivet_x509_to_pem(
    X509 *certificate, char out[TRIVET_MAX_CERTIFICATE_PEM]);
bool trivet_x509_key_to_pem(
    EVP_PKEY *key, char out[TRIVET_MAX_CERTIFICATE_PEM]);

#endif
