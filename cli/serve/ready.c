/* SPDX-License-Identifier: Apache-2.0 */
/* ready.c - whether the gateway answers, and what is said then */
#include "cli/serve/ready.h"

#include <stdio.h>
#include <string.h>

#include "cli/lanes.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "cli/serve/console.h"
#include "cli/serve/probe.h"
#include "cli/serve/state.h"

enum { READY_STEP_MS = 20, MAX_READY_STEPS = 1000 };

const char *
cli_serve_host(const struct serving *s)
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
tell_pins(const struct serving *s)
{
    cli_print("TLS pin: %s (served)\n", s->pins.served);
    if (s->pins.next[0] != '\0') {
        cli_print("TLS pin: %s (next)\n", s->pins.next);
    }
}

/* The first command to try. */
static void
tell_next(const struct serving *s, const char *host)
{
    if (!s->is_sandbox) {
        cli_print("next: '%s' key create --data '%s'\n", s->self, s->dir);
        return;
    }

    (void) fputs("next: curl", stdout);
    if (s->options->tls_cert == NULL) {
        cli_print(" --cacert '%s'", s->ca_cert);
    }
    cli_print(" -X POST https://%s:%u/v1/sandbox-user-person\n", host, s->port);
}

void
cli_serve_tell_ready(const struct serving *s)
{
    const char *host = cli_serve_host(s);

    if (s->options->tls_cert == NULL) {
        cli_print("CA certificate: %s\n", s->ca_cert);
    }

    tell_pins(s);
    cli_lanes_tell(
        strcmp(s->options->lanes, "off") == 0, s->server_keys.locations[0]);
    cli_print("ready: https://%s:%u/v1\n", host, s->port);
    for (size_t i = 0; i < s->options->num_host_names; i++) {
        cli_print("name: https://%s:%u/v1 (trivet sandbox hosts --data '%s')\n",
            s->options->host_names[i], s->port, s->dir);
    }

    cli_serve_tell_console(s);
    tell_next(s, host);
    (void) fflush(stdout);
}

/* An incident may keep a sandbox from answering: then it is enough that a
 * worker takes connections. */
static bool
is_ready(const struct serving *s)
{
    const char *address = probe_address(s);

    return s->sandbox != NULL && cli_sandbox_is_mute(s->sandbox)
               ? trivet_probe_tls(
                   address, s->port, s->options->has_proxy_protocol)
               : trivet_probe_gateway(
                   address, s->port, s->options->has_proxy_protocol);
}

bool
cli_serve_is_alive(const struct serving *s)
{
    return trivet_probe_tls(
        probe_address(s), s->port, s->options->has_proxy_protocol);
}

enum trivet_status
cli_serve_wait_ready(struct serving *s, struct cli_nginx *nginx,
    enum cli_nginx_event *out_event, struct trivet_error *err)
{
    for (int i = 0; i < MAX_READY_STEPS; i++) {
        if (is_ready(s)) {
            *out_event = CLI_NGINX_TIMEOUT;
            return TRIVET_OK;
        }

        *out_event = cli_nginx_wait(nginx, READY_STEP_MS);
        if (*out_event == CLI_NGINX_RELOAD || *out_event == CLI_NGINX_HANGUP) {
            s->wants_reload = true; /* later: there may be no workers yet */
            s->is_asked |= *out_event == CLI_NGINX_RELOAD;
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
