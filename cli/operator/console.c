/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - trivet console: the link to the console that runs */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/operator/serving.h"
#include "authority/operator/tokens.h"
#include "cli/commands.h"
#include "cli/operator/openapi.h"
#include "cli/output.h"
#include "cli/serve/console.h"
#include "cli/table.h"

enum { OPTION_ROLE = 0x300, OPTION_OPEN, OPTION_OPENAPI, OPTION_JSON };

struct options {
    struct cli_data_options data;
    enum trivet_operator_role role;
    bool opens;
    bool as_json;
    bool prints_openapi;
};

static const struct argp_option options_table[] = {
    {"role", OPTION_ROLE, "view|operate", 0,
        "what whoever follows the link may do (default: operate)", 0},
    {"open", OPTION_OPEN, NULL, 0, "open it in the browser", 0},
    {"openapi", OPTION_OPENAPI, NULL, 0,
        "print the description of the console's API, OpenAPI 3.1, instead", 0},
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        options->role = TRIVET_ROLE_OPERATE;
        return 0;
    case OPTION_ROLE:
        if (strcmp(arg, "view") == 0) {
            options->role = TRIVET_ROLE_VIEW;
        } else if (strcmp(arg, "operate") != 0) {
            argp_error(state, "--role %s: view or operate", arg);
        }
        return 0;
    case OPTION_OPEN:
        options->opens = true;
        return 0;
    case OPTION_OPENAPI:
        options->prints_openapi = true;
        return 0;
    case OPTION_JSON:
        options->as_json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* In the browser of this desktop. */
static enum trivet_status
open_link(const char *link, struct trivet_error *err)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        (void) execlp("xdg-open", "xdg-open", link, (char *) NULL);
        _exit(127);
    }
    if (pid > 0) {
        (void) waitpid(pid, &status, 0);
    }

    return status == 0 ? TRIVET_OK
                       : trivet_error_set(err, TRIVET_E_UNAVAILABLE, "console",
                           "no browser was opened (xdg-open)");
}

static enum trivet_status
find_link(const struct options *options, char *out, size_t cap, char *url,
    struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    char tokens[CLI_MAX_PATH];
    char file[CLI_MAX_PATH];
    struct trivet_console_token token;
    enum trivet_status status;

    TRIVET_TRY(cli_data_dir(&options->data, dir, err));
    TRIVET_TRY(cli_data_path(dir, CLI_CONSOLE_TOKENS, tokens, err));
    TRIVET_TRY(cli_data_path(dir, CLI_CONSOLE_URL, file, err));

    if (!trivet_serving_is_running(dir)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "console",
            "%s: no gateway runs there; start it by \"trivet serve "
            "--console\"",
            dir);
    }
    if (cli_read_file(file, url, CLI_MAX_CONSOLE + 16, NULL) != TRIVET_OK) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "console",
            "%s: no console there; \"trivet serve --console\" has one", dir);
    }

    status = trivet_console_tokens_get(tokens, options->role, &token, err);
    if (status == TRIVET_OK) {
        (void) snprintf(
            out, cap, "%s/#%s", url, (const char *) token.token.bytes);
        trivet_secret_wipe(&token.token);
    }

    return status;
}

static enum trivet_status
show(const struct options *options, struct trivet_error *err)
{
    char url[CLI_MAX_CONSOLE + 16];
    char link[CLI_MAX_CONSOLE + 128];
    enum trivet_status status = find_link(options, link, sizeof link, url, err);

    if (status == TRIVET_OK && options->opens) {
        status = open_link(link, err);
    } else if (status == TRIVET_OK && options->as_json) {
        cli_json_print(json_pack("{s:s, s:s}", "url", url, "link", link));
    } else if (status == TRIVET_OK) {
        cli_print("%s\n", link);
    }

    trivet_wipe(link, sizeof link);
    return status;
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    if (options->prints_openapi) {
        cli_openapi_print();
        return cli_finish_here(TRIVET_OK, &err);
    }

    return cli_finish_here(show(options, &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_console_command = {
    .name = "console",
    .summary = "print the link to the console, or open it",
    .doc = "Prints the link to the console of the gateway that \"trivet serve "
           "--console\" runs. Whoever has it gets in until the gateway ends: "
           "keep it to yourself.",
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
