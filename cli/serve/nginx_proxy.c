/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_proxy.c - the part of nginx's configuration that leads to the API */
#include "cli/serve/nginx_proxy.h"

#include <string.h>

#include "cli/text.h"

enum {
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
    MIN_ANSWER_BUFFER = 8192,
    NUM_ANSWER_BUFFERS = 8
};

/* nginx takes no group without a server: one that is down answers for an API
 * that is not found (yet). */
static void
put_servers(FILE *to, const struct cli_upstreams *upstreams)
{
    bool has_any = false;

    for (size_t i = 0; i < upstreams->num; i++) {
        const struct cli_upstream *upstream = &upstreams->all[i];

        for (size_t j = 0; j < upstream->num_addresses; j++) {
            (void) fprintf(to, "        server %s:%u; # %s\n",
                upstream->addresses[j], upstream->url.port, upstream->url.host);
            has_any = true;
        }
    }

    if (!has_any) {
        (void) fprintf(to, "        server 127.0.0.1:1 down; # not found\n");
    }
}

void
cli_nginx_put_upstream(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to, "    upstream trivet_api {\n"
                       "        zone trivet_api 256k;\n");
    put_servers(to, conf->upstreams);
    (void) fprintf(to, "        keepalive 64;\n"
                       "        keepalive_timeout 4s;\n"
                       "    }\n"
                       "\n");
}

/* A host in a regular expression of nginx's, where a backslash is its own. */
static void
put_pattern(FILE *to, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '[' || *p == ']') {
            (void) fprintf(to, "\\%c", *p);
        } else if (strchr(".+*()", *p) != NULL) {
            (void) fprintf(to, "[%c]", *p);
        } else {
            (void) fputc(*p, to);
        }
    }
}

static void
put_origin(FILE *to, const char *host, unsigned port, bool *is_first)
{
    (void) fputs(*is_first ? "" : "|", to);
    put_pattern(to, host);
    (void) fprintf(to, "(?::%u)?", port);
    *is_first = false;
}

/* The scheme and the host of any of the APIs, by name or address. */
static void
put_origins(FILE *to, const struct cli_upstreams *upstreams)
{
    bool is_first = true;

    (void) fputs("(?:https?:)?//(?:", to);
    for (size_t i = 0; i < upstreams->num; i++) {
        const struct cli_upstream *upstream = &upstreams->all[i];

        put_origin(to, upstream->url.host, upstream->url.port, &is_first);
        for (size_t j = 0; upstream->is_name && j < upstream->num_addresses;
             j++) {
            put_origin(
                to, upstream->addresses[j], upstream->url.port, &is_first);
        }
    }
    (void) fputs(")", to);
}

/* Where the API sends a caller, as the caller sees it: without the inner
 * address and the path that we put in front. */
static void
put_redirects(FILE *to, const struct cli_upstreams *upstreams)
{
    static const char rest[] = "(?:/|(?=[?#])|$)(.*)$\" \"/$1\";\n";
    const char *path = upstreams->all[0].url.path;

    if (path[0] != '\0') {
        (void) fputs("            proxy_redirect \"~*^", to);
        put_origins(to, upstreams);
        put_pattern(to, path);
        (void) fputs(rest, to);
    }

    (void) fputs("            proxy_redirect \"~*^", to);
    put_origins(to, upstreams);
    (void) fputs(rest, to);

    if (path[0] != '\0') {
        (void) fputs("            proxy_redirect \"~^", to);
        put_pattern(to, path);
        (void) fputs(rest, to);
        (void) fputs("            proxy_cookie_path \"~^", to);
        put_pattern(to, path);
        (void) fputs(rest, to);
    }
}

/* As a client would that called the API itself. */
static void
put_host(FILE *to, const struct trivet_url *url)
{
    (void) fprintf(to, "            proxy_set_header Host \"%s", url->host);
    if (url->port != (url->is_https ? HTTPS_PORT : HTTP_PORT)) {
        (void) fprintf(to, ":%u", url->port);
    }
    (void) fputs("\";\n", to);
}

static void
put_limits(FILE *to, const struct cli_nginx_limits *limits)
{
    long long size = limits->answer_header;
    long long buffer = size < MIN_ANSWER_BUFFER ? MIN_ANSWER_BUFFER : size;

    (void) fprintf(to,
        "            proxy_buffer_size %lld;\n"
        "            proxy_buffers %d %lld;\n"
        "            trivet_answer_limit %lld;\n"
        "            proxy_connect_timeout %lldms;\n"
        "            proxy_send_timeout %lldms;\n"
        "            proxy_read_timeout %lldms;\n",
        size, (int) NUM_ANSWER_BUFFERS, buffer, limits->answer,
        limits->connect_ms, limits->answer_ms, limits->answer_ms);
}

void
cli_nginx_put_proxy(FILE *to, const struct cli_nginx_conf *conf)
{
    const struct trivet_url *url = &conf->upstreams->all[0].url;

    /* The path goes on byte for byte as the caller sent it. */
    (void) fprintf(to,
        "            proxy_pass \"%s://trivet_api%s%s\";\n"
        "            proxy_http_version 1.1;\n"
        "            proxy_set_header Connection \"\";\n"
        "            proxy_set_header X-Real-IP $remote_addr;\n"
        "            proxy_set_header X-Forwarded-For $remote_addr;\n"
        "            proxy_set_header X-Forwarded-Proto https;\n"
        "            proxy_set_header X-Forwarded-Host $host;\n"
        "            proxy_set_header X-Forwarded-Port $server_port;\n",
        cli_text_of(url->is_https, "https", "http"), url->path,
        cli_text_if(url->path[0] != '\0', "$request_uri"));
    put_host(to, url);
    put_redirects(to, conf->upstreams);
    put_limits(to, &conf->limits);

    if (url->is_https) {
        (void) fprintf(to,
            "            proxy_ssl_server_name on;\n"
            "            proxy_ssl_name \"%s\";\n"
            "            proxy_ssl_verify on;\n"
            "            proxy_ssl_verify_depth 4;\n"
            "            proxy_ssl_trusted_certificate "
            "/etc/ssl/certs/ca-certificates.crt;\n",
            url->host);
    }
}
