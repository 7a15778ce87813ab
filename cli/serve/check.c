/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - what can be wrong before anything is made */
#define _DEFAULT_SOURCE
#include "cli/serve/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/answers.h"
#include "authority/determinism.h"
#include "authority/operator/nginx_path.h"
#include "base/file.h"
#include "build.h"
#include "cli/nginx_parts.h"
#include "cli/sandbox_state.h"
#include "cli/serve/key_file.h"
#include "cli/serve/network.h"
#include "cli/serve/state.h"
#include "cli/serve/tls.h"
#include "store/store.h"

static bool
is_encryption(const char *text)
{
    return strcmp(text, "off") == 0 || strcmp(text, "optional") == 0
           || strcmp(text, "required") == 0;
}

static bool
is_rate_limits(const char *word)
{
    return strcmp(word, "classic") == 0 || strcmp(word, "2026") == 0
           || strcmp(word, "off") == 0;
}

/* Outside the sandbox a clock that stands would keep sessions open, and ids
 * that anybody can foresee are not what an API expects. */
static enum trivet_status
check_deterministic(const struct serving *s, struct trivet_error *err)
{
    const char *seed = s->options->deterministic;

    if (seed == NULL) {
        return TRIVET_OK;
    }

    if (seed[0] == '\0' || strlen(seed) > TRIVET_MAX_SEED) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--deterministic=SEED: a text of 1 to %d bytes", TRIVET_MAX_SEED);
    }

    if (!s->is_sandbox) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--deterministic is for the sandbox: without --no-sandbox, and "
            "with --upstream only beside --sandbox");
    }

    return TRIVET_OK;
}

static enum trivet_status
check_options(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;
    struct trivet_error why;

    if (trivet_address_parse(trivet_slice_text(o->listen), &s->address)
        != TRIVET_OK)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--listen %s: not an IP address", o->listen);
    }

    cli_network_bracket(o->listen, s->listen, sizeof s->listen);

    TRIVET_TRY(cli_profile_format(&o->profile, s->profile, err));

    if (!is_rate_limits(o->rate_limits)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--rate-limits %s: classic, 2026 and off are known",
            o->rate_limits);
    }
    if (!is_encryption(o->encryption)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--encryption %s: off, optional and required are known",
            o->encryption);
    }

    if (strcmp(o->lanes, "auto") != 0 && strcmp(o->lanes, "off") != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--lanes %s: auto and off are known", o->lanes);
    }

    if (o->data.store != NULL
        && trivet_store_check_url(o->data.store, &why) != TRIVET_OK)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "serve", "--store %s", why.detail);
    }
    if (o->data.store != NULL && !trivet_nginx_accepts_path(o->data.store)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--store %s: not a store URL; " TRIVET_STORE_SQLITE
            " and " TRIVET_STORE_POSTGRES " are",
            o->data.store);
    }

    s->is_sandbox =
        o->sandbox == CLI_SANDBOX_ON
        || (o->sandbox == CLI_SANDBOX_UNSAID && o->num_upstreams == 0);

    TRIVET_TRY(check_deterministic(s, err));

    if ((o->tls_cert == NULL) != (o->tls_key == NULL)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--tls-cert and --tls-key need each other");
    }

    return TRIVET_OK;
}

static enum trivet_status
refuse_path(const char *path, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "serve",
        "%s: a path must not have $, quotes, braces, semicolons or "
        "backslashes: nginx cannot read them",
        path);
}

/* nginx reads names in its own directory: they are made absolute. A link stays
 * one, so that what it leads to later is taken. */
static enum trivet_status
take_file(const char *given, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    if (access(given, R_OK) != 0) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "serve", "%s: %s", given, strerror(errno));
    }

    TRIVET_TRY(cli_absolute_path(given, out, err));

    return trivet_nginx_accepts_path(out) ? TRIVET_OK : refuse_path(given, err);
}

