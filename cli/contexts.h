/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contexts.h - contexts by name
 *
 *   folder = $TRIVET_CONFIG_DIR, or $XDG_CONFIG_HOME/trivet,
 *            or $HOME/.config/trivet
 *   file   = folder "/contexts/" NAME ".json"
 *   name   = --context, or $TRIVET_CONTEXT, or what `trivet use` chose,
 *            or "default". One with a "/" in it is the path of a file.
 */
#ifndef TRIVET_CLI_CONTEXTS_H
#define TRIVET_CLI_CONTEXTS_H

#include <stdbool.h>

#include "trivet/status.h"

enum { CLI_MAX_CONTEXT_PATH = 1024, CLI_MAX_CONTEXT_NAME = 64 };

/* given may be NULL. The path of that context's file; its folders are made
 * (0700) when makes_folders. */
TRIVET_MUST_USE enum trivet_status cli_context_path(const char *given,
    bool makes_folders, char out[CLI_MAX_CONTEXT_PATH],
    struct trivet_error *err);

/* The name that is used when none is given. */
void cli_context_current(char out[CLI_MAX_CONTEXT_NAME]);

/* Makes name the current one. */
TRIVET_MUST_USE enum trivet_status cli_context_use(
    const char *name, struct trivet_error *err);

/* The folder that the files are in. */
TRIVET_MUST_USE enum trivet_status cli_context_folder(
    char out[CLI_MAX_CONTEXT_PATH], struct trivet_error *err);

/* For commands that work on a store and on a context alike: --context says a
 * context; --data, --store and $TRIVET_DATA say a store; else a context when
 * there is one. */
bool cli_context_is_meant(int argc, char **argv);

#endif
