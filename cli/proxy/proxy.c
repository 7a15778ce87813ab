/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy.c - trivet proxy: plain HTTP in, signed and verified calls out
 *
 * First everything that can be wrong is looked at, then the data directory is
 * made, then nginx is started, in the foreground.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/operator/nginx_path.h"
#include "base/file.h"
#include "build.h"
#include "cli/commands.h"
#include "cli/contexts.h"
#include "cli/hint.h"
#include "cli/nginx_parts.h"
#include "cli/nginx_run.h"
#include "cli/options_file.h"
#include "cli/output.h"
#include "cli/proxy/conf.h"
#include "cli/serve/probe.h"
#include "cli/service.h"
#include "cli/serving.h"
#include "cli/text.h"
#include "trivet/client.h"

enum {
    TICK_MS = 1000,
    READY_STEP_MS = 20,
    MAX_READY_STEPS = 500,
    DRAIN_REST_MS = 5000 /* of an exchange: signing, sending */
};

/* What one run knows. */
struct proxying {
    const struct cli_proxy_options *options;
    struct cli_listener listener;
    struct cli_listener monitor;   /* used with --monitor */
    char context[CLI_MAX_PATH];    /* the file */
    char token_file[CLI_MAX_PATH]; /* "": none */
    char receipts[CLI_MAX_PATH];   /* the same */
    char record[CLI_MAX_PATH];     /* the same */
    char replay[CLI_MAX_PATH];     /* the same; then there is no context */
    char self[CLI_MAX_PATH];       /* this program */
    char program[CLI_MAX_PATH];    /* nginx */
    char module[CLI_MAX_PATH];
    char dir[CLI_MAX_PATH];
    char log_dir[CLI_MAX_PATH];
    char log[CLI_MAX_PATH];
    char temporary[CLI_MAX_PATH];
    char kept[CLI_MAX_PATH]; /* answers to calls with a key */
    char conf[CLI_MAX_PATH];
    char next_conf[CLI_MAX_PATH]; /* to be tried before it takes its place */
};

/* ---- before anything is made -------------------------------------------- */

/* A context that calls can be made in: its file is read, and no step taken. */
static enum trivet_status
check_context(const char *file, struct trivet_error *err)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    struct trivet_context_info info;
    struct trivet_context *context;

    options.file = file;
    options.flags = TRIVET_OPEN_OFFLINE;
    TRIVET_TRY(trivet_context_open(&options, &context, err));
    trivet_context_describe(context, &info);
    trivet_context_close(context);

    return info.has_api_key
               ? TRIVET_OK
               : trivet_error_set(err, TRIVET_E_NO_SESSION, "proxy",
                   "%s: there is no API key in it: log in first (trivet login)",
                   file);
}

static enum trivet_status
find_context(struct proxying *p, struct trivet_error *err)
{
    char path[CLI_MAX_CONTEXT_PATH];

    if (p->options->replay != NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_context_path(p->options->context, false, path, err));
    cli_hint_use(p->options->context);

    if (trivet_file_is_missing(path)) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "proxy",
            "there is no context %s: log in first (trivet login)", path);
    }

    TRIVET_TRY(cli_absolute_path(path, p->context, err));

    return check_context(p->context, err);
}

static enum trivet_status
name_files(struct proxying *p, struct trivet_error *err)
{
    const struct {
        const char *name;
        char *out;
    } files[] = {
        {"log", p->log_dir},
        {"log/error.log", p->log},
        {"tmp", p->temporary},
        {"kept", p->kept},
        {"nginx.conf", p->conf},
        {"nginx.conf.next", p->next_conf},
    };
    char beside[CLI_MAX_PATH + sizeof ".proxy"];
    const char *dir = beside;

    (void) snprintf(
        beside, sizeof beside, "%s.proxy", cli_text_or(p->replay, p->context));
    if (p->options->data != NULL) {
        dir = p->options->data;
    }
    TRIVET_TRY(cli_absolute_path(dir, p->dir, err));

    if (!trivet_nginx_accepts_path(p->dir)
        || !trivet_nginx_accepts_path(p->module)
        || !trivet_nginx_accepts_path(p->context)
        || !trivet_nginx_accepts_path(p->token_file)
        || !trivet_nginx_accepts_path(p->receipts)
        || !trivet_nginx_accepts_path(p->record)
        || !trivet_nginx_accepts_path(p->replay))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "proxy",
            "%s: a path must not have $, quotes, braces, semicolons or "
            "backslashes: nginx cannot read them",
            p->dir);
    }

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TRIVET_TRY(cli_data_path(p->dir, files[i].name, files[i].out, err));
    }

    return TRIVET_OK;
}

/* The paths of options that are files and folders of the caller's. */
static enum trivet_status
find_given(struct proxying *p, struct trivet_error *err)
{
    const struct {
        const char *given;
        char *out;
    } paths[] = {
        {p->options->token_file, p->token_file},
        {p->options->receipts, p->receipts},
        {p->options->record, p->record},
        {p->options->replay, p->replay},
    };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i].given != NULL) {
            TRIVET_TRY(cli_absolute_path(paths[i].given, paths[i].out, err));
        }
    }

    return TRIVET_OK;
}

