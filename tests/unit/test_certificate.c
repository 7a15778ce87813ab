/* SPDX-License-Identifier: Apache-2.0 */
/* test_certificate.c - the CA of a first start, and what it signs */
#include "tests/unit/vector.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/tls_certificate.h"

static struct trivet_address
address_of(const char *text)
{
    struct trivet_address address = {{0}};

    assert_int_equal(
        trivet_address_parse(trivet_slice_text(text), &address), TRIVET_OK);
    return address;
}

static struct trivet_certificate
make_ca(void)
{
    struct trivet_certificate ca;
    struct trivet_error err = {.status = TRIVET_OK};

    assert_int_equal(trivet_certificate_make_ca(&ca, &err), TRIVET_OK);
    assert_int_equal(err.status, TRIVET_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return ca;
}

static const struct trivet_certificate_names no_names;

static struct trivet_certificate
make_server(const struct trivet_certificate *ca, const char *extra)
{
    struct trivet_certificate server;
    struct trivet_certificate_names names = {0};
    struct trivet_address address;

    if (extra != NULL) {
        address = address_of(extra);
        names.address = &address;
    }
    assert_int_equal(
        trivet_certificate_make_server(ca, &names, NULL, &server, NULL),
        TRIVET_OK);
    assert_int_equal(ERR_peek_error(), 0);

    return server;
}

static X509 *
x509_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static EVP_PKEY *
key_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(key);
    return key;
}

/* X509_V_OK, or why a TLS client that trusts ca alone would refuse leaf. */
static int
verify(const char *ca_pem, const char *leaf_pem, const char *name)
{
    X509 *ca = x509_of(ca_pem);
    X509 *leaf = x509_of(leaf_pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int error;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    assert_int_equal(
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER), 1);
    param = X509_STORE_CTX_get0_param(context);
    assert_int_equal(
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT), 1);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1) {
        assert_int_equal(X509_VERIFY_PARAM_set1_host(param, name, 0), 1);
    }

    (void) X509_verify_cert(context);
    error = X509_STORE_CTX_get_error(context);

    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(ca);
    ERR_clear_error();

    return error;
}