static enum trivet_status
check_given_tls(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    if (o->tls_key_password != NULL && o->tls_key == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--tls-key-password-file needs --tls-key");
    }
    if (o->tls_next_key != NULL && o->tls_cert == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--tls-next-key needs --tls-cert: the key of trivet's own next "
            "certificate is next.key");
    }
    if (o->tls_cert == NULL) {
        return TRIVET_OK;
    }
    if (o->tls_next_key != NULL && strncmp(o->tls_next_key, "sha256/", 7) != 0)
    {
        TRIVET_TRY(take_file(o->tls_next_key, s->given_next_key, err));
    }

    TRIVET_TRY(take_file(o->tls_cert, s->given_cert, err));
    TRIVET_TRY(take_file(o->tls_key, s->given_key, err));
    TRIVET_TRY(cli_serve_check_key_mode(o->tls_key, err));
    if (o->tls_key_password != NULL) {
        TRIVET_TRY(take_file(o->tls_key_password, s->given_password, err));
        TRIVET_TRY(cli_serve_check_key_mode(o->tls_key_password, err));
    }

    return cli_serve_check_tls_key(s, err);
}

static enum trivet_status
check_upstreams(struct serving *s, struct trivet_error *err)
{
    for (size_t i = 0; i < s->options->num_upstreams; i++) {
        TRIVET_TRY(
            cli_upstream_add(&s->upstreams, s->options->upstreams[i], err));
    }

    return TRIVET_OK;
}

/* All files are read, and forgotten: nginx reads them itself. */
static enum trivet_status
check_answers(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;
    struct trivet_answers *answers;
    enum trivet_status status = TRIVET_OK;

    if (o->num_answers == 0) {
        return TRIVET_OK;
    }
    if (o->num_upstreams > 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--answers and --upstream do not go together: either files answer, "
            "or an API");
    }

    TRIVET_TRY(trivet_answers_new(&answers, err));
    for (size_t i = 0; status == TRIVET_OK && i < o->num_answers; i++) {
        status = take_file(o->answers[i], s->answers[i], err);
        if (status == TRIVET_OK) {
            status = trivet_answers_add(answers, o->answers[i], err);
        }
    }
    if (status == TRIVET_OK) {
        status = trivet_calls_check_answers(answers, err);
    }

    trivet_answers_free(answers);
    return status;
}

static enum trivet_status
check_trusted(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    for (size_t i = 0; i < o->num_trusted; i++) {
        if (cli_network_parse(o->trusted[i], s->trusted[i]) != TRIVET_OK) {
            return trivet_error_set(err, TRIVET_E_USAGE, "serve",
                "--trusted-proxy %.100s: not a network such as 10.0.0.0/8, "
                "fd00::/8 or 192.0.2.1",
                o->trusted[i]);
        }
    }

    if (o->has_proxy_protocol && o->num_trusted == 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--proxy-protocol needs --trusted-proxy");
    }

    return TRIVET_OK;
}

static enum trivet_status
check_origins(const struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    for (size_t i = 0; i < o->num_origins; i++) {
        if (strcmp(o->origins[i], "*") == 0) {
            return trivet_error_set(err, TRIVET_E_USAGE, "serve",
                "--cors-origin *: name each origin; with * any page that a "
                "user opens could call");
        }
        if (!cli_origin_is_good(o->origins[i])) {
            return trivet_error_set(err, TRIVET_E_USAGE, "serve",
                "--cors-origin %.100s: not an origin such as "
                "https://app.example or http://localhost:3000, in lower case "
                "and without a path",
                o->origins[i]);
        }
    }

    return TRIVET_OK;
}

static enum trivet_status
check_host_names(const struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    for (size_t i = 0; i < o->num_host_names; i++) {
        if (!cli_host_name_is_good(o->host_names[i])) {
            return trivet_error_set(err, TRIVET_E_USAGE, "serve",
                "--host-name %.100s: not a host name such as api.example",
                o->host_names[i]);
        }
    }

    return TRIVET_OK;
}

static enum trivet_status
check_seed(struct serving *s, struct trivet_error *err)
{
    s->seed = (struct cli_seed){
        .path = s->options->seed,
        .is_sandbox = s->is_sandbox,
        .session_timeout_s = s->options->session_timeout_s,
    };

    return s->seed.path == NULL ? TRIVET_OK : cli_seed_check(&s->seed, err);
}

/* Whoever may write there can have any code run here. One that is missing is
 * about to be made. */
