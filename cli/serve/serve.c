/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - trivet serve: a gateway of one's own, in the foreground
 *
 * First everything that can be wrong is looked at, then the data directory is
 * made, then nginx is started; each file is written whole or not at all.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/clock.h"
#include "cli/commands.h"
#include "cli/open_store.h"
#include "cli/options_file.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "cli/serve/check.h"
#include "cli/serve/conf.h"
#include "cli/serve/key_file.h"
#include "cli/serve/limits.h"
#include "cli/serve/next_key.h"
#include "cli/serve/ready.h"
#include "cli/serve/resolver.h"
#include "cli/serve/sandbox.h"
#include "cli/serve/state.h"
#include "cli/serve/tls.h"
#include "cli/service.h"
#include "cli/serving.h"
#include "store/store.h"

/* The first look-up of the API's names may take longer: then nginx is told
 * later. */
enum { MAX_FIRST_LOOK_MS = 3000, TICK_MS = 1000 };

/* ---- what is made ------------------------------------------------------ */

/* The keys that answers are signed with; the first start makes one. Known to
 * the store before nginx asks. */
static enum trivet_status
prepare_store(struct serving *s, struct trivet_error *err)
{
    const struct cli_server_keys_home home = cli_serve_key_home(s);
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
    if (status == TRIVET_OK && s->seed.path != NULL) {
        status = cli_seed_apply(&s->seed, store, err);
    }

    trivet_store_close(store);
    return status;
}

static enum trivet_status
prepare_sandbox(struct serving *s, struct trivet_error *err)
{
    TRIVET_TRY(cli_sandbox_prepare(
        s->dir, s->is_sandbox, s->sandbox_state, &s->sandbox, err));

    return cli_sandbox_prepare_determinism(
        s->dir, s->options->deterministic, s->deterministic, err);
}

/* For "trivet sandbox hosts". */
static enum trivet_status
note_hosts(const struct serving *s, struct trivet_error *err)
{
    static struct cli_hosts hosts; /* large */
    const struct cli_serve_options *o = s->options;
    const char *address = o->listen;

    if (strcmp(address, "0.0.0.0") == 0) {
        address = "127.0.0.1";
    } else if (strcmp(address, "::") == 0) {
        address = "::1";
    }

    hosts.port = s->port;
    hosts.num_names = o->num_host_names;
    (void) snprintf(hosts.address, sizeof hosts.address, "%s", address);
    if (o->tls_cert == NULL) {
        (void) snprintf(hosts.ca, sizeof hosts.ca, "%s", s->ca_cert);
    }
    for (size_t i = 0; i < o->num_host_names; i++) {
        (void) snprintf(
            hosts.names[i], CLI_MAX_HOST_NAME, "%s", o->host_names[i]);
    }

    return cli_hosts_write(s->dir, &hosts, err);
}

static enum trivet_status
prepare(struct serving *s, struct trivet_error *err)
{
    TRIVET_TRY(cli_serve_check_port(s, err));

    TRIVET_TRY(cli_make_dir(s->dir, err));
    TRIVET_TRY(cli_serving_lock(s->dir, "trivet serve", err));
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
    TRIVET_TRY(cli_serve_prepare_pins(s, err));
    TRIVET_TRY(note_hosts(s, err));
    TRIVET_TRY(cli_serve_prepare_console(s, err));
    cli_serve_tell_sandbox(s);
    cli_resolver_wait(MAX_FIRST_LOOK_MS);
    cli_resolver_take(&s->upstreams);

    return cli_serve_write_conf(s, s->conf, err);
}

/* ---- reloading --------------------------------------------------------- */

/* The keys as the store has them now. */
static enum trivet_status
read_keys(struct serving *s, struct trivet_error *err)
{
    const struct cli_server_keys_home home = cli_serve_key_home(s);
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
        cli_clock_set_offset(trivet_sandbox_offset_us(s->sandbox));
    }

    TRIVET_TRY(read_keys(s, err));
    cli_serve_note_tls(s);
    if (s->options->tls_cert != NULL) {
        TRIVET_TRY(cli_serve_check_key_mode(s->given_key, err));
        TRIVET_TRY(cli_serve_check_tls_key(s, err));
    }
    TRIVET_TRY(cli_serve_prepare_certificate(s, err));
    TRIVET_TRY(cli_serve_prepare_pins(s, err));
    cli_resolver_take(&s->upstreams);
    TRIVET_TRY(cli_serve_write_conf(s, s->next_conf, err));

    trial.conf = s->next_conf;
    TRIVET_TRY(cli_nginx_test(&trial, err));

    TRIVET_TRY(trivet_file_move_over(s->next_conf, s->conf, err));

    return cli_nginx_reload(nginx, err);
}