/* A folder that is not there yet will be made. */
static enum trivet_status
check_folder(const char *path, const char *what, struct trivet_error *err)
{
    enum trivet_status status = trivet_file_check_folder(path, what, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* The service manager's socket, or one that is opened later. */
static enum trivet_status
find_listener(struct proxying *p, struct trivet_error *err)
{
    int given = cli_service_take_socket();

    if (given >= 0) {
        return cli_listener_take(given, &p->listener, err);
    }

    return cli_listener_read("--listen", p->options->listen, &p->listener, err);
}

static enum trivet_status
check(struct proxying *p, struct trivet_error *err)
{
    TRIVET_TRY(find_listener(p, err));
    if (p->options->monitor != NULL) {
        TRIVET_TRY(cli_listener_read(
            "--monitor", p->options->monitor, &p->monitor, err));
    }
    TRIVET_TRY(find_context(p, err));
    TRIVET_TRY(find_given(p, err));

    cli_nginx_find_self(p->self);
    TRIVET_TRY(cli_nginx_find_program(p->self, p->program, err));
    TRIVET_TRY(cli_nginx_find_part(p->self, "TRIVET_PROXY_MODULE",
        "ngx_http_trivet_proxy_module.so", TRIVET_PROXY_MODULE_PATH, p->module,
        err));
    TRIVET_TRY(name_files(p, err));

    if (p->receipts[0] != '\0') {
        TRIVET_TRY(check_folder(p->receipts, "the folder of receipts", err));
    }
    if (p->record[0] != '\0') {
        TRIVET_TRY(check_folder(p->record, "the folder of records", err));
    }
    if (p->replay[0] != '\0' && access(p->replay, R_OK | X_OK) != 0) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "proxy",
            "%s: there is no such folder", p->replay);
    }

    return check_folder(p->dir, "the data directory", err);
}

/* ---- what is made ------------------------------------------------------- */

static char *
format(const struct proxying *p)
{
    const struct cli_listener *monitor =
        p->options->monitor == NULL ? NULL : &p->monitor;

    return cli_proxy_conf_format(&(struct cli_proxy_conf){
        .options = p->options,
        .listener = &p->listener,
        .monitor = monitor,
        .module = p->module,
        .dir = p->dir,
        .context = p->context,
        .token_file = p->token_file,
        .receipts = p->receipts,
        .record = p->record,
        .replay = p->replay,
    });
}

static enum trivet_status
write_conf(const struct proxying *p, const char *path, struct trivet_error *err)
{
    char *text = format(p);
    enum trivet_status status;

    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "proxy", "out of memory");
    }

    status =
        trivet_file_replace_whole(path, trivet_slice_text(text), 0600, err);
    free(text);

    return status;
}

static enum trivet_status
print_conf(const struct proxying *p, struct trivet_error *err)
{
    char *text = format(p);

    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "proxy", "out of memory");
    }

    (void) fputs(text, stdout);
    free(text);

    return TRIVET_OK;
}

static enum trivet_status
prepare(struct proxying *p, struct trivet_error *err)
{
    TRIVET_TRY(cli_make_dir(p->dir, err));
    TRIVET_TRY(cli_serving_lock(p->dir, "trivet proxy", err));
    TRIVET_TRY(cli_make_dir(p->log_dir, err));
    TRIVET_TRY(cli_make_dir(p->temporary, err));
    TRIVET_TRY(cli_make_dir(p->kept, err));
    if (p->receipts[0] != '\0') {
        TRIVET_TRY(cli_make_dir(p->receipts, err));
    }
    if (p->record[0] != '\0') {
        TRIVET_TRY(cli_make_dir(p->record, err));
    }
    TRIVET_TRY(cli_listener_open(&p->listener, err));
    if (p->options->monitor != NULL) {
        TRIVET_TRY(cli_listener_open(&p->monitor, err));
    }

    return write_conf(p, p->conf, err);
}

/* ---- running ------------------------------------------------------------ */

/* The context's file is read again, by new workers. */
static enum trivet_status
reload(struct proxying *p, struct cli_nginx *nginx, struct trivet_error *err)
{
    struct cli_nginx trial = *nginx;

    if (p->context[0] != '\0') {
        TRIVET_TRY(check_context(p->context, err));
    }
    TRIVET_TRY(write_conf(p, p->next_conf, err));
    trial.conf = p->next_conf;
    TRIVET_TRY(cli_nginx_test(&trial, err));
    TRIVET_TRY(trivet_file_move_over(p->next_conf, p->conf, err));

    return cli_nginx_reload(nginx, err);
}

static void
reload_and_tell(struct proxying *p, struct cli_nginx *nginx)
{
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    cli_service_tell_reloading();
    status = reload(p, nginx, &err);
    cli_service_tell_ready(); /* it answers, with the new or the old */

    if (status == TRIVET_OK) {
        cli_tell("trivet: reload: done\n");
    } else {
        cli_tell(
            "trivet: reload: %s; everything stays as it was\n", err.detail);
    }
}