static void
other_things_are_no_good_certificate(void **state)
{
    static const char *const files[] = {"keys/rsa2048.pem",
        "keys/ec256-private.pem", "keys/rsa2048-private.pem",
        "client-request.body"};
    struct trivet_certificate ca = make_ca();
    char cut[TRIVET_MAX_CERTIFICATE_PEM];

    (void) state;

    assert_false(trivet_certificate_is_good("", NULL));
    assert_false(trivet_certificate_is_good("certificate", NULL));
    assert_false(trivet_certificate_is_good(
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", NULL));
    assert_false(trivet_certificate_is_good(ca.key_pem, NULL));
    assert_int_equal(ERR_peek_error(), 0);

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct vector text = vector_read(files[i]);

        text.bytes[text.len] = '\0';
        assert_false(
            trivet_certificate_is_good((const char *) text.bytes, NULL));
        assert_int_equal(ERR_peek_error(), 0);
    }

    for (size_t len = 0; len + 1 < strlen(ca.certificate_pem); len += 13) {
        memcpy(cut, ca.certificate_pem, len);
        cut[len] = '\0';
        assert_false(trivet_certificate_is_good(cut, NULL));
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* The text of a certificate for localhost that ends in num_days. */
static void
ending_in(int num_days, char out[TRIVET_MAX_CERTIFICATE_PEM])
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server = make_server(&ca, NULL);
    X509 *certificate = x509_of(server.certificate_pem);
    EVP_PKEY *key = key_of(ca.key_pem);
    BIO *bio = BIO_new(BIO_s_mem());
    int len;

    /* an hour more than whole days, as this test takes its time */
    assert_non_null(X509_gmtime_adj(
        X509_getm_notAfter(certificate), (long) num_days * 86400 + 3600));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    len = BIO_read(bio, out, TRIVET_MAX_CERTIFICATE_PEM - 1);
    assert_true(len > 0);
    out[len] = '\0';

    BIO_free(bio);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

static void
a_certificate_is_good_for_30_days_at_least(void **state)
{
    static const struct {
        int num_days;
        bool is_good;
    } rows[] = {{-800, false}, {-1, false}, {0, false}, {1, false}, {29, false},
        {30, true}, {397, true}};

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char pem[TRIVET_MAX_CERTIFICATE_PEM];

        ending_in(rows[i].num_days, pem);
        assert_int_equal(
            trivet_certificate_is_good(pem, NULL), rows[i].is_good);
    }
}

static void
a_certificate_names_its_addresses_and_no_others(void **state)
{
    static const char *const extras[] = {NULL, "192.0.2.7", "2001:db8::7",
        "127.0.0.1", "::1", "0.0.0.0",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    static const char *const others[] = {"192.0.2.8", "2001:db8::8",
        "127.0.0.2", "::2", "::", "10.0.0.1", "::192.0.2.7"};
    struct trivet_certificate ca = make_ca();
    struct trivet_address v4 = address_of("127.0.0.1");
    struct trivet_address v6 = address_of("::1");

    (void) state;

    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        struct trivet_certificate server = make_server(&ca, extras[i]);
        const char *pem = server.certificate_pem;

        assert_true(trivet_certificate_is_good(pem, NULL));
        assert_true(trivet_certificate_is_good(pem, &v4));
        assert_true(trivet_certificate_is_good(pem, &v6));
        if (extras[i] != NULL) {
            struct trivet_address extra = address_of(extras[i]);

            assert_true(trivet_certificate_is_good(pem, &extra));
        }
        for (size_t j = 0; j < sizeof others / sizeof others[0]; j++) {
            struct trivet_address other = address_of(others[j]);

            assert_false(trivet_certificate_is_good(pem, &other));
        }
        assert_int_equal(ERR_peek_error(), 0);
    }

    assert_false(trivet_certificate_is_good(ca.certificate_pem, &v4));
}

static void
a_client_that_trusts_the_ca_trusts_the_server(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server = make_server(&ca, "192.0.2.7");
    struct trivet_certificate plain = make_server(&ca, NULL);

    (void) state;

    assert_int_equal(
        verify(ca.certificate_pem, server.certificate_pem, "localhost"),
        X509_V_OK);
    assert_int_equal(
        verify(ca.certificate_pem, server.certificate_pem, "127.0.0.1"),
        X509_V_OK);
    assert_int_equal(
        verify(ca.certificate_pem, server.certificate_pem, "::1"), X509_V_OK);
    assert_int_equal(
        verify(ca.certificate_pem, server.certificate_pem, "192.0.2.7"),
        X509_V_OK);

    assert_int_equal(
        verify(ca.certificate_pem, plain.certificate_pem, "192.0.2.7"),
        X509_V_ERR_IP_ADDRESS_MISMATCH);
    assert_int_equal(
        verify(ca.certificate_pem, plain.certificate_pem, "api.bunq.com"),
        X509_V_ERR_HOSTNAME_MISMATCH);
}

/* All CAs have one name; only their keys tell them apart. */
static void
another_ca_is_not_trusted(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate other = make_ca();
    struct trivet_certificate server = make_server(&ca, NULL);

    (void) state;

    assert_int_not_equal(
        verify(other.certificate_pem, server.certificate_pem, "localhost"),
        X509_V_OK);
}

/* A stolen server key must not make certificates. */
static void
a_server_is_no_ca(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server = make_server(&ca, NULL);
    X509 *ca_certificate = x509_of(ca.certificate_pem);
    X509 *certificate = x509_of(server.certificate_pem);

    (void) state;

    assert_true(X509_check_ca(ca_certificate) == 1);
    assert_int_equal(X509_get_pathlen(ca_certificate), 0);
    assert_int_equal(
        X509_get_key_usage(ca_certificate), KU_KEY_CERT_SIGN | KU_CRL_SIGN);

    assert_int_equal(X509_check_ca(certificate), 0);
    assert_int_equal(X509_get_extension_flags(certificate) & EXFLAG_CA, 0);
    assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_SERVER);
    assert_int_equal(
        X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0), 0);

    X509_free(ca_certificate);
    X509_free(certificate);
}

/* Days from now until it ends. */
static int
days_left(X509 *certificate)
{
    int days;
    int seconds;

    assert_int_equal(
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)),
        1);
    return seconds > 43200 ? days + 1 : days;
}

static void
keys_are_p256_and_lives_are_as_promised(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server = make_server(&ca, NULL);
    const struct trivet_certificate *const both[] = {&ca, &server};
    static const int num_days[] = {3650, 397};

    (void) state;

    for (size_t i = 0; i < 2; i++) {
        X509 *certificate = x509_of(both[i]->certificate_pem);
        EVP_PKEY *key = key_of(both[i]->key_pem);
        char group[32];

        assert_int_equal(X509_check_private_key(certificate, key), 1);
        assert_int_equal(
            EVP_PKEY_get_group_name(key, group, sizeof group, NULL), 1);
        assert_string_equal(group, "prime256v1");
        assert_int_equal(days_left(certificate), num_days[i]);
        /* it holds already, also for a clock that is a little behind */
        assert_true(
            X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
        assert_int_equal(
            X509_get_signature_nid(certificate), NID_ecdsa_with_SHA256);

        EVP_PKEY_free(key);
        X509_free(certificate);
    }
}

static void
every_certificate_has_its_own_key_and_number(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate one = make_server(&ca, NULL);
    struct trivet_certificate two = make_server(&ca, NULL);
    X509 *a = x509_of(one.certificate_pem);
    X509 *b = x509_of(two.certificate_pem);

    (void) state;

    assert_string_not_equal(one.key_pem, two.key_pem);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)),
        0);

    X509_free(a);
    X509_free(b);
}

