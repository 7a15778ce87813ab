/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - what "trivet serve" was asked for */
#include "cli/serve/options.h"

#include <argp.h>
#include <string.h>

#include "authority/authority.h"
#include "base/slice.h"
#include "cli/serve/limits.h"
#include "cli/span.h"
#include "core/limits.h"

enum {
    OPTION_LISTEN = 0x300,
    OPTION_PORT,
    OPTION_PROFILE,
    OPTION_SWITCH,
    OPTION_UPSTREAM,
    OPTION_ANSWERS,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_TLS_KEY_PASSWORD,
    OPTION_TLS_NEXT_KEY,
    OPTION_TRUSTED_PROXY,
    OPTION_PROXY_PROTOCOL,
    OPTION_CORS_ORIGIN,
    OPTION_PRINT_CONFIG,
    OPTION_SESSION_TIMEOUT,
    OPTION_KEY_LIFETIME,
    OPTION_SERVER_KEY,
    OPTION_CHAIN,
    OPTION_AUDIT_CHECKPOINT,
    OPTION_SANDBOX,
    OPTION_NO_SANDBOX,
    OPTION_METRICS,
    OPTION_LOG_FORMAT,
    OPTION_CONSOLE,
    OPTION_NO_CONSOLE,
    OPTION_RATE_LIMITS,
    OPTION_CONNECTIONS,
    OPTION_PRUNE,
    OPTION_SEED,
    OPTION_DETERMINISTIC,
    OPTION_ENCRYPTION,
    OPTION_LANES,
    OPTION_HOST_NAME,
    OPTION_SANDBOX_HOST
};

enum {
    DEFAULT_PORT = 8443,
    DEFAULT_CONNECTIONS = 100,
    MAX_CONNECTIONS = 1000000,
    MAX_CHECKPOINT_S = 86400
};

/* Of --deterministic without a value. */
static const char default_seed[] = "1";

