/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint.h - commands in error texts, for the context that is meant
 *
 * "trivet login --new" in a text helps with the default context alone. Where
 * another one is used, it is shown as "trivet login --context work --new", so
 * that it can be pasted as it stands.
 */
#ifndef TRIVET_CLI_HINT_H
#define TRIVET_CLI_HINT_H

#include <stddef.h>

/* The context that is used: a name or a path, as --context has it; NULL: the
 * current one. Without a call no text is changed. */
void cli_hint_use(const char *context);

/* text with its commands for that context, cut to fit. */
void cli_hint_expand(const char *text, char *out, size_t size);

#endif
