/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - nginx's configuration of "trivet serve" */
#define _DEFAULT_SOURCE
#include "cli/nginx_version.h"
#include "cli/serve/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/serve/next_key.h"
#include "cli/serve/resolver.h"
#include "cli/serve/ready.h"
#include "cli/serve/state.h"
#include "store/store.h"

enum { MAX_LOOK_MS = 3000 };

struct cli_server_keys_home
cli_serve_key_home(const struct serving *s)
{
    return (struct cli_server_keys_home){
        .dir = s->dir,
        .is_own_store = s->options->data.store == NULL,
    };
}

/* The operator's certificate, or the one of the data directory. */
static void
put_certificate(const struct serving *s, struct cli_nginx_conf *conf)
{
    const struct cli_serve_options *o = s->options;

    conf->is_own_tls = o->tls_cert == NULL;
    if (conf->is_own_tls) {
        conf->tls_certificate = s->tls_cert;
        conf->tls_key = s->tls_key;
        return;
    }

    conf->tls_certificate = s->given_cert;
    conf->tls_key = s->given_key;
    if (o->tls_key_password != NULL) {
        conf->tls_key_password = s->given_password;
    }
}

/* NULL: memory ran out. */
/* As it was given, or what bunq has. */
static long long
key_lifetime_of(const struct serving *s)
{
    if (s->options->key_lifetime_s > 0) {
        return s->options->key_lifetime_s;
    }

    return s->is_sandbox ? TRIVET_SANDBOX_KEY_LIFETIME_S
                         : TRIVET_DEFAULT_KEY_LIFETIME_S;
}

static char *
format(const struct serving *s)
{
    const struct cli_serve_options *o = s->options;
    struct cli_nginx_conf conf = {
        .module = s->module,
        .dir = s->dir,
        .listen = s->listen,
        .port = s->port,
        .profile = s->profile,
        .store_url = s->store_url,
        .chain = o->chain,
        .checkpoint_s = o->checkpoint_s,
        .server_keys = &s->server_keys,
        .pins = &s->pins,
        .upstreams = &s->upstreams,
        .num_answers = o->num_answers,
        .answers = s->answers,
        .limits = o->limits,
        .num_trusted = o->num_trusted,
        .trusted = s->trusted,
        .has_proxy_protocol = o->has_proxy_protocol,
        .num_origins = o->num_origins,
        .origins = o->origins,
        .session_timeout_s = o->session_timeout_s,
        .key_lifetime_s = key_lifetime_of(s),
        .is_sandbox = s->is_sandbox,
        .has_rate_limits = strcmp(o->rate_limits, "classic") == 0,
        .has_device_rates = strcmp(o->rate_limits, "2026") == 0,
        .encryption = o->encryption,
        .lanes = o->lanes,
        .max_connections = o->max_connections,
        .has_json_log = o->has_json_log,
        .has_http2_directive = cli_nginx_has_http2_directive(s->program),
        .has_metrics = o->has_metrics,
    };

    conf.host = cli_serve_host(s);
    if (s->console[0] != '\0') {
        conf.console = s->console;
    }
    put_certificate(s, &conf);
    if (o->has_prune) {
        conf.prune_ages = &o->prune_ages;
    }
    if (s->is_sandbox) {
        conf.sandbox_state = s->sandbox_state;
    }
    if (o->deterministic != NULL) {
        conf.deterministic = s->deterministic;
    }
    if (s->is_sandbox && access(s->incident_key, F_OK) == 0) {
        conf.incident_key = s->incident_key;
    }

    return cli_nginx_conf_format(&conf);
}

enum trivet_status
cli_serve_write_conf(
    const struct serving *s, const char *path, struct trivet_error *err)
{
    char *text = format(s);
    enum trivet_status status;

    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "serve", "out of memory");
    }

    status =
        trivet_file_replace_whole(path, trivet_slice_text(text), 0600, err);
    free(text);

    return status;
}

/* ---- --print-config ---------------------------------------------------- */

static void
put_first(struct cli_server_keys *keys, const char *location)
{
    for (size_t i = keys->num_keys; i > 0; i--) {
        if (i < TRIVET_MAX_SERVER_KEYS) {
            memcpy(keys->locations[i], keys->locations[i - 1], CLI_MAX_PATH);
        }
    }

    (void) snprintf(keys->locations[0], CLI_MAX_PATH, "%s", location);
    if (keys->num_keys < TRIVET_MAX_SERVER_KEYS) {
        keys->num_keys++;
    }
}

static bool
has_key(const struct cli_server_keys *keys, const char *location)
{
    for (size_t i = 0; i < keys->num_keys; i++) {
        if (strcmp(keys->locations[i], location) == 0) {
            return true;
        }
    }

    return false;
}

/* The keys that the store knows, if there is one, and the one that a start
 * would make or take. */
static enum trivet_status
look_for_keys(struct serving *s, struct trivet_error *err)
{
    const struct cli_server_keys_home home = cli_serve_key_home(s);
    char first[CLI_MAX_PATH];
    struct trivet_store *store;

    if (trivet_store_open(s->store_url, TRIVET_STORE_EXISTING, &store, NULL)
        == TRIVET_OK)
    {
        enum trivet_status status =
            cli_server_keys_list(&home, store, &s->server_keys, err);

        trivet_store_close(store);
        TRIVET_TRY(status);
    }

    if (s->options->server_key != NULL) {
        if (!has_key(&s->server_keys, s->given_server_key)) {
            put_first(&s->server_keys, s->given_server_key);
        }
    } else if (s->server_keys.num_keys == 0) {
        TRIVET_TRY(cli_data_path(s->dir, "server.pem", first, err));
        put_first(&s->server_keys, first);
    }

    return TRIVET_OK;
}

enum trivet_status
cli_serve_print_conf(struct serving *s, struct trivet_error *err)
{
    char *text;

    TRIVET_TRY(look_for_keys(s, err));
    cli_serve_read_pins(s);
    s->port = (unsigned) s->options->port;
    cli_resolver_wait(MAX_LOOK_MS);
    cli_resolver_take(&s->upstreams);

    text = format(s);
    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "serve", "out of memory");
    }

    (void) fputs(text, stdout);
    free(text);

    return fflush(stdout) == 0 ? TRIVET_OK
                               : trivet_error_set(err, TRIVET_E_UNAVAILABLE,
                                   "serve", "standard output");
}