const struct argp_option cli_serve_options_table[] = {
    {"listen", OPTION_LISTEN, "ADDR", 0,
        "the address to listen on (default: 127.0.0.1)", 0},
    {"port", OPTION_PORT, "N", 0,
        "the port (default: 8443; 0: any that is free)", 0},
    {"profile", OPTION_PROFILE, "strict|current|classic|reference", 0,
        "strict: every call after the installation is signed by both sides; "
        "current: as bunq answers today; classic: as before April 2020, when "
        "the header was signed too; reference: as strict, with sessions "
        "extended as bunq's API reference has it (default: strict)",
        0},
    {"switch", OPTION_SWITCH, "NAME=VALUE", 0,
        "set one switch of the profile; may be repeated for others", 0},
    {"upstream", OPTION_UPSTREAM, "URL", 0,
        "the API to protect; then there is no sandbox (default: a small "
        "built-in one, whose /v1/echo answers with the caller's identity)",
        0},
    {"answers", OPTION_ANSWERS, "DIR", 0,
        "what the built-in API answers, from files such as "
        "DIR/user/_/card/GET.json; may be repeated",
        0},
    {"tls-cert", OPTION_TLS_CERT, "FILE", 0,
        "certificate and chain in PEM (default: one for localhost, which is "
        "made)",
        0},
    {"tls-key", OPTION_TLS_KEY, "FILE", 0,
        "the private key of the certificate, mode 0600", 0},
    {"tls-key-password-file", OPTION_TLS_KEY_PASSWORD, "FILE", 0,
        "the password of an encrypted key, on the first line; mode 0600", 0},
    {"tls-next-key", OPTION_TLS_NEXT_KEY, "FILE|PIN", 0,
        "the key of the next certificate: a key or certificate in PEM, or its "
        "pin; clients that pin are told of it",
        0},
    {"trusted-proxy", OPTION_TRUSTED_PROXY, "CIDR", 0,
        "a proxy in front, or a network of proxies, whose X-Forwarded-For is "
        "used; may be repeated",
        0},
    {"proxy-protocol", OPTION_PROXY_PROTOCOL, NULL, 0,
        "trusted proxies use the PROXY protocol instead; then every connection "
        "must",
        0},
    {"cors-origin", OPTION_CORS_ORIGIN, "ORIGIN", 0,
        "web pages of this origin, such as https://app.example, may call and "
        "read the answers; may be repeated",
        0},
    {"print-config", OPTION_PRINT_CONFIG, NULL, 0,
        "print nginx's configuration; make and start nothing", 0},
    {"session-timeout", OPTION_SESSION_TIMEOUT, "TIME", 0,
        "auto-logout time of sandbox users made from now on (default: 7d)", 0},
    {"api-key-lifetime", OPTION_KEY_LIFETIME, "TIME", 0,
        "how long an API key is valid without a device (default: 1h in the "
        "sandbox, 4h outside)",
        0},
    {"server-key", OPTION_SERVER_KEY, "FILE|URI", 0,
        "the server key of new installations from now on: a file (mode 0600), "
        "or the URI of a key in hardware (default: the same as before, or "
        "server.pem, which is made)",
        0},
    {"chain", OPTION_CHAIN, "NAME", 0,
        "this gateway's chain of the audit log; each gateway on a store in "
        "PostgreSQL has its own (default: main)",
        0},
    {"audit-checkpoint", OPTION_AUDIT_CHECKPOINT, "TIME|off", 0,
        "how often the ends of the audit log's chains are signed (default: "
        "1m)",
        0},
    {"sandbox", OPTION_SANDBOX, NULL, 0,
        "anybody may make users and open sessions; refusals have their reason "
        "(default without --upstream; with it, only when named: then anybody "
        "can call that API)",
        0},
    {"no-sandbox", OPTION_NO_SANDBOX, NULL, 0,
        "no sandbox (default with --upstream)", 0},
    {"host-name", OPTION_HOST_NAME, "NAME", 0,
        "another name that it is called by, in its own certificate; may be "
        "given again; \"trivet sandbox hosts\" leads callers there",
        0},
    {"sandbox-host", OPTION_SANDBOX_HOST, NULL, 0,
        "--host-name public-api.sandbox.bunq.com, for SDKs as they are", 0},
    {"seed", OPTION_SEED, "FILE", 0,
        "make the users, API keys and devices that a JSON file names and that "
        "are not there yet",
        0},
    {"deterministic", OPTION_DETERMINISTIC, "SEED", OPTION_ARG_OPTIONAL,
        "for tests of a sandbox: UUIDs and response ids follow from SEED "
        "(default: 1), and the clock stands at 2026-01-01 00:00:00 UTC until "
        "\"trivet clock\" moves it; tokens and keys stay random",
        0},
    {"rate-limits", OPTION_RATE_LIMITS, "classic|2026|off", 0,
        "classic: for each address and endpoint GET 3 calls per 3 seconds, "
        "POST 5, PUT 2, session-server 1 per 30 seconds (default)",
        0},
    {"encryption", OPTION_ENCRYPTION, "off|optional|required", 0,
        "whether the bodies of requests may be encrypted, or must be; then the "
        "answers are, too (default: optional)",
        0},
    {"lanes", OPTION_LANES, "auto|off", 0,
        "auto: sign several answers at once where the processor has AVX-512 "
        "IFMA and the library crypto_mb is installed; off: one at a time, by "
        "OpenSSL (default: auto)",
        0},
    {"connections", OPTION_CONNECTIONS, "N|off", 0,
        "how many connections an address (of IPv6: a /64 network) may have at "
        "once, whatever comes over them (default: 100)",
        0},
    {"prune", OPTION_PRUNE, "off|NAME=AGE", 0,
        "how long what nobody uses any more is kept: installations= without a "
        "device (7d), sessions= after their end (90d), api-keys= that expired "
        "unused (7d); may be given again for others",
        0},
    {"log-format", OPTION_LOG_FORMAT, "text|json", 0,
        "what a request leaves in log/access.log: a line for people, or an "
        "object of JSON (default: text)",
        0},
    {"console", OPTION_CONSOLE, "ADDR:PORT|unix:PATH", OPTION_ARG_OPTIONAL,
        "the console, for a browser on this machine: users, API keys, "
        "sessions, the audit log; its link is printed (default in a sandbox "
        "on the default port: 127.0.0.1:8444 if that is free; else off)",
        0},
    {"no-console", OPTION_NO_CONSOLE, NULL, 0, "no console", 0},
    {"metrics", OPTION_METRICS, NULL, 0,
        "/metrics, /live and /ready on the same port, for callers on this "
        "machine",
        0},
    {0},
};

