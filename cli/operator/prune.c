/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.c - trivet prune: removes what nobody uses any more
 *
 * In runs of bounded work, so that a gateway on the same store goes on.
 */
#include <stdio.h>

#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text.h"
#include "core/prune_ages.h"

enum {
    OPTION_INSTALLATIONS = 0x300,
    OPTION_SESSIONS,
    OPTION_API_KEYS,
    OPTION_DRY_RUN
};

struct pruning {
    struct cli_operator op;
    struct trivet_prune_ages ages;
    bool is_dry;
};

static const struct argp_option options_table[] = {
    {"installations", OPTION_INSTALLATIONS, "AGE", 0,
        "those that never had a device, this long after they were made "
        "(default: 7d)",
        0},
    {"sessions", OPTION_SESSIONS, "AGE", 0,
        "those that ended this long ago (default: 90d)", 0},
    {"api-keys", OPTION_API_KEYS, "AGE", 0,
        "those that no device was registered with and that expired this long "
        "ago (default: 7d)",
        0},
    {"dry-run", OPTION_DRY_RUN, NULL, 0, "only count them", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct pruning *pruning = state->input;
    int64_t *age;

    switch (key) {
    case ARGP_KEY_INIT:
        pruning->ages = trivet_prune_ages_default;
        return 0;
    case OPTION_INSTALLATIONS:
        age = &pruning->ages.installations_s;
        break;
    case OPTION_SESSIONS:
        age = &pruning->ages.sessions_s;
        break;
    case OPTION_API_KEYS:
        age = &pruning->ages.api_keys_s;
        break;
    case OPTION_DRY_RUN:
        pruning->is_dry = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    if (trivet_prune_age_parse(trivet_slice_text(arg), age) != TRIVET_OK) {
        argp_error(state,
            "%s: not an age such as 7d, 12h or 1d12h (s, m, h, d, w; ten years "
            "at most), and not \"off\"",
            arg);
    }

    return 0;
}

static void
show(const struct cli_operator *op, const struct pruning *pruning, json_t *row)
{
    long long installations =
        json_integer_value(json_object_get(row, "installations"));
    long long sessions = json_integer_value(json_object_get(row, "sessions"));
    long long api_keys = json_integer_value(json_object_get(row, "api_keys"));

    if (op->as_json) {
        cli_json_print(json_incref(row));
        return;
    }

    cli_print("%s: %lld installations, %lld sessions, %lld API keys\n",
        cli_text_of(pruning->is_dry, "to be removed", "removed"), installations,
        sessions, api_keys);
}

static enum trivet_status
prune(void *input, struct trivet_error *err)
{
    struct pruning *pruning = input;
    struct cli_operator *op = &pruning->op;
    json_t *ages = json_pack("{s:I, s:I, s:I}", "installations",
        (json_int_t) pruning->ages.installations_s, "sessions",
        (json_int_t) pruning->ages.sessions_s, "api_keys",
        (json_int_t) pruning->ages.api_keys_s);
    json_t *rows;
    const char *name = pruning->is_dry ? "prune.count" : "prune.run";
    enum trivet_status status = cli_operator_call(op, name, ages, &rows, err);

    if (status == TRIVET_OK) {
        show(op, pruning, json_array_get(rows, 0));
    }

    json_decref(rows);
    return status;
}

static int
run_prune(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, prune);
}

const struct cli_command cli_prune_command = {
    .name = "prune",
    .summary = "remove rows that nobody uses any more",
    .doc = "Removes rows that nobody uses any more: installations that never "
           "had a device, ended sessions, API keys that expired without a "
           "device. The gateway does so by itself, too.",
    .options = options_table,
    .shared = cli_operator_shared,
    .parse = parse_option,
    .input_size = sizeof(struct pruning),
    .run = run_prune,
};
