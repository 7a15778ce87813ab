/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - how large and how slow what goes through may be */
#include "cli/serve/limits.h"

#include <stddef.h>
#include <string.h>

#include "cli/quantity.h"
#include "cli/text.h"

enum {
    OPTION_MAX_HEADER = 0x400,
    OPTION_MAX_BODY,
    OPTION_MAX_ANSWER_HEADER,
    OPTION_MAX_ANSWER,
    OPTION_CONNECT_TIMEOUT,
    OPTION_ANSWER_TIMEOUT
};

static const struct argp_option options_table[] = {
    {"max-header", OPTION_MAX_HEADER, "SIZE", 0,
        "of a request: its first line, or one field (default: 8k)", 0},
    {"max-body", OPTION_MAX_BODY, "SIZE", 0, "of a request (default: 16m)", 0},
    {"max-answer-header", OPTION_MAX_ANSWER_HEADER, "SIZE", 0,
        "of the API's answers, all fields together (default: 32k)", 0},
    {"max-answer", OPTION_MAX_ANSWER, "SIZE", 0,
        "the body of the API's answers (default: 16m)", 0},
    {"connect-timeout", OPTION_CONNECT_TIMEOUT, "TIME", 0,
        "how long the API may take to accept a connection (default: 5s)", 0},
    {"answer-timeout", OPTION_ANSWER_TIMEOUT, "TIME", 0,
        "how long the API may send nothing, before its answer or within it "
        "(default: 60s)",
        0},
    {0},
};

const struct cli_nginx_limits cli_serve_limits_default = {
    .header = 8192,
    .body = 16777216,
    .answer_header = 32768,
    .answer = 16777216,
    .connect_ms = 5000,
    .answer_ms = 60000,
};

/* The limits: what they are called, and between what they must be. */
struct limit {
    int key;
    const char *name;
    bool is_size; /* else a time */
    long long low, high;
    const char *range;
    size_t offset;
};

#define LIMIT(field) offsetof(struct cli_nginx_limits, field)

static const struct limit limits_table[] = {
    {OPTION_MAX_HEADER, "--max-header", true, 1024, 1048576, "1k to 1m",
        LIMIT(header)},
    {OPTION_MAX_BODY, "--max-body", true, 1024, 17179869184, "1k to 16g",
        LIMIT(body)},
    {OPTION_MAX_ANSWER_HEADER, "--max-answer-header", true, 1024, 1048576,
        "1k to 1m", LIMIT(answer_header)},
    {OPTION_MAX_ANSWER, "--max-answer", true, 1024, 17179869184, "1k to 16g",
        LIMIT(answer)},
    {OPTION_CONNECT_TIMEOUT, "--connect-timeout", false, 1, 75000, "1ms to 75s",
        LIMIT(connect_ms)},
    {OPTION_ANSWER_TIMEOUT, "--answer-timeout", false, 1, 86400000,
        "1ms to 24h", LIMIT(answer_ms)},
};

static error_t
parse_limit(int key, char *arg, struct argp_state *state)
{
    struct cli_nginx_limits *limits = state->input;

    for (size_t i = 0; i < sizeof limits_table / sizeof limits_table[0]; i++) {
        const struct limit *limit = &limits_table[i];
        long long value = 0;
        bool is_read;

        if (limit->key != key) {
            continue;
        }

        is_read = limit->is_size ? cli_quantity_size(arg, &value)
                                 : cli_quantity_time(arg, &value);
        if (!is_read || value < limit->low || value > limit->high) {
            argp_error(state, "%s: %s, from %s", limit->name,
                cli_text_of(
                    limit->is_size, "a size such as 64k", "a time such as 30s"),
                limit->range);
        }

        memcpy((char *) limits + limit->offset, &value, sizeof value);
        return 0;
    }

    return ARGP_ERR_UNKNOWN;
}

const struct argp cli_serve_limits_argp = {
    .options = options_table,
    .parser = parse_limit,
};
