/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - the certificate: its making, its renewal */
#define _DEFAULT_SOURCE
#include "cli/serve/tls.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/serve/key_file.h"
#include "cli/serve/next_key.h"
#include "cli/serve/state.h"
#include "cli/text.h"
#include "crypto/digest.h"
#include "crypto/tls_certificate.h"

enum { MAX_PEM_FILE = 262144, PAUSE_TICKS = 60 };

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
    if (status == TRIVET_OK
        && !trivet_certificate_is_good(out->certificate_pem, NULL))
    {
        (void) fprintf(stderr,
            "trivet: %s expires within a month: it is renewed, and clients "
            "need the new one\n",
            s->ca_cert);
        status = TRIVET_E_NOT_FOUND;
    }
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    *out_is_new = true;
    TRIVET_TRY(trivet_certificate_make_ca(out, err));
    TRIVET_TRY(trivet_file_replace_whole(
        s->ca_key, trivet_slice_text(out->key_pem), 0600, err));

    return trivet_file_replace_whole(
        s->ca_cert, trivet_slice_text(out->certificate_pem), 0644, err);
}

/* Whether a certificate names all that the options name. */
static bool
has_names(const struct serving *s, const char *certificate_pem)
{
    const struct cli_serve_options *o = s->options;
    bool has_all = true;

    for (size_t i = 0; i < o->num_host_names; i++) {
        has_all =
            has_all
            && trivet_certificate_has_host(certificate_pem, o->host_names[i]);
    }

    return has_all;
}

/* What is to be served next. */
enum plan {
    KEEP_ALL,
    KEEP_KEY, /* a certificate of other names, for the key that is served */
    NEXT_KEY
};

/* Reads the pair that is there into out. */
static enum plan
plan_certificate(const struct serving *s, struct trivet_certificate *out)
{
    bool is_good =
        cli_read_file(s->tls_cert, out->certificate_pem,
            sizeof out->certificate_pem, NULL)
            == TRIVET_OK
        && cli_read_file(s->tls_key, out->key_pem, sizeof out->key_pem, NULL)
               == TRIVET_OK
        && trivet_certificate_is_good(out->certificate_pem, NULL)
        && trivet_certificate_is_pair(out);

    if (!is_good) {
        return NEXT_KEY;
    }

    return trivet_certificate_is_good(out->certificate_pem, &s->address)
                   && has_names(s, out->certificate_pem)
               ? KEEP_ALL
               : KEEP_KEY;
}

/* key_pem: of the key that is served; NULL: with the key that clients were told
 * to expect, if there is one. */
static enum trivet_status
make_server(const struct serving *s, const struct trivet_certificate *ca,
    const char *key_pem, struct trivet_certificate *out,
    struct trivet_error *err)
{
    const struct trivet_certificate_names names = {
        .address = &s->address,
        .num_hosts = s->options->num_host_names,
        .hosts = s->options->host_names,
    };
    char pem[TRIVET_MAX_CERTIFICATE_PEM];
    enum trivet_status status;

    if (key_pem != NULL) {
        return trivet_certificate_make_server(ca, &names, key_pem, out, err);
    }

    status = cli_serve_read_next_key(s, pem, sizeof pem, err);
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_certificate_make_server(ca, &names, NULL, out, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_certificate_make_server(ca, &names, pem, out, err);
    }

    trivet_wipe(pem, sizeof pem);
    return status;
}

static enum trivet_status
write_server(const struct serving *s, const struct trivet_certificate *server,
    struct trivet_error *err)
{
    TRIVET_TRY(trivet_file_replace_whole(
        s->tls_key, trivet_slice_text(server->key_pem), 0600, err));

    return trivet_file_replace_whole(
        s->tls_cert, trivet_slice_text(server->certificate_pem), 0644, err);
}

static enum trivet_status
prepare_own(const struct serving *s, const struct trivet_certificate *ca,
    bool is_new_ca, struct trivet_error *err)
{
    struct trivet_certificate old;
    struct trivet_certificate server;
    enum plan plan = plan_certificate(s, &old);
    enum trivet_status status = TRIVET_OK;

    if (is_new_ca || plan != KEEP_ALL) {
        const char *key = plan == NEXT_KEY ? NULL : old.key_pem;

        status = make_server(s, ca, key, &server, err);
        if (status == TRIVET_OK) {
            status = write_server(s, &server, err);
        }
        trivet_wipe(&server, sizeof server);
    }

    trivet_wipe(&old, sizeof old);
    return status;
}

