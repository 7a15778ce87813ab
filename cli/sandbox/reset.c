/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reset.c - trivet sandbox reset: as at the first start
 *
 * Whether the gateway runs or not. What it keeps in memory of a session or an
 * API key counts no more once the store has changed.
 */
#include "cli/clock.h"
#include "cli/open_store.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/sandbox/sandbox.h"
#include "cli/sandbox_state.h"
#include "cli/serve/seed.h"
#include "cli/table.h"
#include "core/limits.h"

enum { OPTION_SEED = 0x200, OPTION_JSON };

struct options {
    struct cli_data_options data;
    const char *seed; /* a file; NULL: none */
    bool as_json;
};

static const struct argp_option options_table[] = {
    {"seed", OPTION_SEED, "FILE", 0,
        "then make the users, API keys and devices of this file, as \"trivet "
        "serve --seed\" does",
        0},
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case OPTION_SEED:
        options->seed = arg;
        return 0;
    case OPTION_JSON:
        options->as_json = true;
        return 0;
    case ARGP_KEY_END:
        if (options->data.store != NULL) {
            argp_error(state, "--store: a sandbox's own store alone is reset");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum trivet_status
reset_and_seed(const struct options *options, const struct cli_seed *seed,
    struct trivet_error *err)
{
    struct cli_operation operation = {.data = &options->data};
    enum trivet_status status;
    json_t *rows = NULL;

    TRIVET_TRY(cli_open_store(
        &options->data, TRIVET_STORE_EXISTING, &operation.store, err));

    status = cli_operation_run(
        &operation, "sandbox.reset", json_object(), &rows, err);
    json_decref(rows);
    cli_clock_set_offset(0);
    if (status == TRIVET_OK && seed->path != NULL) {
        status = cli_seed_apply(seed, operation.store, err);
    }

    trivet_store_close(operation.store);
    return status;
}

static enum trivet_status
reset(const struct options *options, struct trivet_error *err)
{
    const struct cli_seed seed = {
        .path = options->seed,
        .is_sandbox = true,
        .session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S,
    };
    struct trivet_sandbox *sandbox;

    if (seed.path != NULL) {
        TRIVET_TRY(cli_seed_check(&seed, err));
    }

    /* That there is one says that the store is a sandbox's. */
    TRIVET_TRY(cli_sandbox_open(&options->data, false, &sandbox, err));
    trivet_sandbox_close(sandbox);
    TRIVET_TRY(reset_and_seed(options, &seed, err));

    if (options->as_json) {
        cli_json_print(json_pack("{s:b}", "reset", true));
    } else {
        cli_tell("reset: no users, API keys, devices or sessions; the clock "
                 "and the incidents too\n");
    }

    return TRIVET_OK;
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    return cli_finish_here(reset(options, &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_sandbox_reset_command = {
    .name = "reset",
    .summary = "remove all users, keys, devices and sessions of the sandbox",
    .doc = "Puts a sandbox back: no users, API keys, installations, devices "
           "or sessions, the true time, no incidents. Its server keys, its "
           "TLS certificate and the audit log stay.",
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