/* A number of low to high, or argp's complaint, which exits. */
static void
parse_number(struct argp_state *state, const char *name, const char *arg,
    long long low, long long high, long long *out)
{
    if (!trivet_slice_to_id(trivet_slice_text(arg), out) || *out < low
        || *out > high)
    {
        argp_error(state, "%s: a number from %lld to %lld", name, low, high);
    }
}

static void
parse_prune(struct argp_state *state, struct cli_serve_options *options,
    const char *arg)
{
    options->has_prune = true;

    if (strcmp(arg, "off") == 0) {
        options->prune_ages = trivet_prune_ages_never;
        return;
    }

    if (trivet_prune_ages_set(&options->prune_ages, trivet_slice_text(arg))
        != TRIVET_OK)
    {
        argp_error(state,
            "--prune %s: neither \"off\" nor one of installations=AGE, "
            "sessions=AGE, api-keys=AGE with an age such as 7d, 12h or off",
            arg);
    }
}

/* Adds arg to a list of at most cap, or argp's complaint. */
static void
add_text(struct argp_state *state, const char *name, const char *arg,
    const char **list, size_t cap, size_t *num)
{
    if (*num == cap) {
        argp_error(state, "%s: %zu of them at most", name, cap);
    }

    list[(*num)++] = arg;
}