static enum trivet_status
check_dir(const char *path, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_file_check_folder(path, "the data directory", err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

enum trivet_status
cli_serve_check_port(struct serving *s, struct trivet_error *err)
{
    bool is_ipv4 = strchr(s->options->listen, ':') == NULL;
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6,
        .sin6_port = htons((uint16_t) s->options->port),
    };
    struct sockaddr_in four = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t) s->options->port),
    };
    struct sockaddr *any =
        is_ipv4 ? (struct sockaddr *) &four : (struct sockaddr *) &six;
    socklen_t len = is_ipv4 ? sizeof four : sizeof six;
    int on = 1;
    int fd = socket(any->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound;

    (void) inet_pton(AF_INET, s->options->listen, &four.sin_addr);
    (void) inet_pton(AF_INET6, s->options->listen, &six.sin6_addr);

    is_bound = fd >= 0
               && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
               && bind(fd, any, len) == 0 && listen(fd, 1) == 0
               && getsockname(fd, any, &len) == 0;
    if (!is_bound) {
        (void) trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "cannot listen on %s port %lld: %s", s->options->listen,
            s->options->port, strerror(errno));
    }
    if (fd >= 0) {
        (void) close(fd);
    }

    s->port = ntohs(is_ipv4 ? four.sin_port : six.sin6_port);
    return is_bound ? TRIVET_OK : TRIVET_E_USAGE;
}

static enum trivet_status
find_parts(struct serving *s, struct trivet_error *err)
{
    cli_nginx_find_self(s->self);
    TRIVET_TRY(cli_nginx_find_program(s->self, s->program, err));

    return cli_nginx_find_part(s->self, "TRIVET_MODULE",
        "ngx_http_trivet_module.so", TRIVET_MODULE_PATH, s->module, err);
}

static enum trivet_status
name_files(struct serving *s, struct trivet_error *err)
{
    const struct {
        const char *name;
        char *out;
    } files[] = {
        {"log", s->log_dir},
        {"log/error.log", s->log},
        {"tmp", s->temporary},
        {"nginx.conf", s->conf},
        {"nginx.conf.next", s->next_conf},
        {"ca.pem", s->ca_cert},
        {"ca.key", s->ca_key},
        {"tls.crt", s->tls_cert},
        {"tls.key", s->tls_key},
        {"next.key", s->next_key},
        {"sandbox.state", s->sandbox_state},
        {"deterministic", s->deterministic},
        {CLI_INCIDENT_KEY, s->incident_key},
    };
    const char *store = s->options->data.store;
    int len;

    TRIVET_TRY(cli_data_dir(&s->options->data, s->dir, err));

    if (!trivet_nginx_accepts_path(s->dir)
        || !trivet_nginx_accepts_path(s->module)) {
        return refuse_path(s->dir, err);
    }

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TRIVET_TRY(cli_data_path(s->dir, files[i].name, files[i].out, err));
    }

    len = store != NULL ? snprintf(s->store_url, CLI_MAX_PATH, "%s", store)
                        : snprintf(s->store_url, CLI_MAX_PATH,
                            "sqlite:%s/trivet.db", s->dir);

    return len < CLI_MAX_PATH ? TRIVET_OK
                              : trivet_error_set(err, TRIVET_E_LIMIT, "serve",
                                  "the path is too long");
}

enum trivet_status
cli_serve_check(struct serving *s, struct trivet_error *err)
{
    TRIVET_TRY(check_options(s, err));
    TRIVET_TRY(check_upstreams(s, err));
    TRIVET_TRY(check_answers(s, err));
    TRIVET_TRY(check_trusted(s, err));
    TRIVET_TRY(check_origins(s, err));
    TRIVET_TRY(check_host_names(s, err));
    TRIVET_TRY(check_seed(s, err));
    TRIVET_TRY(check_given_tls(s, err));
    TRIVET_TRY(cli_serve_check_console(s, err));
    TRIVET_TRY(find_parts(s, err));
    TRIVET_TRY(name_files(s, err));
    TRIVET_TRY(check_dir(s->dir, err));

    if (s->options->server_key == NULL) {
        return TRIVET_OK;
    }

    return cli_server_key_given(
        s->options->server_key, s->given_server_key, err);
}
