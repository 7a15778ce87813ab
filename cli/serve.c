/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - trivet serve: a gateway of one's own, in the foreground
 *
 * First everything that can be wrong is looked at, then the data directory is
 * made, then nginx is started; each file is written whole or not at all.
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/authority.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "cli/nginx_conf.h"
#include "cli/nginx_run.h"
#include "cli/sandbox.h"
#include "cli/server_keys.h"
#include "cli/serve_options.h"
#include "cli/serving.h"
#include "client/probe.h"

enum { READY_STEP_MS = 20, MAX_READY_STEPS = 1000 };

/* What the options and the data directory come to. */
struct serving {
    const struct cli_serve_options *options;
    struct trivet_address address;
    char profile[CLI_MAX_PROFILE];
    char listen[TRIVET_MAX_ADDRESS_TEXT + 2]; /* IPv6 in brackets */
    unsigned port;
    struct trivet_url upstream;

    char self[CLI_MAX_PATH];    /* this program */
    char program[CLI_MAX_PATH]; /* nginx */
    char module[CLI_MAX_PATH];

    char given_server_key[CLI_MAX_PATH];
    char given_cert[CLI_MAX_PATH];
    char given_key[CLI_MAX_PATH];
    char dir[CLI_MAX_PATH];
    char log_dir[CLI_MAX_PATH];
    char log[CLI_MAX_PATH];
    char temporary[CLI_MAX_PATH];
    char conf[CLI_MAX_PATH];
    char next_conf[CLI_MAX_PATH]; /* to be tried before it takes its place */
    struct cli_server_keys server_keys;
    bool wants_reload;
    char ca_cert[CLI_MAX_PATH];
    char ca_key[CLI_MAX_PATH];
    char tls_cert[CLI_MAX_PATH];
    char tls_key[CLI_MAX_PATH];
    char store_url[CLI_MAX_PATH];
    char sandbox_state[CLI_MAX_PATH];
    struct trivet_sandbox *sandbox; /* NULL: none */
};

/* ---- what can be wrong before anything is made ------------------------- */

static enum trivet_status
check_options(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    if (trivet_address_parse(trivet_slice_text(o->listen), &s->address)
        != TRIVET_OK)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--listen %s: not an IP address", o->listen);
    }

    (void) snprintf(s->listen, sizeof s->listen,
        strchr(o->listen, ':') == NULL ? "%s" : "[%s]", o->listen);

    TRIVET_TRY(cli_profile_format(&o->profile, s->profile, err));

    if (strcmp(o->rate_limits, "classic") != 0
        && strcmp(o->rate_limits, "off") != 0)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--rate-limits %s: classic and off are known", o->rate_limits);
    }

    if (o->data.store != NULL
        && (!trivet_store_knows(o->data.store)
            || !cli_nginx_conf_takes(o->data.store)))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--store %s: not a store URL; sqlite:PATH is one", o->data.store);
    }

    if ((o->tls_cert == NULL) != (o->tls_key == NULL)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--tls-cert and --tls-key come together");
    }

    if (o->upstream != NULL
        && (trivet_url_parse(o->upstream, &s->upstream, err) != TRIVET_OK
            || !cli_nginx_conf_takes(o->upstream)))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--upstream %s: not a URL of the form http[s]://host[:port][/path]",
            o->upstream);
    }

    return TRIVET_OK;
}

/* A key file that others can read is refused, whoever made it. */
static enum trivet_status
check_key_mode(const char *path, struct trivet_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        return errno == ENOENT ? TRIVET_OK
                               : trivet_error_set(err, TRIVET_E_USAGE, "serve",
                                   "%s: %s", path, strerror(errno));
    }

    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "%s: mode %04o lets others at the private key; chmod 600 it", path,
            (unsigned) info.st_mode & 07777);
    }

    return TRIVET_OK;
}

static enum trivet_status
refuse_path(const char *path, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "serve",
        "%s: no $, quotes, braces, semicolons or backslashes in paths, please: "
        "nginx cannot take them",
        path);
}