/* What stands in front, and its TLS. */
static error_t
parse_front(int key, char *arg, struct argp_state *state)
{
    struct cli_serve_options *options = state->input;

    switch (key) {
    case OPTION_ANSWERS:
        add_text(state, "--answers", arg, options->answers,
            TRIVET_MAX_ANSWER_DIRS, &options->num_answers);
        return 0;
    case OPTION_TLS_CERT:
        options->tls_cert = arg;
        return 0;
    case OPTION_TLS_KEY:
        options->tls_key = arg;
        return 0;
    case OPTION_TRUSTED_PROXY:
        add_text(state, "--trusted-proxy", arg, options->trusted,
            CLI_MAX_TRUSTED, &options->num_trusted);
        return 0;
    case OPTION_CORS_ORIGIN:
        add_text(state, "--cors-origin", arg, options->origins, CLI_MAX_ORIGINS,
            &options->num_origins);
        return 0;
    case OPTION_PROXY_PROTOCOL:
        options->has_proxy_protocol = true;
        return 0;
    case OPTION_TLS_KEY_PASSWORD:
        options->tls_key_password = arg;
        return 0;
    case OPTION_TLS_NEXT_KEY:
        options->tls_next_key = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
parse_chain(struct argp_state *state, struct cli_serve_options *options,
    const char *arg)
{
    if (!trivet_authority_takes_chain(arg)) {
        argp_error(state,
            "--chain %s: 1 to 32 letters, digits, dots, hyphens and "
            "underscores, and not \"operator\"",
            arg);
    }
    options->chain = arg;
}

static void
parse_log_format(struct argp_state *state, struct cli_serve_options *options,
    const char *arg)
{
    options->has_json_log = strcmp(arg, "json") == 0;

    if (!options->has_json_log && strcmp(arg, "text") != 0) {
        argp_error(
            state, "--log-format %s: neither \"text\" nor \"json\"", arg);
    }
}

/* What is there when it begins. */
static error_t
parse_beginning(int key, char *arg, struct argp_state *state)
{
    struct cli_serve_options *options = state->input;

    switch (key) {
    case OPTION_SEED:
        options->seed = arg;
        return 0;
    case OPTION_DETERMINISTIC:
        options->deterministic = arg == NULL ? default_seed : arg;
        return 0;
    case OPTION_HOST_NAME:
        add_text(state, "--host-name", arg, options->host_names,
            CLI_MAX_HOST_NAMES, &options->num_host_names);
        return 0;
    case OPTION_SANDBOX_HOST:
        add_text(state, "--host-name", cli_sandbox_host, options->host_names,
            CLI_MAX_HOST_NAMES, &options->num_host_names);
        return 0;
    case OPTION_LOG_FORMAT:
        parse_log_format(state, options, arg);
        return 0;
    case OPTION_CHAIN:
        parse_chain(state, options, arg);
        return 0;
    case OPTION_AUDIT_CHECKPOINT:
        options->checkpoint_s = 0;
        if (strcmp(arg, "off") != 0) {
            options->checkpoint_s = cli_span_read(
                arg, 1, MAX_CHECKPOINT_S, "--audit-checkpoint", state);
        }
        return 0;
    case OPTION_CONSOLE:
        options->console = arg == NULL ? "" : arg;
        return 0;
    case OPTION_NO_CONSOLE:
        options->console = "off";
        return 0;
    default:
        return parse_front(key, arg, state);
    }
}

static void
set_defaults(struct cli_serve_options *options)
{
    options->listen = "127.0.0.1";
    options->port = DEFAULT_PORT;
    options->profile.name = trivet_profile_default()->name;
    options->session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S;
    options->rate_limits = "classic";
    options->checkpoint_s = -1;
    options->encryption = "optional";
    options->lanes = "auto";
    options->max_connections = DEFAULT_CONNECTIONS;
    options->prune_ages = trivet_prune_ages_default;
    options->limits = cli_serve_limits_default;
}

error_t
cli_serve_parse(int key, char *arg, struct argp_state *state)
{
    struct cli_serve_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        set_defaults(options);
        return 0;
    case OPTION_LISTEN:
        options->listen = arg;
        return 0;
    case OPTION_PORT:
        options->has_port = true;
        parse_number(state, "--port", arg, 0, 65535, &options->port);
        return 0;
    case OPTION_PROFILE:
        options->profile.name = arg;
        return 0;
    case OPTION_SWITCH:
        cli_profile_add(state, &options->profile, arg);
        return 0;
    case OPTION_UPSTREAM:
        add_text(state, "--upstream", arg, options->upstreams,
            CLI_MAX_UPSTREAMS, &options->num_upstreams);
        return 0;
    case OPTION_PRINT_CONFIG:
        options->prints_config = true;
        return 0;
    case OPTION_SESSION_TIMEOUT:
        options->session_timeout_s =
            cli_span_read(arg, TRIVET_MIN_SESSION_TIMEOUT_S,
                TRIVET_MAX_SESSION_TIMEOUT_S, "--session-timeout", state);
        return 0;
    case OPTION_KEY_LIFETIME:
        options->key_lifetime_s = cli_span_read(
            arg, 1, TRIVET_MAX_KEY_LIFETIME_S, "--api-key-lifetime", state);
        return 0;
    case OPTION_SERVER_KEY:
        options->server_key = arg;
        return 0;
    case OPTION_SANDBOX:
        options->sandbox = CLI_SANDBOX_ON;
        return 0;
    case OPTION_METRICS:
        options->has_metrics = true;
        return 0;
    case OPTION_CONNECTIONS:
        options->max_connections = 0;
        if (strcmp(arg, "off") != 0) {
            parse_number(state, "--connections", arg, 1, MAX_CONNECTIONS,
                &options->max_connections);
        }
        return 0;
    case OPTION_PRUNE:
        parse_prune(state, options, arg);
        return 0;
    case OPTION_RATE_LIMITS:
        options->rate_limits = arg;
        return 0;
    case OPTION_ENCRYPTION:
        options->encryption = arg;
        return 0;
    case OPTION_LANES:
        options->lanes = arg;
        return 0;
    case OPTION_NO_SANDBOX:
        options->sandbox = CLI_SANDBOX_OFF;
        return 0;
    default:
        return parse_beginning(key, arg, state);
    }
}
