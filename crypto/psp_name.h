/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp_name.h - who a payment service provider is, by its certificate
 *
 * By its subject and its issuer as RFC 5280 compares names: their structure and
 * their text, in whatever string type it is written. Never by how a name is
 * shown: different names are shown alike. Of this folder alone: OpenSSL's
 * types.
 */
#ifndef TRIVET_CRYPTO_PSP_NAME_H
#define TRIVET_CRYPTO_PSP_NAME_H

#include <openssl/x509.h>

#include "crypto/psp_certificate.h"

/* Fills the names in out, which are for showing. False when the subject has not
 * one common name, or something is too long to be shown or holds a NUL. */
bool trivet_psp_read_names(X509 *certificate, struct trivet_psp *out);

/*
 * Fills the digests in out, whose names are there. with_key: the key is a part
 * of who it is, because anybody can make a certificate of that name.
 *
 * TRIVET_E_MALFORMED  a name that cannot be written in the one form.
 */
TRIVET_MUST_USE enum trivet_status trivet_psp_identify(
    X509 *certificate, bool with_key, struct trivet_psp *out);

#endif