/* Why nginx is to be given what there is now; NULL: it is not. */
static const char *
find_news(struct serving *s)
{
    if (cli_serve_tls_has_news(s)) {
        return "the certificate";
    }

    return cli_resolver_has_news(&s->upstreams) ? "the API's addresses" : NULL;
}

/* Whether a command waits or not, standard error has one line. */
static void
reload_and_tell(struct serving *s, struct cli_nginx *nginx, const char *why)
{
    struct trivet_error err = {.status = TRIVET_OK};
    bool is_asked = s->is_asked;
    enum trivet_status status;

    s->wants_reload = false;
    s->is_asked = false;
    cli_service_tell_reloading();
    status = reload(s, nginx, &err);
    cli_service_tell_ready(); /* it answers, with the new or the old */
    if (is_asked) {
        cli_serving_tell(s->dir, status, &err);
    }

    if (status == TRIVET_OK) {
        cli_tell("trivet: reload: done (%s)\n", why);
    } else {
        cli_tell("trivet: reload (%s): %s; everything stays as it was\n", why,
            err.detail);
    }
}

/* Until nginx ends, or we are told to. */
static enum cli_nginx_event
go_on(struct serving *s, struct cli_nginx *nginx)
{
    for (;;) {
        const char *why = s->wants_reload ? "as told" : NULL;
        enum cli_nginx_event event = CLI_NGINX_TIMEOUT;

        if (cli_service_wants_sign() && cli_serve_is_alive(s)) {
            cli_service_tell_alive();
        }
        if (why == NULL) {
            event = cli_nginx_wait(nginx, TICK_MS);
        }

        switch (event) {
        case CLI_NGINX_TIMEOUT:
            why = why == NULL ? find_news(s) : why;
            break;
        case CLI_NGINX_RELOAD:
            s->is_asked = true;
            why = "as a command asked";
            break;
        case CLI_NGINX_HANGUP:
            why = "as SIGHUP asked";
            break;
        case CLI_NGINX_ENDED:
        case CLI_NGINX_SIGNAL:
            return event;
        }

        if (why != NULL) {
            reload_and_tell(s, nginx, why);
        }
    }
}

static enum trivet_status
run(struct serving *s, struct trivet_error *err)
{
    struct cli_nginx nginx = {
        .program = s->program, .conf = s->conf, .log = s->log};
    enum cli_nginx_event event;
    enum trivet_status status;

    cli_serve_note_tls(s);
    TRIVET_TRY(cli_nginx_test(&nginx, err));
    TRIVET_TRY(cli_nginx_start(&nginx, err));

    status = cli_serve_wait_ready(s, &nginx, &event, err);
    if (status == TRIVET_OK && event == CLI_NGINX_TIMEOUT) {
        cli_serve_tell_ready(s);
        cli_service_tell_ready();
        event = go_on(s, &nginx);
        if (event == CLI_NGINX_ENDED) {
            status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve",
                "nginx ended by itself; see %s", s->log);
        }
    }

    cli_service_tell_stopping();
    cli_nginx_stop(&nginx);
    return status;
}

static enum trivet_status
prepare_and_run(struct serving *s, struct trivet_error *err)
{
    if (geteuid() == 0) {
        (void) fputs("trivet: running as root, and so are nginx's workers; an "
                     "ordinary user is enough\n",
            stderr);
    }

    TRIVET_TRY(prepare(s, err));

    return run(s, err);
}

static int
run_command(void *input)
{
    const struct cli_serve_options *options = input;
    static struct serving serving; /* large: a dozen paths */
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    cli_nginx_block_signals();
    (void) umask(077);
    serving.options = options;

    status = cli_serve_check(&serving, &err);
    if (status == TRIVET_OK) {
        status = cli_resolver_start(&serving.upstreams, &err);
    }
    if (status == TRIVET_OK && options->prints_config) {
        status = cli_serve_print_conf(&serving, &err);
    } else if (status == TRIVET_OK) {
        status = prepare_and_run(&serving, &err);
    }

    return cli_finish_here(status, &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct cli_serve_options, data)},
    {&cli_serve_limits_argp, offsetof(struct cli_serve_options, limits)},
    {&cli_options_file_argp, 0},
    {0},
};

const struct cli_command cli_serve_command = {
    .name = "serve",
    .summary = "run the gateway, or the sandbox, in the foreground",
    .doc = "Runs the gateway in the foreground, on nginx. With --upstream it "
           "protects that API, and who calls needs an API key of \"trivet key "
           "create\"; without, it is a sandbox of bunq's authentication.\vThe "
           "switches of a profile; trivet-profiles(7) "
           "has more:",
    .options = cli_serve_options_table,
    .shared = shared,
    .parse = cli_serve_parse,
    .filter_help = cli_profile_help,
    .input_size = sizeof(struct cli_serve_options),
    .run = run_command,
};
