/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - trivet serve: a gateway of one's own, in the foreground
 *
 * First everything that can be wrong is looked at, then the data directory is
 * made, then nginx is started; each file is written whole or not at all.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/sandbox.h"
#include "cli/serve.h"
#include "cli/serving.h"

/* ---- what is made ------------------------------------------------------ */

static struct cli_server_keys_home
key_home(const struct serving *s)
{
    return (struct cli_server_keys_home){
        .dir = s->dir,
        .is_own_store = s->options->data.store == NULL,
    };
}

/* The keys that answers are signed with; the first start makes one. Known to
 * the store before nginx asks. */
static enum trivet_status
prepare_store(struct serving *s, struct trivet_error *err)
{
    const struct cli_server_keys_home home = key_home(s);
    const char *given =
        s->options->server_key == NULL ? NULL : s->given_server_key;
    struct trivet_store *store;
    enum trivet_status status;

    TRIVET_TRY(
        cli_open_store_at(s->store_url, TRIVET_STORE_MIGRATE, &store, err));

    status = cli_server_keys_prepare(&home, store, given, err);
    if (status == TRIVET_OK) {
        status = cli_server_keys_list(&home, store, &s->server_keys, err);
    }
    if (status == TRIVET_OK) {
        status = cli_serve_leave_sandbox(s, store, err);
    }

    trivet_store_close(store);
    return status;
}

static enum trivet_status
write_conf(const struct serving *s, const char *path, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;
    struct cli_nginx_conf conf = {
        .module = s->module,
        .dir = s->dir,
        .listen = s->listen,
        .port = s->port,
        .profile = s->profile,
        .store_url = s->store_url,
        .server_keys = &s->server_keys,
        .tls_certificate = o->tls_cert == NULL ? s->tls_cert : s->given_cert,
        .tls_key = o->tls_key == NULL ? s->tls_key : s->given_key,
        .upstream = o->upstream == NULL ? NULL : &s->upstream,
        .session_timeout_s = o->session_timeout_s,
        .key_lifetime_s = o->key_lifetime_s,
        .is_sandbox = s->is_sandbox,
        .has_rate_limits = strcmp(o->rate_limits, "classic") == 0,
        .prune_ages = o->has_prune ? &o->prune_ages : NULL,
        .sandbox_state = s->is_sandbox ? s->sandbox_state : NULL,
        .has_metrics = o->has_metrics,
    };
    char *text = cli_nginx_conf_format(&conf);
    enum trivet_status status;

    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "serve", "out of memory");
    }

    status = cli_write_file(path, text, 0600, err);
    free(text);

    return status;
}

static enum trivet_status
prepare_sandbox(struct serving *s, struct trivet_error *err)
{
    return cli_sandbox_prepare(
        s->dir, s->is_sandbox, s->sandbox_state, &s->sandbox, err);
}

static enum trivet_status
prepare(struct serving *s, struct trivet_error *err)
{
    TRIVET_TRY(cli_serve_check(s, err));
    TRIVET_TRY(cli_serve_check_port(s, err));

    TRIVET_TRY(cli_make_dir(s->dir, err));
    TRIVET_TRY(cli_serving_lock(s->dir, err));
    if (s->is_sandbox) {
        TRIVET_TRY(prepare_sandbox(s, err));
    }
    TRIVET_TRY(cli_make_dir(s->log_dir, err));
    TRIVET_TRY(cli_make_dir(s->temporary, err));
    TRIVET_TRY(prepare_store(s, err));
    if (!s->is_sandbox) {
        TRIVET_TRY(prepare_sandbox(s, err)); /* the store has left it by now */
    }
    TRIVET_TRY(cli_serve_prepare_certificate(s, err));
    cli_serve_tell_sandbox(s);

    return write_conf(s, s->conf, err);
}

/* ---- reloading --------------------------------------------------------- */

/* The keys as the store has them now. */
static enum trivet_status
read_keys(struct serving *s, struct trivet_error *err)
{
    const struct cli_server_keys_home home = key_home(s);
    struct trivet_store *store;
    enum trivet_status status;

    TRIVET_TRY(
        trivet_store_open(s->store_url, TRIVET_STORE_EXISTING, &store, err));
    status = cli_server_keys_list(&home, store, &s->server_keys, err);
    trivet_store_close(store);

    return status;
}

/* nginx goes on with what it has when it would not start with the new. */
static enum trivet_status
reload(struct serving *s, struct cli_nginx *nginx, struct trivet_error *err)
{
    struct cli_nginx trial = *nginx;

    if (s->sandbox != NULL) {
        cli_put_clock_on(trivet_sandbox_offset_us(s->sandbox));
    }

    TRIVET_TRY(read_keys(s, err));
    TRIVET_TRY(write_conf(s, s->next_conf, err));

    trial.conf = s->next_conf;
    TRIVET_TRY(cli_nginx_test(&trial, err));

    if (rename(s->next_conf, s->conf) != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve", "%s: %s",
            s->conf, strerror(errno));
    }

    return cli_nginx_reload(nginx, err);
}

/* Until nginx ends, or we are told to. */
static enum cli_nginx_event
go_on(struct serving *s, struct cli_nginx *nginx)
{
    for (;;) {
        struct trivet_error err = {.status = TRIVET_OK};
        enum cli_nginx_event event =
            s->wants_reload ? CLI_NGINX_RELOAD : cli_nginx_wait(nginx, -1);
        enum trivet_status status;

        s->wants_reload = false;

        if (event != CLI_NGINX_RELOAD) {
            return event;
        }

        status = reload(s, nginx, &err);
        cli_serving_tell(s->dir, status, &err);
        (void) fprintf(stderr, "trivet: reload: %s\n",
            status == TRIVET_OK ? "done" : err.detail);
    }
}

static enum trivet_status
run(struct serving *s, struct trivet_error *err)
{
    struct cli_nginx nginx = {
        .program = s->program, .conf = s->conf, .log = s->log};
    enum cli_nginx_event event;
    enum trivet_status status;

    TRIVET_TRY(cli_nginx_test(&nginx, err));
    TRIVET_TRY(cli_nginx_start(&nginx, err));

    status = cli_serve_wait_ready(s, &nginx, &event, err);
    if (status == TRIVET_OK && event == CLI_NGINX_TIMEOUT) {
        cli_serve_tell_ready(s);
        event = go_on(s, &nginx);
        if (event == CLI_NGINX_ENDED) {
            status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve",
                "nginx ended by itself; see %s", s->log);
        }
    }

    cli_nginx_stop(&nginx);
    return status;
}

int
cli_serve_main(int argc, char **argv)
{
    struct cli_serve_options options;
    static struct serving serving; /* large: a dozen paths */
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    if (!cli_serve_parse(argc, argv, &options)) {
        return CLI_USAGE;
    }

    cli_nginx_block_signals();
    (void) umask(077);
    serving.options = &options;

    if (geteuid() == 0) {
        (void) fputs("trivet: running as root: nginx's workers do too; an "
                     "ordinary user is enough\n",
            stderr);
    }

    status = prepare(&serving, &err);
    if (status == TRIVET_OK) {
        status = run(&serving, &err);
    }

    err.status = status;
    return status == TRIVET_OK ? CLI_OK : cli_fail_here(&err);
}