/* nginx reads the names in its own directory: they are made absolute. */
static enum trivet_status
check_given_tls(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;

    if (o->tls_cert == NULL) {
        return TRIVET_OK;
    }

    if (realpath(o->tls_cert, s->given_cert) == NULL
        || access(o->tls_cert, R_OK) != 0)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve", "%s: %s",
            o->tls_cert, strerror(errno));
    }

    if (realpath(o->tls_key, s->given_key) == NULL
        || access(o->tls_key, R_OK) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve", "%s: %s",
            o->tls_key, strerror(errno));
    }

    if (!cli_nginx_conf_takes(s->given_cert)
        || !cli_nginx_conf_takes(s->given_key)) {
        return refuse_path(s->given_cert, err);
    }

    return check_key_mode(o->tls_key, err);
}

/* Whoever may write there can have any code run here. */
static enum trivet_status
check_dir(const char *path, struct trivet_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        return TRIVET_OK; /* it is about to be made */
    }

    if (!S_ISDIR(info.st_mode)) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "serve", "%s: not a directory", path);
    }

    if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "%s: the data directory must be yours, and no others' to write",
            path);
    }

    return TRIVET_OK;
}

/* Takes the port for a moment: nginx would complain at length. Port 0 becomes
 * one that is free. */
static enum trivet_status
check_port(struct serving *s, struct trivet_error *err)
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

/* The environment's, or what lies beside this program, or what is installed. */
static enum trivet_status
find_part(const struct serving *s, const char *variable, const char *beside,
    const char *installed, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    const char *given = getenv(variable);
    const char *slash = strrchr(s->self, '/');

    if (given != NULL) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", given);
        return access(out, R_OK) == 0
                   ? TRIVET_OK
                   : trivet_error_set(err, TRIVET_E_USAGE, "serve",
                       "%s: %s: %s", variable, given, strerror(errno));
    }

    if (slash != NULL
        && snprintf(out, CLI_MAX_PATH, "%.*s/%s", (int) (slash - s->self),
               s->self, beside)
               < CLI_MAX_PATH
        && access(out, R_OK) == 0)
    {
        return TRIVET_OK;
    }

    (void) snprintf(out, CLI_MAX_PATH, "%s", installed);
    return access(out, R_OK) == 0
               ? TRIVET_OK
               : trivet_error_set(err, TRIVET_E_USAGE, "serve",
                   "%s: not there; %s can name another", installed, variable);
}

static enum trivet_status
find_parts(struct serving *s, struct trivet_error *err)
{
    ssize_t len = readlink("/proc/self/exe", s->self, sizeof s->self - 1);

    s->self[len > 0 ? len : 0] = '\0';

    TRIVET_TRY(find_part(s, "TRIVET_NGINX", "nginx-root/usr/sbin/nginx",
        "/usr/sbin/nginx", s->program, err));

    return find_part(s, "TRIVET_MODULE", "ngx_http_trivet_module.so",
        TRIVET_MODULE_PATH, s->module, err);
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
    };
    const char *store = s->options->data.store;
    int len;

    TRIVET_TRY(cli_data_dir(&s->options->data, s->dir, err));

    if (!cli_nginx_conf_takes(s->dir) || !cli_nginx_conf_takes(s->module)) {
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

    trivet_store_close(store);
    return status;
}