static void
tell_ready(const struct proxying *p)
{
    const char *path = p->listener.path;

    if (p->options->monitor != NULL) {
        cli_print("monitor: %s%s\n",
            cli_text_of(p->monitor.path[0] == '\0', "http://", "unix:"),
            cli_text_or(p->monitor.path, p->monitor.address));
    }
    if (path[0] != '\0') {
        cli_print("ready: unix:%s\n"
                  "next: curl --unix-socket '%s' http://localhost/v1/user\n",
            path, path);
    } else {
        cli_print("ready: http://%s/v1\n"
                  "next: curl http://%s/v1/user\n",
            p->listener.address, p->listener.address);
    }
    (void) fflush(stdout);
}

static bool
is_alive(const struct proxying *p)
{
    return trivet_probe_plain(p->listener.path, p->listener.address);
}

/* Until it answers. What *out_event is then: CLI_NGINX_TIMEOUT, or why
 * there is none. */
static enum trivet_status
wait_ready(struct proxying *p, struct cli_nginx *nginx,
    enum cli_nginx_event *out_event, struct trivet_error *err)
{
    for (int i = 0; i < MAX_READY_STEPS; i++) {
        *out_event = cli_nginx_wait(nginx, READY_STEP_MS);
        if (*out_event == CLI_NGINX_ENDED || *out_event == CLI_NGINX_SIGNAL) {
            return TRIVET_OK;
        }
        if (is_alive(p)) {
            *out_event = CLI_NGINX_TIMEOUT;
            return TRIVET_OK;
        }
    }

    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "proxy",
        "nginx started but does not answer; see %s", p->log);
}

/* Until nginx ends, or we are told to. */
static enum cli_nginx_event
go_on(struct proxying *p, struct cli_nginx *nginx)
{
    for (;;) {
        enum cli_nginx_event event;

        if (cli_service_wants_sign() && is_alive(p)) {
            cli_service_tell_alive();
        }

        event = cli_nginx_wait(nginx, TICK_MS);
        if (event == CLI_NGINX_ENDED || event == CLI_NGINX_SIGNAL) {
            return event;
        }
        if (event != CLI_NGINX_TIMEOUT) {
            reload_and_tell(p, nginx);
        }
    }
}

/* Calls that run are answered. Whoever comes now is refused by the kernel: the
 * socket is ours, too. */
static void
drain(struct proxying *p, struct cli_nginx *nginx)
{
    long long ms = (p->options->timeout_s + p->options->max_wait_s) * 1000;

    cli_listener_close(&p->listener);
    cli_nginx_drain(nginx, (int) (ms + DRAIN_REST_MS));
}

static enum trivet_status
run(struct proxying *p, struct trivet_error *err)
{
    struct cli_nginx nginx = {
        .program = p->program,
        .conf = p->conf,
        .log = p->log,
        .sockets = {p->listener.fd, p->monitor.fd},
        .num_sockets = 1,
    };
    enum cli_nginx_event event;
    enum trivet_status status;

    if (p->options->monitor != NULL) {
        nginx.num_sockets++;
    }
    TRIVET_TRY(cli_nginx_test(&nginx, err));
    TRIVET_TRY(cli_nginx_start(&nginx, err));

    status = wait_ready(p, &nginx, &event, err);
    if (status == TRIVET_OK && event == CLI_NGINX_TIMEOUT) {
        tell_ready(p);
        cli_service_tell_ready();
        event = go_on(p, &nginx);
    }
    cli_service_tell_stopping();
    if (status == TRIVET_OK && event == CLI_NGINX_ENDED) {
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "proxy",
            "nginx ended by itself; see %s", p->log);
    } else if (status == TRIVET_OK) {
        drain(p, &nginx);
    }

    cli_nginx_stop(&nginx);
    return status;
}

static int
run_command(void *input)
{
    static struct proxying proxying; /* large: a dozen paths */
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    cli_nginx_block_signals();
    (void) umask(077);
    proxying.options = input;
    proxying.listener.fd = -1;
    proxying.monitor.fd = -1;

    status = check(&proxying, &err);
    if (status == TRIVET_OK && proxying.options->prints_config) {
        return cli_finish_here(print_conf(&proxying, &err), &err);
    }
    if (status == TRIVET_OK) {
        status = prepare(&proxying, &err);
    }
    if (status == TRIVET_OK) {
        status = run(&proxying, &err);
    }

    cli_listener_close(&proxying.listener);
    cli_listener_close(&proxying.monitor);
    return cli_finish_here(status, &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_options_file_argp, 0},
    {0},
};

const struct cli_command cli_proxy_command = {
    .name = "proxy",
    .summary = "plain HTTP in, signed and verified calls out",
    .doc = "Takes plain HTTP requests for /v1/... from programs on this "
           "machine, and makes each a call in a context: in a session, signed, "
           "its answer verified. In the foreground, on nginx. Log in first "
           "(trivet login).",
    .options = cli_proxy_options_table,
    .shared = shared,
    .parse = cli_proxy_parse,
    .input_size = sizeof(struct cli_proxy_options),
    .defaults = &cli_proxy_defaults,
    .run = run_command,
};
