/* SPDX-License-Identifier: Apache-2.0 */
/* tls_certificate.c - a CA of one's own and a TLS certificate by it */
#include "crypto/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "crypto/openssl.h"
#include "crypto/x509.h"

enum {
    CA_DAYS = 3650,
    SERVER_DAYS = 397, /* more is refused by some clients */
    RENEW_DAYS = 30,
    MAX_SUBJECT_ALT_NAMES = 160 + TRIVET_MAX_CERTIFICATE_HOSTS * 260
};

enum trivet_status
trivet_certificate_make_ca(
    struct trivet_certificate *out, struct trivet_error *err)
{
    static const struct trivet_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate =
        key == NULL ? NULL : trivet_x509_make(key, "trivet local CA", CA_DAYS);
    bool is_made = certificate != NULL
                   && trivet_x509_complete(certificate, certificate, key,
                       extensions, sizeof extensions / sizeof extensions[0])
                   && trivet_x509_to_pem(certificate, out->certificate_pem)
                   && trivet_x509_key_to_pem(key, out->key_pem);

    X509_free(certificate);
    EVP_PKEY_free(key);

    if (!is_made) {
        return trivet_openssl_error(err, TRIVET_E_CRYPTO, "certificate.make_ca",
            "cannot make a CA certificate");
    }

    return TRIVET_OK;
}

struct asking {
    const char *password; /* NULL: none */
    bool was_asked;
};

/* In place of OpenSSL's own, which would ask on the terminal. */
static int
give_password(char *buffer, int size, int is_writing, void *opaque)
{
    struct asking *asking = opaque;
    size_t len = asking->password == NULL ? 0 : strlen(asking->password);

    (void) is_writing;

    asking->was_asked = true;
    if (len == 0 || len > (size_t) size) {
        return -1;
    }

    memcpy(buffer, asking->password, len);
    return (int) len;
}

/* NULL: it cannot be read, or only with another password. */
static EVP_PKEY *
read_key(const char *pem, struct asking *asking)
{
    BIO *secret = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = secret == NULL ? NULL
                                   : PEM_read_bio_PrivateKey(
                                       secret, NULL, give_password, asking);

    BIO_free(secret);
    return key;
}

/* nginx itself takes a certificate and a key of two kinds, and then cannot
 * serve. */
static bool
fits(const char *certificate_pem, EVP_PKEY *key, bool *out_is_certificate)
{
    BIO *text = BIO_new_mem_buf(certificate_pem, -1);
    X509 *certificate =
        text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
    bool does_fit =
        certificate != NULL && X509_check_private_key(certificate, key) == 1;

    *out_is_certificate = certificate != NULL;
    X509_free(certificate);
    BIO_free(text);

    return does_fit;
}

/* Why the private key could not be read. */
static enum trivet_status
complain_of_key(bool is_encrypted, bool has_password, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_E_USAGE;
    const char *what = "the key is encrypted";

    if (!is_encrypted) {
        status = TRIVET_E_CRYPTO;
        what = "no private key in PEM";
    } else if (has_password) {
        what = "the password of the key is wrong";
    }

    return trivet_error_set(err, status, "certificate.check_key", "%s", what);
}

enum trivet_status
trivet_certificate_check_key(const char *certificate_pem, const char *key_pem,
    const char *password, struct trivet_error *err)
{
    struct asking asking = {.password = password};
    EVP_PKEY *key = read_key(key_pem, &asking);
    bool is_read = key != NULL;
    bool is_certificate = false;
    bool does_fit = is_read && fits(certificate_pem, key, &is_certificate);

    EVP_PKEY_free(key);
    (void) trivet_openssl_error(NULL, TRIVET_OK, "", "");

    if (does_fit) {
        return TRIVET_OK;
    }

    if (!is_read) {
        return complain_of_key(asking.was_asked, password != NULL, err);
    }

    if (!is_certificate) {
        return trivet_error_set(err, TRIVET_E_CRYPTO, "certificate.check_key",
            "no certificate in PEM");
    }

    return trivet_error_set(err, TRIVET_E_CONFLICT, "certificate.check_key",
        "the certificate is another key's");
}

static bool
read_pair(const struct trivet_certificate *pair, X509 **out_certificate,
    EVP_PKEY **out_key)
{
    BIO *text = BIO_new_mem_buf(pair->certificate_pem, -1);
    struct asking asking = {.password = NULL};

    *out_certificate =
        text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
    *out_key = read_key(pair->key_pem, &asking);
    BIO_free(text);

    return *out_certificate != NULL && *out_key != NULL
           && X509_check_private_key(*out_certificate, *out_key) == 1;
}