static enum trivet_status
load_or_make_ca(const struct serving *s, struct trivet_certificate *out,
    bool *out_is_new, struct trivet_error *err)
{
    enum trivet_status status = cli_read_file(
        s->ca_cert, out->certificate_pem, sizeof out->certificate_pem, err);

    *out_is_new = false;
    if (status == TRIVET_OK) {
        TRIVET_TRY(check_key_mode(s->ca_key, err));
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

static enum trivet_status
prepare_certificate(const struct serving *s, struct trivet_error *err)
{
    struct trivet_certificate ca;
    struct trivet_certificate server;
    enum trivet_status status;
    bool is_new;

    if (s->options->tls_cert != NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(check_key_mode(s->tls_key, err));
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
        .is_sandbox = o->is_sandbox,
        .has_rate_limits = strcmp(o->rate_limits, "classic") == 0,
        .sandbox_state = o->is_sandbox ? s->sandbox_state : NULL,
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
prepare(struct serving *s, struct trivet_error *err)
{
    TRIVET_TRY(check_options(s, err));
    TRIVET_TRY(check_given_tls(s, err));
    TRIVET_TRY(find_parts(s, err));
    TRIVET_TRY(name_files(s, err));
    TRIVET_TRY(check_dir(s->dir, err));
    if (s->options->server_key != NULL) {
        TRIVET_TRY(cli_server_key_given(
            s->options->server_key, s->given_server_key, err));
    }
    TRIVET_TRY(check_port(s, err));

    TRIVET_TRY(cli_make_dir(s->dir, err));
    TRIVET_TRY(cli_serving_lock(s->dir, err));
    TRIVET_TRY(cli_sandbox_prepare(
        s->dir, s->options->is_sandbox, s->sandbox_state, &s->sandbox, err));
    TRIVET_TRY(cli_make_dir(s->log_dir, err));
    TRIVET_TRY(cli_make_dir(s->temporary, err));
    TRIVET_TRY(prepare_store(s, err));
    TRIVET_TRY(prepare_certificate(s, err));

    return write_conf(s, s->conf, err);
}

/* ---- running ----------------------------------------------------------- */

/* Where callers on this machine find it. */
static const char *
host_of(const struct serving *s)
{
    static const char *const local[] = {"127.0.0.1", "::1", "0.0.0.0", "::"};

    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        if (strcmp(s->options->listen, local[i]) == 0) {
            return "localhost";
        }
    }

    return s->listen;
}

/* The address to ask it at from here. */
static const char *
probe_address(const struct serving *s)
{
    if (strcmp(s->options->listen, "0.0.0.0") == 0) {
        return "127.0.0.1";
    }
    if (strcmp(s->options->listen, "::") == 0) {
        return "[::1]";
    }

    return s->listen;
}

static void
tell_ready(const struct serving *s)
{
    const char *host = host_of(s);
    bool is_own = s->options->tls_cert == NULL;

    if (is_own) {
        (void) printf("CA certificate: %s\n", s->ca_cert);
    }

    (void) printf("ready: https://%s:%u/v1\n", host, s->port);

    if (s->options->is_sandbox) {
        (void) printf("next: curl%s%s%s -X POST "
                      "https://%s:%u/v1/sandbox-user-person\n",
            is_own ? " --cacert '" : "", is_own ? s->ca_cert : "",
            is_own ? "'" : "", host, s->port);
    } else {
        (void) printf("next: '%s' key create --data '%s'\n", s->self, s->dir);
    }

    (void) fflush(stdout);
}

/* An incident may keep a sandbox from answering: then it is enough that a
 * worker takes connections. */
static bool
is_ready(const struct serving *s)
{
    const char *address = probe_address(s);

    return s->sandbox != NULL && cli_sandbox_is_mute(s->sandbox)
               ? trivet_probe_tls(address, s->port)
               : trivet_probe_gateway(address, s->port);
}

/* Waits until the gateway truly answers. */
static enum trivet_status
wait_ready(struct serving *s, struct cli_nginx *nginx,
    enum cli_nginx_event *out_event, struct trivet_error *err)
{
    for (int i = 0; i < MAX_READY_STEPS; i++) {
        if (is_ready(s)) {
            *out_event = CLI_NGINX_TIMEOUT;
            return TRIVET_OK;
        }

        *out_event = cli_nginx_wait(nginx, READY_STEP_MS);
        if (*out_event == CLI_NGINX_RELOAD) {
            s->wants_reload = true; /* later: there may be no workers yet */
        }
        if (*out_event == CLI_NGINX_ENDED) {
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve",
                "nginx ended by itself; see %s", s->log);
        }
        if (*out_event == CLI_NGINX_SIGNAL) {
            return TRIVET_OK;
        }
    }

    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serve",
        "nginx started but does not answer; see %s", s->log);
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

    status = wait_ready(s, &nginx, &event, err);
    if (status == TRIVET_OK && event == CLI_NGINX_TIMEOUT) {
        tell_ready(s);
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
