/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - "trivet serve --console": the console's listener and its tokens
 */
#define _DEFAULT_SOURCE
#include "cli/serve/console.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "authority/operator/nginx_path.h"
#include "authority/operator/tokens.h"
#include "base/file.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/serve/nginx_calls.h"
#include "cli/serve/nginx_tls.h"
#include "cli/serve/state.h"
#include "cli/text.h"

#define DEFAULT_CONSOLE "127.0.0.1:8444"

static const char unix_prefix[] = "unix:";

/* ---- where ------------------------------------------------------------- */

static bool
is_unix(const char *address)
{
    return strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0;
}

static enum trivet_status
refuse(const char *text, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "serve",
        "--console %s: 127.0.0.1:PORT, [::1]:PORT or unix:PATH", text);
}

static enum trivet_status
check_unix(const char *text, struct trivet_error *err)
{
    const char *path = text + sizeof unix_prefix - 1;
    struct sockaddr_un address;

    if (path[0] != '/' || !trivet_nginx_accepts_path(path)
        || strlen(path) >= sizeof address.sun_path)
    {
        return refuse(text, err);
    }

    return TRIVET_OK;
}

/* Nobody else than this machine's users may reach it. */
static enum trivet_status
check_port(const char *text, struct trivet_error *err)
{
    static const char *const names[] = {"127.0.0.1:", "[::1]:"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        long long port;

        if (strncmp(text, names[i], len) == 0
            && trivet_slice_to_id(trivet_slice_text(text + len), &port)
            && port > 0 && port < 65536)
        {
            return TRIVET_OK;
        }
    }

    return refuse(text, err);
}

static bool
is_free(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(8444),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && bind(fd, (const struct sockaddr *) &address, sizeof address) == 0;

    if (fd >= 0) {
        (void) close(fd);
    }

    return is;
}

enum trivet_status
cli_serve_check_console(struct serving *s, struct trivet_error *err)
{
    const struct cli_serve_options *o = s->options;
    const char *wanted = o->console;

    if (wanted == NULL && s->is_sandbox && !o->has_port && is_free()) {
        wanted = DEFAULT_CONSOLE;
    }
    if (wanted == NULL || strcmp(wanted, "off") == 0) {
        return TRIVET_OK;
    }
    if (wanted[0] == '\0') {
        wanted = DEFAULT_CONSOLE;
    }

    if (is_unix(wanted)) {
        TRIVET_TRY(check_unix(wanted, err));
    } else {
        TRIVET_TRY(check_port(wanted, err));
    }

    (void) snprintf(s->console, sizeof s->console, "%s", wanted);
    return TRIVET_OK;
}

/* ---- tokens ------------------------------------------------------------ */

static void
format_url(const struct serving *s, char out[CLI_MAX_CONSOLE + 16])
{
    const char *scheme = is_unix(s->console) ? "" : "https://";

    (void) snprintf(out, CLI_MAX_CONSOLE + 16, "%s%s", scheme, s->console);
}

enum trivet_status
cli_serve_prepare_console(const struct serving *s, struct trivet_error *err)
{
    char tokens[CLI_MAX_PATH];
    char file[CLI_MAX_PATH];
    char url[CLI_MAX_CONSOLE + 16];

    TRIVET_TRY(cli_data_path(s->dir, CLI_CONSOLE_TOKENS, tokens, err));
    TRIVET_TRY(cli_data_path(s->dir, CLI_CONSOLE_URL, file, err));

    if (s->console[0] == '\0') {
        (void) unlink(tokens);
        (void) unlink(file);
        return TRIVET_OK;
    }

    format_url(s, url);
    TRIVET_TRY(
        trivet_file_replace_whole(file, trivet_slice_text(url), 0600, err));

    return trivet_console_tokens_make(tokens, cli_operator_name(), err);
}

void
cli_serve_tell_console(const struct serving *s)
{
    struct trivet_console_token token;
    char tokens[CLI_MAX_PATH];
    char url[CLI_MAX_CONSOLE + 16];

    if (s->console[0] == '\0'
        || cli_data_path(s->dir, CLI_CONSOLE_TOKENS, tokens, NULL) != TRIVET_OK
        || trivet_console_tokens_get(tokens, TRIVET_ROLE_OPERATE, &token, NULL)
               != TRIVET_OK)
    {
        return;
    }

    format_url(s, url);
    cli_print("console: %s/#%s\n", url, (const char *) token.token.bytes);
    trivet_secret_wipe(&token.token);
}

/* ---- nginx ------------------------------------------------------------- */

/*
 * The gateway's calls at the page's own origin, so that the page can be a
 * client of them (console/client.js). What the API says is no page of that
 * origin, and it gets no operator's cookie.
 */
static void
put_calls(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to,
        "\n"
        "        location /v1/ {\n"
        "            access_log \"%s/log/access.log\" trivet;\n"
        "            client_max_body_size %lld;\n"
        "            add_header X-Content-Type-Options $trivet_nosniff "
        "always;\n"
        "            add_header Content-Security-Policy \"default-src 'none'; "
        "frame-ancestors 'none'; sandbox\" always;\n"
        "            trivet_calls on;\n"
        "            trivet_protect on;\n"
        "            trivet_encryption %s;\n",
        conf->dir, conf->limits.body, conf->encryption);
    cli_nginx_put_calls(to, conf);
    (void) fprintf(to, "%s        }\n",
        cli_text_if(conf->upstreams->num > 0,
            "            proxy_set_header Cookie \"\";\n"));
}

void
cli_nginx_put_console(FILE *to, const struct cli_nginx_conf *conf)
{
    if (conf->console == NULL) {
        return;
    }

    (void) fprintf(to,
        "\n"
        "    server {\n"
        "        listen \"%s\" ssl%s;\n%s",
        conf->console, cli_text_if(!conf->has_http2_directive, " http2"),
        cli_text_if(conf->has_http2_directive, "        http2 on;\n"));
    cli_nginx_put_tls(to, conf);
    (void) fprintf(to,
        "        client_max_body_size 16k;\n"
        "        absolute_redirect off;\n"
        "        access_log \"%s/log/console.log\" trivet;\n"
        "\n"
        "        error_page 497 = @plain;\n"
        "        location @plain {\n"
        "            return 444;\n"
        "        }\n"
        "\n",
        conf->dir);
    if (conf->is_sandbox) {
        cli_nginx_put_path_guard(to, conf);
    }
    (void) fprintf(to,
        "        location / {\n"
        "            trivet_console \"%s/" CLI_CONSOLE_TOKENS "\" \"data=%s\"\n"
        "                gateway=https://%s:%u",
        conf->dir, conf->dir, conf->host, conf->port);
    if (conf->is_own_tls) {
        (void) fprintf(to, " \"ca=%s/ca.pem\"", conf->dir);
    }
    (void) fprintf(
        to, "%s;\n        }\n", cli_text_if(conf->is_sandbox, " calls=here"));
    if (conf->is_sandbox) {
        put_calls(to, conf);
    }
    (void) fprintf(to, "    }\n");
}