static void
a_key_that_is_given_is_used(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server = {.certificate_pem = "untouched"};
    char key[TRIVET_MAX_CERTIFICATE_PEM];

    (void) state;

    assert_int_equal(trivet_certificate_make_key(key, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_certificate_make_server(&ca, &no_names, "no key", &server, NULL),
        TRIVET_E_CRYPTO);
    assert_string_equal(server.certificate_pem, "untouched");

    assert_int_equal(
        trivet_certificate_make_server(&ca, &no_names, key, &server, NULL),
        TRIVET_OK);
    assert_string_equal(server.key_pem, key);
    assert_true(trivet_certificate_is_pair(&server));
    assert_int_equal(ERR_peek_error(), 0);
}

static void
without_a_ca_there_is_no_server(void **state)
{
    static struct trivet_certificate none;
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate half = ca;
    struct trivet_certificate server = {.certificate_pem = "untouched"};
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    assert_int_equal(
        trivet_certificate_make_server(&none, &no_names, NULL, &server, &err),
        TRIVET_E_CRYPTO);
    assert_int_equal(err.status, TRIVET_E_CRYPTO);

    half.key_pem[0] = '\0';
    assert_int_equal(
        trivet_certificate_make_server(&half, &no_names, NULL, &server, NULL),
        TRIVET_E_CRYPTO);
    half = ca;
    half.certificate_pem[0] = '\0';
    assert_int_equal(
        trivet_certificate_make_server(&half, &no_names, NULL, &server, NULL),
        TRIVET_E_CRYPTO);

    assert_string_equal(server.certificate_pem, "untouched");
    assert_int_equal(ERR_peek_error(), 0);
}

/* A certificate and a key that do not belong together. */
static void
a_ca_needs_its_own_key(void **state)
{
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate mixed = make_ca();
    struct trivet_certificate server;

    (void) state;

    memcpy(mixed.key_pem, ca.key_pem, sizeof mixed.key_pem);
    assert_int_equal(
        trivet_certificate_make_server(&mixed, &no_names, NULL, &server, NULL),
        TRIVET_E_CRYPTO);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
a_certificate_names_the_hosts_it_was_made_for(void **state)
{
    static const char *const hosts[] = {
        "public-api.sandbox.bunq.com", "api.example"};
    const struct trivet_certificate_names names = {
        .num_hosts = 2, .hosts = hosts};
    const struct trivet_certificate_names too_many = {
        .num_hosts = TRIVET_MAX_CERTIFICATE_HOSTS + 1, .hosts = hosts};
    struct trivet_certificate ca = make_ca();
    struct trivet_certificate server;
    const char *pem = server.certificate_pem;

    (void) state;

    assert_int_equal(
        trivet_certificate_make_server(&ca, &names, NULL, &server, NULL),
        TRIVET_OK);
    assert_true(trivet_certificate_has_host(pem, "localhost"));
    assert_true(trivet_certificate_has_host(pem, hosts[0]));
    assert_true(trivet_certificate_has_host(pem, "API.example"));
    assert_false(trivet_certificate_has_host(pem, "api.bunq.com"));
    assert_false(trivet_certificate_has_host(pem, "x.api.example"));
    assert_false(trivet_certificate_has_host(pem, "example"));
    assert_false(trivet_certificate_has_host("", "localhost"));
    assert_int_equal(
        trivet_certificate_make_server(&ca, &too_many, NULL, &server, NULL),
        TRIVET_E_LIMIT);
    assert_int_equal(ERR_peek_error(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_names_the_hosts_it_was_made_for),
        cmocka_unit_test(other_things_are_no_good_certificate),
        cmocka_unit_test(a_certificate_is_good_for_30_days_at_least),
        cmocka_unit_test(a_certificate_names_its_addresses_and_no_others),
        cmocka_unit_test(a_client_that_trusts_the_ca_trusts_the_server),
        cmocka_unit_test(another_ca_is_not_trusted),
        cmocka_unit_test(a_server_is_no_ca),
        cmocka_unit_test(keys_are_p256_and_lives_are_as_promised),
        cmocka_unit_test(every_certificate_has_its_own_key_and_number),
        cmocka_unit_test(a_key_that_is_given_is_used),
        cmocka_unit_test(without_a_ca_there_is_no_server),
        cmocka_unit_test(a_ca_needs_its_own_key),
    };

    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
