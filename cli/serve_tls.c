/* SPDX-License-Identifier: Apache-2.0 */
/* serve_tls.c - the certificate: its making, its renewal */
#define _DEFAULT_SOURCE
#include <unistd.h>

#include "cli/serve.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"

static enum trivet_status
load_or_make_ca(const struct serving *s, struct trivet_certificate *out,
    bool *out_is_new, struct trivet_error *err)
{
    enum trivet_status status = cli_read_file(
        s->ca_cert, out->certificate_pem, sizeof out->certificate_pem, err);

    *out_is_new = false;
    if (status == TRIVET_OK) {
        TRIVET_TRY(cli_serve_check_key_mode(s->ca_key, err));
        status =
            cli_read_file(s->ca_key, out->key_pem, sizeof out->key_pem, err);
    }
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    *out_is_new = true;
    TRIVET_TRY(trivet_certificate_make_ca(out, err));
    TRIVET_TRY(cli_write_file(s->ca_key, out->key_pem, 0600, err));

    return cli_write_file(s->ca_cert, out->certificate_pem, 0644, err);
}

/* Whether the certificate that is there can go on serving. */
static bool
has_good_certificate(const struct serving *s)
{
    char pem[TRIVET_MAX_CERTIFICATE_PEM];

    return access(s->tls_key, R_OK) == 0
           && cli_read_file(s->tls_cert, pem, sizeof pem, NULL) == TRIVET_OK
           && trivet_certificate_is_good(pem, &s->address);
}

enum trivet_status
cli_serve_prepare_certificate(const struct serving *s, struct trivet_error *err)
{
    struct trivet_certificate ca;
    struct trivet_certificate server;
    enum trivet_status status;
    bool is_new;

    if (s->options->tls_cert != NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_serve_check_key_mode(s->tls_key, err));
    TRIVET_TRY(load_or_make_ca(s, &ca, &is_new, err));

    if (!is_new && has_good_certificate(s)) {
        trivet_wipe(&ca, sizeof ca);
        return TRIVET_OK;
    }

    status = trivet_certificate_make_server(&ca, &s->address, &server, err);
    trivet_wipe(&ca, sizeof ca);
    if (status == TRIVET_OK) {
        status = cli_write_file(s->tls_key, server.key_pem, 0600, err);
    }
    if (status == TRIVET_OK) {
        status = cli_write_file(s->tls_cert, server.certificate_pem, 0644, err);
    }

    trivet_wipe(&server, sizeof server);
    return status;
}
