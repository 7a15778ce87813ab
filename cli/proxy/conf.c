/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - the nginx configuration that "trivet proxy" runs on */
#define _DEFAULT_SOURCE
#include "cli/proxy/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/nginx_process.h"
#include "cli/text.h"

/* Calls that are made at once: each has a thread and a connection. A monitor is
 * answered all the same. */
enum { NUM_CALLS = 32, NUM_THREADS = NUM_CALLS + 2 };

static void
put_paths(FILE *to, const struct cli_proxy_conf *conf)
{
    const struct {
        const char *directive;
        const char *path;
    } rows[] = {
        {"context", conf->context},
        {"token_file", conf->token_file},
        {"receipts", conf->receipts},
        {"record", conf->record},
        {"replay", conf->replay},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].path[0] != '\0') {
            (void) fprintf(to, "    trivet_proxy_%s \"%s\";\n",
                rows[i].directive, rows[i].path);
        }
    }
}

static void
put_http(FILE *to, const struct cli_proxy_conf *conf)
{
    const struct cli_proxy_options *o = conf->options;

    (void) fprintf(to,
        "    default_type application/json;\n"
        "    server_tokens off;\n"
        "    client_max_body_size 16m;\n"
        "    client_body_buffer_size 64k;\n"
        "    large_client_header_buffers 4 32k;\n"
        "    client_header_timeout 10s;\n"
        "    client_body_timeout 30s;\n"
        "    send_timeout 30s;\n"
        "    keepalive_timeout 75s;\n"
        "    keepalive_requests 100000;\n"
        "    reset_timedout_connection on;\n"
        "    # Without the query: what is asked for is the caller's affair.\n"
        "    log_format trivet_proxy '$time_iso8601 $request_method \"$uri\" "
        "$status $body_bytes_sent $request_time "
        "reason=$sent_http_trivet_reason';\n"
        "    access_log \"%s/log/access.log\" trivet_proxy;\n",
        conf->dir);
    cli_nginx_put_temporary(to, conf->dir);
    (void) fprintf(to,
        "\n"
        "    trivet_proxy_timeout %llds;\n"
        "    trivet_proxy_max_wait %llds;\n"
        "    trivet_proxy_limits %s;\n"
        "    trivet_proxy_calls %d;\n"
        "    trivet_proxy_caller_header %s;\n"
        "    trivet_proxy_kept \"%s/kept\";\n"
        "    trivet_proxy_encrypt %s;\n",
        o->timeout_s, o->max_wait_s, o->limits, (int) NUM_CALLS,
        cli_text_of(o->takes_names, "on", "off"), conf->dir,
        cli_text_of(o->encrypts, "on", "off"));

    put_paths(to, conf);
    for (size_t i = 0; i < o->num_rules; i++) {
        (void) fprintf(to, "    trivet_proxy_allow \"%s\";\n", o->rules[i]);
    }
    if (conf->receipts[0] != '\0') {
        (void) fprintf(to,
            "    trivet_proxy_receipts_full %s;\n"
            "    trivet_proxy_receipts_rotate %lld;\n",
            cli_text_of(o->keeps_bodies, "on", "off"), o->receipts_rotate);
    }
    (void) fputc('\n', to);
}

/* A server's first lines: nginx's own errors have the protocol's form. They
 * lead to a path, since one with a name is for requests that have a path. */
static void
put_server_head(FILE *to, const struct cli_listener *listener)
{
    const char *path = listener->path;

    (void) fprintf(to,
        "    server {\n"
        "        listen \"%s%s\";\n"
        "        absolute_redirect off;\n"
        "\n"
        "        error_page 400 401 403 404 405 408 411 413 414 500 501 502 "
        "503 504 505 /-/error;\n"
        "        error_page 494 =431 /-/error;\n"
        "        location = /-/error {\n"
        "            internal;\n"
        "            trivet_proxy_error;\n"
        "        }\n"
        "\n"
        "        location / {\n"
        "            return 404;\n"
        "        }\n",
        cli_text_if(path[0] != '\0', "unix:"),
        cli_text_or(path, listener->address));
}

static void
put_server(FILE *to, const struct cli_listener *listener)
{
    put_server_head(to, listener);
    (void) fprintf(to, "        location = /alive {\n"
                       "            access_log off;\n"
                       "            return 204;\n"
                       "        }\n"
                       "        location /v1/ {\n"
                       "            trivet_proxy_pass;\n"
                       "        }\n"
                       "    }\n");
}

static void
put_monitor(FILE *to, const struct cli_listener *listener)
{
    static const char *const words[] = {"live", "ready", "metrics"};

    put_server_head(to, listener);
    (void) fprintf(to, "        access_log off;\n");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        (void) fprintf(to,
            "        location = /%s {\n"
            "            trivet_proxy_monitor %s;\n"
            "        }\n",
            words[i], words[i]);
    }
    (void) fprintf(to, "    }\n");
}

char *
cli_proxy_conf_format(const struct cli_proxy_conf *conf)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    if (to == NULL) {
        return NULL;
    }

    /* One worker: all callers share one queue, and its threads use all
     * processors. */
    cli_nginx_put_process(
        to, &(struct cli_nginx_process){.made_by = "trivet proxy",
                .module = conf->module,
                .dir = conf->dir,
                .num_workers = 1,
                .num_threads = NUM_THREADS});
    (void) fprintf(to, "http {\n");
    put_http(to, conf);
    put_server(to, conf->listener);
    if (conf->monitor != NULL) {
        put_monitor(to, conf->monitor);
    }
    (void) fprintf(to, "}\n");

    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }

    return text;
}
