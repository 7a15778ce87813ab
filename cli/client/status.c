/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - trivet status: whose session it is, and how long it lives */
#define _DEFAULT_SOURCE
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/client/answer.h"
#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/span.h"
#include "cli/table.h"
#include "cli/text.h"
#include "client/clock.h"
#include "client/environment.h"
#include "core/json_tree.h"

enum { OPTION_JSON = 0x200, OPTION_WATCH, OPTION_CHECK, DEFAULT_WATCH_S = 5 };

struct status {
    struct cli_client client;
    bool is_json;
    bool is_checked;
    int watch_s;
};

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "one line of JSON", 0},
    {"check", OPTION_CHECK, NULL, 0, "ask the server, too", 0},
    {"watch", OPTION_WATCH, "TIME", OPTION_ARG_OPTIONAL,
        "print it again every TIME (5s), until the session has expired", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct status *status = state->input;

    switch (key) {
    case OPTION_JSON:
        status->is_json = true;
        break;
    case OPTION_CHECK:
        status->is_checked = true;
        break;
    case OPTION_WATCH:
        status->watch_s = DEFAULT_WATCH_S;
        if (argument != NULL) {
            status->watch_s =
                (int) cli_span_read(argument, 1, 86400, "--watch", state);
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct status, client)}, {0}};

static json_t *
text_or_nothing(const char *text)
{
    return text[0] == '\0' ? NULL : cli_json_text(text);
}

static json_t *
id_or_nothing(long long id)
{
    return id == 0 ? NULL : json_integer(id);
}

static json_t *
expiry_or_nothing(const struct trivet_context_info *info)
{
    return info->has_session ? trivet_json_moment(info->session_expires_us)
                             : NULL;
}

static void
print_json(const struct cli_client *client,
    const struct trivet_context_info *info, bool is_alive)
{
    cli_json_print(json_pack(
        "{s:o, s:s, s:o, s:b, s:b, s:b, s:o*, s:o*, s:o*, s:o*}", "context",
        cli_json_text(client->path), "environment",
        trivet_environment_name(info->environment), "url",
        cli_json_text(info->base_url), "installed", info->has_installation,
        "registered", info->has_device, "alive", is_alive, "expires",
        expiry_or_nothing(info), "user_type", text_or_nothing(info->user_type),
        "user_id", id_or_nothing(info->user_id), "user_name",
        text_or_nothing(info->user_name)));
}

static const char *
device_state(const struct trivet_context_info *info)
{
    if (info->has_device) {
        return "registered";
    }

    return info->has_installation ? "not registered yet" : "not installed yet";
}

static const char *
session_state(const struct trivet_context_info *info, bool is_alive)
{
    if (is_alive) {
        return "alive";
    }

    return info->has_session ? "ended" : "none";
}

static void
print_words(const struct cli_client *client,
    const struct trivet_context_info *info, bool is_alive)
{
    const char *const colours[] = {"\033[31m", "\033[32m"};
    bool has_colour = cli_has_colour(stdout);
    char until[CLI_MOMENT_SIZE];
    char span[CLI_DISTANCE_SIZE];

    cli_print("context   %s\n", client->path);
    cli_print("server    %s (%s)\n", info->base_url,
        trivet_environment_name(info->environment));
    cli_print("device    %s\n", device_state(info));
    if (info->user_id != 0) {
        (void) fputs("user      ", stdout);
        cli_put_text(stdout, cli_text_or(info->user_name, "(no name)"));
        cli_print(" (%s %lld)\n", info->user_type, (long long) info->user_id);
    }

    cli_format_moment(info->session_expires_us, until);
    cli_format_distance(info->session_expires_us - trivet_clock_now_us(), span);
    (void) fputs("session   ", stdout);
    cli_put_sequence(stdout, has_colour ? colours[is_alive] : "");
    cli_print("%s", session_state(info, is_alive));
    cli_put_sequence(stdout, has_colour ? "\033[0m" : "");
    if (info->has_session) {
        bool is_over = info->session_expires_us < trivet_clock_now_us();

        cli_print(
            ", until %s (%s%s)", until, span, cli_text_if(is_over, " ago"));
    }
    (void) putchar('\n');
}

/* What the server says to a call that any session may make. */
static int
ask_server(struct trivet_context *context)
{
    const struct trivet_call call = {
        .method = "GET", .path = "user", .flags = TRIVET_CALL_KEEP_SESSION};
    struct trivet_answer *answer;
    struct trivet_error err;
    int number;

    if (trivet_call(context, &call, &answer, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = cli_exit_of_answer(answer->status);
    trivet_answer_free(answer);

    return number;
}

static int
tell(const struct status *status, struct trivet_context *context)
{
    struct trivet_context_info info;
    int number;

    trivet_context_describe(context, &info);
    number = info.has_session && info.session_expires_us > trivet_clock_now_us()
                 ? CLI_OK
                 : CLI_NOT_LOGGED_IN;
    if (status->is_checked && info.has_session) {
        number = ask_server(context);
    }

    (status->is_json ? print_json : print_words)(
        &status->client, &info, number == CLI_OK);
    if (!cli_output_flush()) {
        return CLI_FAILURE; /* --watch ends */
    }

    return number;
}

static int
run(void *input)
{
    struct status *status = input;
    struct trivet_context *context;
    int number =
        cli_client_open(&status->client, TRIVET_OPEN_OFFLINE, &context);

    if (number != CLI_OK) {
        return number;
    }

    number = tell(status, context);
    while (status->watch_s > 0 && number == CLI_OK) {
        (void) sleep((unsigned) status->watch_s);
        number = tell(status, context);
    }

    trivet_context_close(context);
    return number;
}

const struct cli_command cli_status_command = {
    .name = "status",
    .summary = "show the session, and until when it is valid",
    .doc = "Print the user and the session, and until when it is valid.\vExit "
           "status: 0 when a session is valid, 3 when not.",
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct status),
    .run = run,
};
