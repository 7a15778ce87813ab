/* SPDX-License-Identifier: Apache-2.0 */
/*
 * next_key.c - the TLS key of the next certificate, made ahead
 *
 * Clients that pin learn the next key while this one is served, so that a
 * renewal refuses nobody. A certificate of our own is renewed with next.key;
 * of the operator's, --tls-next-key says what its next key will be. Without
 * that nothing is announced: clients would drop the pins that they have for a
 * set that the next renewal makes useless.
 */
#define _DEFAULT_SOURCE
#include "cli/serve/next_key.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/serve/key_file.h"
#include "cli/serve/state.h"
#include "cli/tls_pins.h"
#include "crypto/digest.h"
#include "crypto/pin.h"
#include "crypto/tls_certificate.h"

enum { MAX_PEM_FILE = 262144 };

static enum trivet_status
read_pin(const char *path, struct trivet_pin *out, struct trivet_error *err)
{
    static char pem[MAX_PEM_FILE];
    enum trivet_status status = cli_read_file(path, pem, sizeof pem, err);

    if (status != TRIVET_OK) {
        return status;
    }

    out->expires_us = 0;
    status = trivet_key_digest_read(trivet_slice_text(pem), out->digest);
    trivet_wipe(pem, sizeof pem);
    if (status != TRIVET_OK) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "%s: no certificate and no key without a password in it (PEM)",
            path);
    }

    return TRIVET_OK;
}

static bool
is_same_key(const struct trivet_pin *a, const struct trivet_pin *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

static enum trivet_status
make_next_key(
    const struct serving *s, struct trivet_pin *out, struct trivet_error *err)
{
    char pem[TRIVET_MAX_CERTIFICATE_PEM];
    enum trivet_status status = trivet_certificate_make_key(pem, err);

    if (status == TRIVET_OK) {
        status = trivet_file_replace_whole(
            s->next_key, trivet_slice_text(pem), 0600, err);
    }

    trivet_wipe(pem, sizeof pem);
    TRIVET_TRY(status);

    return read_pin(s->next_key, out, err);
}

/* The pin of next.key, which is made when it is missing, or when it is the key
 * that is served: a renewal has used it. */
static enum trivet_status
prepare_own(const struct serving *s, const struct trivet_pin *served,
    struct trivet_pin *out, struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(cli_serve_check_key_mode(s->next_key, err));

    status = read_pin(s->next_key, out, err);
    if (status == TRIVET_E_NOT_FOUND
        || (status == TRIVET_OK && is_same_key(out, served)))
    {
        return make_next_key(s, out, err);
    }

    return status;
}

/* --tls-next-key: a pin, or a file. */
static enum trivet_status
read_given(
    const struct serving *s, struct trivet_pin *out, struct trivet_error *err)
{
    const char *given = s->options->tls_next_key;

    if (strncmp(given, "sha256/", 7) == 0) {
        return trivet_pin_parse(given, out, err);
    }

    return read_pin(s->given_next_key, out, err);
}

static enum trivet_status
find_next(const struct serving *s, const struct trivet_pin *served,
    struct trivet_pin *out, struct trivet_error *err)
{
    if (s->options->tls_cert == NULL) {
        return prepare_own(s, served, out, err);
    }

    TRIVET_TRY(read_given(s, out, err));
    if (is_same_key(out, served)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--tls-next-key is the key that is served now: give the key of "
            "the next certificate");
    }

    return TRIVET_OK;
}

enum trivet_status
cli_serve_prepare_pins(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;
    const char *certificate = o->tls_cert == NULL ? s->tls_cert : s->given_cert;
    struct trivet_pin served;
    struct trivet_pin next;

    memset(&s->pins, 0, sizeof s->pins);
    TRIVET_TRY(read_pin(certificate, &served, err));
    trivet_pin_format(&served, s->pins.served);

    if (o->tls_cert == NULL || o->tls_next_key != NULL) {
        TRIVET_TRY(find_next(s, &served, &next, err));
        trivet_pin_format_dated(&next, s->pins.next);
    }

    return cli_tls_pins_write(s->dir, &s->pins, err);
}

void
cli_serve_read_pins(struct serving *s)
{
    struct trivet_error err;

    memset(&s->pins, 0, sizeof s->pins);
    (void) !cli_tls_pins_read(s->dir, &s->pins, &err);
}

enum trivet_status
cli_serve_read_next_key(
    const struct serving *s, char *out, size_t cap, struct trivet_error *err)
{
    TRIVET_TRY(cli_serve_check_key_mode(s->next_key, err));

    return cli_read_file(s->next_key, out, cap, err);
}
