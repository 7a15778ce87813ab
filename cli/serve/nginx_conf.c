/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_conf.c - the nginx configuration that "trivet serve" runs on */
#define _DEFAULT_SOURCE
#include "cli/serve/nginx_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nginx_process.h"
#include "cli/serve/console.h"
#include "cli/serve/cors.h"
#include "cli/serve/log.h"
#include "cli/serve/nginx_calls.h"
#include "cli/serve/nginx_proxy.h"
#include "cli/serve/nginx_tls.h"
#include "cli/text.h"

static void
put_age(FILE *to, const char *name, int64_t age_s)
{
    if (age_s < 0) {
        (void) fprintf(to, " %s=off", name);
        return;
    }

    (void) fprintf(to, " %s=%llds", name, (long long) age_s);
}

static void
put_prune(FILE *to, const struct trivet_prune_ages *ages)
{
    (void) fprintf(to, "    trivet_prune");
    put_age(to, "installations", ages->installations_s);
    put_age(to, "sessions", ages->sessions_s);
    put_age(to, "api-keys", ages->api_keys_s);
    (void) fprintf(to, ";\n");
}

static void
put_file(FILE *to, const char *directive, const char *path)
{
    if (path != NULL) {
        (void) fprintf(to, "    %s \"%s\";\n", directive, path);
    }
}

static void
put_sandbox_files(FILE *to, const struct cli_nginx_conf *conf)
{
    put_file(to, "trivet_sandbox_state", conf->sandbox_state);
    put_file(to, "trivet_deterministic", conf->deterministic);
    put_file(to, "trivet_incident_key", conf->incident_key);
}

static void
put_auditing(FILE *to, const struct cli_nginx_conf *conf)
{
    if (conf->chain != NULL) {
        (void) fprintf(to, "    trivet_store_chain %s;\n", conf->chain);
    }
    if (conf->checkpoint_s > 0) {
        (void) fprintf(
            to, "    trivet_audit_checkpoint %llds;\n", conf->checkpoint_s);
    } else if (conf->checkpoint_s == 0) {
        (void) fputs("    trivet_audit_checkpoint off;\n", to);
    }
}

static void
put_http(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to,
        "    default_type application/octet-stream;\n"
        "    server_tokens off;\n"
        "    client_max_body_size %lld;\n"
        "    large_client_header_buffers 4 %lld;\n"
        "    # Of the TLS handshake and the header together; the others are\n"
        "    # between two bytes.\n"
        "    client_header_timeout 10s;\n"
        "    client_body_timeout 30s;\n"
        "    send_timeout 30s;\n"
        "    reset_timedout_connection on;\n"
        "    client_body_buffer_size 64k;\n",
        conf->limits.body, conf->limits.header);

    cli_serve_put_log(to, conf->dir, conf->has_json_log);
    cli_nginx_put_temporary(to, conf->dir);
    (void) fprintf(to,
        "\n"
        "    trivet_store \"%s\";\n"
        "    trivet_profile %s;\n"
        "    trivet_sandbox %s;\n"
        "    trivet_lanes %s;\n"
        "    trivet_session_timeout %lld;\n"
        "    trivet_api_key_lifetime %lld;\n"
        "\n",
        conf->store_url, conf->profile,
        cli_text_of(conf->is_sandbox, "on", "off"), conf->lanes,
        conf->session_timeout_s, conf->key_lifetime_s);

    if (conf->max_connections > 0) {
        (void) fprintf(
            to, "    trivet_connections %lld", conf->max_connections);
        for (size_t i = 0; i < conf->num_trusted; i++) {
            (void) fprintf(to, " exempt=%s", conf->trusted[i]);
        }
        (void) fprintf(to, ";\n");
    }
    if (conf->has_rate_limits) {
        (void) fputs("    trivet_rate_limits classic;\n", to);
    }
    if (conf->has_device_rates) {
        (void) fputs("    trivet_rate_limits 2026;\n", to);
    }
    if (conf->prune_ages != NULL) {
        put_prune(to, conf->prune_ages);
    }
    put_auditing(to, conf);
    put_sandbox_files(to, conf);

    for (size_t i = 0; i < conf->server_keys->num_keys; i++) {
        (void) fprintf(to, "    trivet_server_key \"%s\";\n",
            conf->server_keys->locations[i]);
    }
    if (conf->pins->next[0] != '\0') {
        (void) fprintf(to, "    trivet_pins %s %s;\n", conf->pins->served,
            conf->pins->next);
    }
    (void) fputc('\n', to);
}

/* A password of the database may be there. */
static void
put_store_environment(FILE *to, const struct cli_nginx_conf *conf)
{
    if (strncmp(conf->store_url, "postgresql:", 11) == 0) {
        (void) fputs("env CREDENTIALS_DIRECTORY;\n"
                     "env PGPASSFILE;\n"
                     "env PGPASSWORD;\n"
                     "\n",
            to);
    }
}

/* nginx's workers have no environment but this; what a token's library reads
 * is here. */
