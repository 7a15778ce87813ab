/* SPDX-License-Identifier: Apache-2.0 */
/* forget.c - trivet forget: remove a context from this machine */
#define _DEFAULT_SOURCE
#include <string.h>

#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "client/clock.h"
#include "client/erase.h"
#include "client/logout.h"

struct forget {
    struct cli_client client;
    const char *file;
    bool is_forced;
};

enum { OPTION_FILE = 0x200, OPTION_FORCE };

static const struct argp_option options[] = {
    {"file", OPTION_FILE, "FILE", 0, "the context file, instead of a name", 0},
    {"force", OPTION_FORCE, NULL, 0,
        "do not call the server: the session stays valid until it expires", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct forget *forget = state->input;

    switch (key) {
    case OPTION_FILE:
        forget->file = argument;
        break;
    case OPTION_FORCE:
        forget->is_forced = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "name the context by --context %s", argument);
        break;
    case ARGP_KEY_END:
        if (forget->file != NULL && forget->client.context != NULL) {
            argp_error(state, "--context and --file exclude each other");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct forget, client)}, {0}};

/* Where the context is. A FILE without a / is one in this folder. */
static int
locate(struct forget *forget, char path[CLI_MAX_CONTEXT_PATH])
{
    if (forget->file != NULL) {
        const char *folder = strchr(forget->file, '/') == NULL ? "./" : "";

        if (snprintf(path, CLI_MAX_CONTEXT_PATH, "%s%s", folder, forget->file)
            >= CLI_MAX_CONTEXT_PATH)
        {
            return cli_complain(CLI_USAGE, "the path of the file is too long");
        }
        forget->client.context = path;
    }

    return cli_client_find(&forget->client);
}

/* Ends the session that out tells of. False: err says why. */
static bool
log_out(struct forget *forget, struct trivet_context_info *out,
    struct trivet_error *err)
{
    struct trivet_context *context;
    enum trivet_status status;

    forget->client.options.flags |= TRIVET_OPEN_OFFLINE;
    status = trivet_context_open(&forget->client.options, &context, err);
    if (status != TRIVET_OK) {
        return forget->is_forced; /* then nothing is known of it */
    }

    trivet_context_describe(context, out);
    if (!forget->is_forced && out->has_session
        && out->session_expires_us > trivet_clock_now_us())
    {
        status = trivet_context_end_session(context, err);
        out->has_session = status != TRIVET_OK;
    }

    trivet_context_close(context);
    return status == TRIVET_OK;
}

/* What goes on at the server. */
static void
tell_what_stays(const struct trivet_context_info *info)
{
    char moment[CLI_MOMENT_SIZE];

    if (info->has_session && info->session_expires_us > trivet_clock_now_us()) {
        cli_format_moment(info->session_expires_us, moment);
        cli_print("still at the server: the session, until %s\n", moment);
    }
    if (info->has_device && info->device_id != 0) {
        cli_print("still at the server: the installation and its device %lld\n",
            (long long) info->device_id);
    } else if (info->has_installation) {
        cli_print("still at the server: the installation\n");
    }
    cli_print("an API key stays valid: revoke it where it was made, if nobody "
              "needs it any more\n");
}

static int
run(void *input)
{
    struct forget *forget = input;
    struct trivet_context_info info = {0};
    char path[CLI_MAX_CONTEXT_PATH];
    struct trivet_error err;
    int number = locate(forget, path);

    if (number != CLI_OK) {
        return number;
    }
    if (trivet_erase_check(forget->client.path, &err) != TRIVET_OK) {
        return cli_fail_here(&err);
    }
    if (!log_out(forget, &info, &err)) {
        number = cli_fail(&err);
        return cli_complain(number,
            "nothing was removed; \"trivet forget --force\" does it without "
            "the server");
    }
    if (trivet_erase_context(forget->client.path, &err) != TRIVET_OK) {
        return cli_fail_here(&err);
    }

    if (!forget->client.is_quiet) {
        cli_print("removed %s\n", forget->client.path);
        tell_what_stays(&info);
    }
    return CLI_OK;
}

const struct cli_command cli_forget_command = {
    .name = "forget",
    .summary = "remove a context from this machine",
    .doc = "End the session at the server, and remove the context from this "
           "machine: its file is overwritten and removed."
           "\vNothing is removed when the session cannot be ended; --force "
           "removes the context all the same. Installation, device and API key "
           "stay at the server.",
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct forget),
    .run = run,
};