enum trivet_status
cli_serve_prepare_certificate(const struct serving *s, struct trivet_error *err)
{
    struct trivet_certificate ca;
    enum trivet_status status;
    bool is_new;

    if (s->options->tls_cert != NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_serve_check_key_mode(s->tls_key, err));
    TRIVET_TRY(load_or_make_ca(s, &ca, &is_new, err));

    status = prepare_own(s, &ca, is_new, err);
    trivet_wipe(&ca, sizeof ca);

    return status;
}

/* ---- the operator's ---------------------------------------------------- */

/* nginx takes the first line, too, and others as more passwords. */
static enum trivet_status
read_password(const struct serving *s, char *out, size_t cap, const char **text,
    struct trivet_error *err)
{
    *text = NULL;
    if (s->options->tls_key_password == NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_read_file(s->given_password, out, cap, err));
    out[strcspn(out, "\r\n")] = '\0';
    *text = out;
    return TRIVET_OK;
}

enum trivet_status
cli_serve_check_tls_key(const struct serving *s, struct trivet_error *err)
{
    static char certificate[MAX_PEM_FILE];
    static char pem[MAX_PEM_FILE];
    char line[1024];
    const char *password;
    struct trivet_error why;
    enum trivet_status status;
    bool needs_password;

    TRIVET_TRY(
        cli_read_file(s->given_cert, certificate, sizeof certificate, err));
    TRIVET_TRY(cli_read_file(s->given_key, pem, sizeof pem, err));
    TRIVET_TRY(read_password(s, line, sizeof line, &password, err));

    status = trivet_certificate_check_key(certificate, pem, password, &why);
    trivet_wipe(pem, sizeof pem);
    trivet_wipe(line, sizeof line);

    if (status == TRIVET_OK && !has_names(s, certificate)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "%s: it does not name each --host-name", s->options->tls_cert);
    }
    if (status == TRIVET_OK) {
        return TRIVET_OK;
    }

    needs_password = status == TRIVET_E_USAGE && password == NULL;
    return trivet_error_set(err, TRIVET_E_USAGE, "serve", "%s, %s: %s%s",
        s->options->tls_cert, s->options->tls_key, why.detail,
        cli_text_if(
            needs_password, "; --tls-key-password-file FILE has its password"));
}

/* ---- while it serves --------------------------------------------------- */

/* What the name leads to now; zeroes when to nothing. */
static struct cli_file_stamp
stamp_of(const char *path)
{
    struct stat info;
    struct cli_file_stamp stamp;

    memset(&stamp, 0, sizeof stamp);
    if (stat(path, &info) == 0) {
        stamp.device = info.st_dev;
        stamp.inode = info.st_ino;
        stamp.size = info.st_size;
        stamp.changed = info.st_mtim;
    }

    return stamp;
}

static bool
is_same(const struct cli_file_stamp *a, const struct cli_file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->changed.tv_sec == b->changed.tv_sec
           && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void
look(const struct serving *s, struct cli_file_stamp out[2])
{
    out[0] = stamp_of(s->given_cert);
    out[1] = stamp_of(s->given_key);
}

void
cli_serve_note_tls(struct serving *s)
{
    if (s->options->tls_cert != NULL) {
        look(s, s->tls.taken);
    }
}

static bool
has_given_news(struct serving *s)
{
    struct cli_file_stamp now[2];
    bool is_calm;
    bool is_new;

    look(s, now);
    is_calm =
        is_same(&now[0], &s->tls.seen[0]) && is_same(&now[1], &s->tls.seen[1]);
    is_new = !is_same(&now[0], &s->tls.taken[0])
             || !is_same(&now[1], &s->tls.taken[1]);
    memcpy(s->tls.seen, now, sizeof now);

    return is_calm && is_new && now[0].inode != 0 && now[1].inode != 0;
}

/* Whether our own certificate can go on serving. */
static bool
has_good_certificate(const struct serving *s)
{
    struct trivet_certificate pair;
    bool is_good = plan_certificate(s, &pair) == KEEP_ALL;

    trivet_wipe(&pair, sizeof pair);
    return is_good;
}

bool
cli_serve_tls_has_news(struct serving *s)
{
    if (s->options->tls_cert != NULL) {
        return has_given_news(s);
    }

    if (s->tls.pause > 0) {
        s->tls.pause--;
        return false;
    }

    if (has_good_certificate(s)) {
        return false;
    }

    s->tls.pause = PAUSE_TICKS; /* a full disk, say: not each second */
    return true;
}
