/* SPDX-License-Identifier: Apache-2.0 */
/* use.c - trivet use: the context that is used where none is named */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/contexts.h"

static int
run(void *input)
{
    const struct cli_words *words = input;
    const char *name = words->at[0];
    char path[CLI_MAX_CONTEXT_PATH];
    struct trivet_error err;

    if (strchr(name, '/') == NULL
        && cli_context_path(name, false, path, &err) == TRIVET_OK
        && trivet_file_is_missing(path))
    {
        return cli_complain(CLI_NOT_LOGGED_IN,
            "there is no context %s: trivet login --context %s", name, name);
    }
    if (cli_context_use(name, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return CLI_OK;
}

const struct cli_command cli_use_command = {
    .name = "use",
    .summary = "choose the context to use",
    .doc = "Use the context NAME when --context is not given.",
    .arguments = {"NAME", 1, 1, 0, NULL},
    .input_size = sizeof(struct cli_words),
    .run = run,
};