bool
trivet_certificate_is_pair(const struct trivet_certificate *pair)
{
    X509 *certificate;
    EVP_PKEY *key;
    bool is_pair = read_pair(pair, &certificate, &key);

    X509_free(certificate);
    EVP_PKEY_free(key);
    (void) trivet_openssl_error(NULL, TRIVET_OK, "", "");

    return is_pair;
}

/* Of at most TRIVET_MAX_CERTIFICATE_HOSTS names. */
static void
format_names(const struct trivet_certificate_names *extra,
    char out[MAX_SUBJECT_ALT_NAMES])
{
    char address[TRIVET_MAX_ADDRESS_TEXT] = "";
    const char *prefix = "";
    int len;

    if (extra->address != NULL) {
        prefix = ",IP:";
        trivet_address_format(extra->address, address);
    }

    len = snprintf(out, MAX_SUBJECT_ALT_NAMES,
        "DNS:localhost,IP:127.0.0.1,IP:::1%s%s", prefix, address);
    for (size_t i = 0; i < extra->num_hosts; i++) {
        len += snprintf(out + len, (size_t) (MAX_SUBJECT_ALT_NAMES - len),
            ",DNS:%.253s", extra->hosts[i]);
    }
}

static EVP_PKEY *
make_or_read_key(const char *key_pem)
{
    struct asking asking = {.password = NULL};

    return key_pem == NULL ? EVP_EC_gen("P-256") : read_key(key_pem, &asking);
}

static bool
make_server(X509 *ca, EVP_PKEY *ca_key,
    const struct trivet_certificate_names *extra, const char *key_pem,
    struct trivet_certificate *out)
{
    char names[MAX_SUBJECT_ALT_NAMES];
    struct trivet_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, names},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"},
    };
    EVP_PKEY *key = make_or_read_key(key_pem);
    X509 *certificate =
        key == NULL ? NULL : trivet_x509_make(key, "localhost", SERVER_DAYS);
    bool is_made;

    format_names(extra, names);
    is_made = certificate != NULL
              && trivet_x509_complete(certificate, ca, ca_key, extensions,
                  sizeof extensions / sizeof extensions[0])
              && trivet_x509_to_pem(certificate, out->certificate_pem)
              && trivet_x509_key_to_pem(key, out->key_pem);
    X509_free(certificate);
    EVP_PKEY_free(key);

    return is_made;
}

enum trivet_status
trivet_certificate_make_key(
    char out[TRIVET_MAX_CERTIFICATE_PEM], struct trivet_error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool is_made = key != NULL && trivet_x509_key_to_pem(key, out);

    EVP_PKEY_free(key);
    if (!is_made) {
        return trivet_openssl_error(
            err, TRIVET_E_CRYPTO, "certificate.make_key", "cannot make a key");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_certificate_make_server(const struct trivet_certificate *ca,
    const struct trivet_certificate_names *extra, const char *key_pem,
    struct trivet_certificate *out, struct trivet_error *err)
{
    X509 *ca_certificate;
    EVP_PKEY *ca_key;
    bool is_made;

    if (extra->num_hosts > TRIVET_MAX_CERTIFICATE_HOSTS) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "certificate.make_server",
            "more than %d host names", (int) TRIVET_MAX_CERTIFICATE_HOSTS);
    }

    is_made = read_pair(ca, &ca_certificate, &ca_key)
              && make_server(ca_certificate, ca_key, extra, key_pem, out);

    X509_free(ca_certificate);
    EVP_PKEY_free(ca_key);

    if (!is_made) {
        return trivet_openssl_error(err, TRIVET_E_CRYPTO,
            "certificate.make_server", "cannot make a server certificate");
    }

    return TRIVET_OK;
}

bool
trivet_certificate_is_good(
    const char *certificate_pem, const struct trivet_address *address)
{
    BIO *text = BIO_new_mem_buf(certificate_pem, -1);
    X509 *certificate =
        text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
    time_t soon = time(NULL) + (time_t) RENEW_DAYS * TRIVET_DAY_S;
    bool is_good = certificate != NULL
                   && X509_cmp_time(X509_get0_notAfter(certificate), &soon) > 0;

    if (is_good && address != NULL) {
        char name[TRIVET_MAX_ADDRESS_TEXT];

        trivet_address_format(address, name);
        is_good = X509_check_ip_asc(certificate, name, 0) == 1;
    }

    X509_free(certificate);
    BIO_free(text);
    (void) trivet_openssl_error(NULL, TRIVET_OK, "", "");

    return is_good;
}

bool
trivet_certificate_has_host(const char *certificate_pem, const char *host)
{
    BIO *text = BIO_new_mem_buf(certificate_pem, -1);
    X509 *certificate =
        text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
    bool has_host = certificate != NULL
                    && X509_check_host(certificate, host, 0, 0, NULL) == 1;

    X509_free(certificate);
    BIO_free(text);
    (void) trivet_openssl_error(NULL, TRIVET_OK, "", "");

    return has_host;
}