static void
put_environment(FILE *to, const struct cli_nginx_conf *conf)
{
    static const char *const names[] = {"OPENSSL_CONF", "OPENSSL_ENGINES",
        "OPENSSL_MODULES", "PKCS11_MODULE_PATH", "SOFTHSM2_CONF"};
    bool has_uri = false;

    for (size_t i = 0; i < conf->server_keys->num_keys; i++) {
        has_uri |= trivet_private_key_is_uri(conf->server_keys->locations[i]);
    }

    for (size_t i = 0; has_uri && i < sizeof names / sizeof names[0]; i++) {
        if (getenv(names[i]) != NULL) {
            (void) fprintf(to, "env %s;\n", names[i]);
        }
    }
}

/* Neither signed nor protected: who asks is told apart by the address. */
static void
put_own_location(FILE *to, const char *path, const char *directive)
{
    (void) fprintf(to,
        "        location = %s {\n"
        "            allow 127.0.0.1;\n"
        "            allow ::1;\n"
        "            deny all;\n"
        "            trivet_calls off;\n"
        "            trivet_protect off;\n"
        "            %s;\n"
        "        }\n"
        "\n",
        path, directive);
}

/* Whose word on the caller's address is taken. */
static void
put_trusted(FILE *to, const struct cli_nginx_conf *conf)
{
    for (size_t i = 0; i < conf->num_trusted; i++) {
        (void) fprintf(to, "    set_real_ip_from %s;\n", conf->trusted[i]);
    }

    if (conf->num_trusted > 0) {
        (void) fprintf(to,
            "    real_ip_header %s;\n"
            "    real_ip_recursive on;\n"
            "\n",
            cli_text_of(
                conf->has_proxy_protocol, "proxy_protocol", "X-Forwarded-For"));
    }
}

/* Who comes by localhost or an address would lock himself out of whatever else
 * runs there. */
static void
put_hsts(FILE *to)
{
    (void) fprintf(to, "    map $host $trivet_hsts {\n"
                       "        default max-age=31536000;\n"
                       "        localhost \"\";\n"
                       "        ~[.]localhost$ \"\";\n"
                       "        ~^[0-9.]+$ \"\";\n"
                       "        ~: \"\";\n"
                       "    }\n"
                       "\n");
}

/* Nobody may take an answer for a page or a script. An API behind that says so
 * itself says it once. */
static void
put_nosniff(FILE *to)
{
    (void) fprintf(to,
        "    map $upstream_http_x_content_type_options $trivet_nosniff {\n"
        "        default \"\";\n"
        "        \"\" nosniff;\n"
        "    }\n"
        "\n");
}

static void
put_tls_headers(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to, "        add_header X-Content-Type-Options "
                       "$trivet_nosniff always;\n");

    if (!conf->is_own_tls) {
        (void) fprintf(to, "        add_header Strict-Transport-Security "
                           "$trivet_hsts always;\n");
    }
}

static void
put_server(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to,
        "    server {\n"
        "        listen %s:%u ssl%s%s;\n%s",
        conf->listen, conf->port,
        cli_text_if(!conf->has_http2_directive, " http2"),
        cli_text_if(conf->has_proxy_protocol, " proxy_protocol"),
        cli_text_if(conf->has_http2_directive, "        http2 on;\n"));
    cli_nginx_put_tls(to, conf);
    put_tls_headers(to, conf);
    (void) fprintf(to,
        "        absolute_redirect off;\n"
        "\n"
        "        # Plain HTTP on this port: no answer at all.\n"
        "        error_page 497 = @plain;\n"
        "        location @plain {\n"
        "            return 444;\n"
        "        }\n"
        "\n"
        "        trivet_calls on;\n"
        "        trivet_protect on;\n"
        "        trivet_encryption %s;\n"
        "\n"
        "        location / {\n"
        "            return 404;\n"
        "        }\n"
        "\n",
        conf->encryption);

    cli_nginx_put_path_guard(to, conf);
    if (conf->num_origins > 0) {
        cli_cors_put_server(to);
    }
    if (conf->has_metrics) {
        put_own_location(to, "/metrics", "trivet_metrics");
        put_own_location(to, "/live", "trivet_probe live");
        put_own_location(to, "/ready", "trivet_probe ready");
    }

    (void) fprintf(to, "        location /v1/ {\n");
    cli_nginx_put_calls(to, conf);
    (void) fprintf(to, "        }\n    }\n");
}

char *
cli_nginx_conf_format(const struct cli_nginx_conf *conf)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    if (to == NULL) {
        return NULL;
    }

    cli_nginx_put_process(
        to, &(struct cli_nginx_process){.made_by = "trivet serve",
                .module = conf->module,
                .dir = conf->dir,
                .num_workers = 0,
                .num_threads = 8});
    put_store_environment(to, conf);
    put_environment(to, conf);
    (void) fprintf(to, "http {\n");
    put_http(to, conf);
    if (conf->has_rate_limits) {
        cli_nginx_put_rate_zones(to);
    }
    put_trusted(to, conf);
    put_nosniff(to);
    if (conf->num_origins > 0) {
        cli_cors_put_maps(to, conf->origins, conf->num_origins);
    }
    if (!conf->is_own_tls) {
        put_hsts(to);
    }
    if (conf->upstreams->num > 0) {
        cli_nginx_put_upstream(to, conf);
    }
    put_server(to, conf);
    cli_nginx_put_console(to, conf);
    (void) fprintf(to, "}\n");

    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }

    return text;
}
