/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_certificate.h - a CA of one's own and a TLS certificate by it
 *
 * For the first start on a developer's machine: the CA signs nothing but
 * certificates for localhost, loopback addresses, the address listened on and
 * the host names that the operator gives.
 * Keys are P-256: fast to make and in the handshake.
 */
#ifndef TRIVET_CRYPTO_TLS_CERTIFICATE_H
#define TRIVET_CRYPTO_TLS_CERTIFICATE_H

#include <stdint.h>

#include "core/address.h"
#include "trivet/status.h"

enum { TRIVET_MAX_CERTIFICATE_PEM = 8192 /* bytes, with the NUL */ };

/* A certificate and its private key, PEM, NUL-terminated. Wipe the key. */
struct trivet_certificate {
    char certificate_pem[TRIVET_MAX_CERTIFICATE_PEM];
    char key_pem[TRIVET_MAX_CERTIFICATE_PEM];
};

/* A new CA of ten years. */
TRIVET_MUST_USE enum trivet_status trivet_certificate_make_ca(
    struct trivet_certificate *out, struct trivet_error *err);

enum { TRIVET_MAX_CERTIFICATE_HOSTS = 16 };

/* What a certificate names beside localhost, 127.0.0.1 and ::1. */
struct trivet_certificate_names {
    const struct trivet_address *address; /* NULL: none */
    size_t num_hosts;
    const char *const *hosts; /* host names, of 253 bytes at most */
};

/*
 * A certificate of 397 days by ca, for localhost, 127.0.0.1, ::1 and extra.
 * key_pem: its private key (PEM, without a password); NULL: a new one.
 *
 * TRIVET_E_LIMIT   more than TRIVET_MAX_CERTIFICATE_HOSTS.
 * TRIVET_E_CRYPTO  it cannot be made; also: key_pem is no key.
 */
TRIVET_MUST_USE enum trivet_status trivet_certificate_make_server(
    const struct trivet_certificate *ca,
    const struct trivet_certificate_names *extra, const char *key_pem,
    struct trivet_certificate *out, struct trivet_error *err);

/* A new key for a certificate to come, as PEM. Wipe it. */
TRIVET_MUST_USE enum trivet_status trivet_certificate_make_key(
    char out[TRIVET_MAX_CERTIFICATE_PEM], struct trivet_error *err);

/* Whether certificate_pem is still good for 30 days at least and names
 * address (NULL: any). False for anything that is not a certificate. */
bool trivet_certificate_is_good(
    const char *certificate_pem, const struct trivet_address *address);

/* Whether the certificate names that host. False for anything that is not a
 * certificate. */
bool trivet_certificate_has_host(const char *certificate_pem, const char *host);

/* Whether the two belong together, and the key needs no password. */
bool trivet_certificate_is_pair(const struct trivet_certificate *pair);

/*
 * Whether a TLS server can serve with the first certificate of certificate_pem
 * and the private key in key_pem, without asking anybody. password: NULL when
 * there is none.
 *
 * TRIVET_E_USAGE     the key is encrypted, and password is NULL or another one.
 * TRIVET_E_CRYPTO    no certificate, or no private key, in PEM.
 * TRIVET_E_CONFLICT  they do not belong together.
 */
TRIVET_MUST_USE enum trivet_status trivet_certificate_check_key(
    const char *certificate_pem, const char *key_pem, const char *password,
    struct trivet_error *err);

#endif
