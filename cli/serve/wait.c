/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c - trivet wait: until a gateway answers */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ticks.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/serve/probe.h"
#include "cli/span.h"
#include "client/target.h"
#include "client/url.h"

enum {
    OPTION_URL = 0x300,
    OPTION_TIMEOUT,
    OPTION_CA,
    DEFAULT_WAIT_S = 30,
    MAX_WAIT_S = 86400,
    STEP_MS = 100,      /* between two questions        */
    ONE_PROBE_MS = 2000 /* how long one question may be */
};

struct options {
    const char *url;
    const char *ca_file;
    long long timeout_s;
};

static const struct options defaults = {
    .url = "https://localhost:8443/v1",
    .timeout_s = DEFAULT_WAIT_S,
};

static const struct argp_option options_table[] = {
    {"url", OPTION_URL, "URL", 0,
        "the API's URL (default: https://localhost:8443/v1)", 0},
    {"timeout", OPTION_TIMEOUT, "TIME", 0,
        "how long to wait, such as 90s or 2m (default: 30s; 0: ask once)", 0},
    {"ca", OPTION_CA, "FILE", 0,
        "verify the server's certificate with the CA certificates in FILE "
        "(default: it is not verified; nothing secret is sent)",
        0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case OPTION_URL:
        if (!trivet_base_url_is_usable(arg)
            || strlen(arg) >= TRIVET_MAX_URL_PART) {
            argp_error(state,
                "--url %.100s: not a URL such as https://localhost:8443/v1",
                arg);
        }
        options->url = arg;
        return 0;
    case OPTION_TIMEOUT:
        options->timeout_s =
            cli_span_read(arg, 0, MAX_WAIT_S, "--timeout", state);
        return 0;
    case OPTION_CA:
        options->ca_file = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
pause_ms(int64_t ms)
{
    struct timespec span = {.tv_nsec = (long) (ms % 1000) * 1000000};

    span.tv_sec = (time_t) (ms / 1000);
    (void) nanosleep(&span, NULL);
}

/* The API's URL without a last slash. */
static void
trim(const char *url, char out[TRIVET_MAX_URL_PART])
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/') {
        len--;
    }

    (void) snprintf(out, TRIVET_MAX_URL_PART, "%.*s", (int) len, url);
}

/* A certificate or its CA may be made while we wait: until the time is over
 * nothing is final. */
static int
run(void *input)
{
    const struct options *options = input;
    int64_t end_ms = trivet_ticks_ms() + options->timeout_s * 1000;
    char url[TRIVET_MAX_URL_PART];
    char span[CLI_SPAN_TEXT_SIZE];
    struct trivet_error err;
    enum trivet_status status;
    int64_t left_ms;

    trim(options->url, url);

    for (;;) {
        left_ms = end_ms - trivet_ticks_ms();
        if (left_ms < STEP_MS) {
            left_ms = options->timeout_s == 0 ? ONE_PROBE_MS : STEP_MS;
        }
        if (left_ms > ONE_PROBE_MS) {
            left_ms = ONE_PROBE_MS;
        }

        status = trivet_probe_url(url, options->ca_file, (long) left_ms, &err);
        if (status == TRIVET_OK) {
            return CLI_OK;
        }
        if (trivet_ticks_ms() + STEP_MS > end_ms) {
            break;
        }

        pause_ms(STEP_MS);
    }

    cli_span_format(options->timeout_s, span);
    return cli_complain(cli_exit_of_status(status),
        "%s: no gateway within %s: %s", options->url, span, err.detail);
}

const struct cli_command cli_wait_command = {
    .name = "wait",
    .summary = "wait until a gateway answers",
    .doc = "Waits until the gateway or the sandbox at a URL answers, for "
           "scripts that start one. It asks ten times a second with a token "
           "that no session has, and needs no context.",
    .options = options_table,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .defaults = &defaults,
    .run = run,
};
