/* SPDX-License-Identifier: Apache-2.0 */
/* hint.c - commands in error texts, for the context that is meant */
#include "cli/hint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/contexts.h"

enum { MAX_OPTION = 4 * CLI_MAX_CONTEXT_PATH + 32 };

/* " --context NAME", or "". */
static char option[MAX_OPTION];

/* The commands on a context that texts of trivet name. */
static const char *const commands[] = {"trivet login", "trivet logout",
    "trivet doctor", "trivet forget", "trivet pins learn", "trivet ip add",
    "trivet ip list"};

struct target {
    char *at;
    size_t room; /* with the NUL */
};

static void
put(struct target *to, const char *text, size_t len)
{
    if (len >= to->room) {
        len = to->room - 1;
    }

    memcpy(to->at, text, len);
    to->at += len;
    to->at[0] = '\0';
    to->room -= len;
}

/* A word as a shell takes it. */
static void
put_quoted(struct target *to, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+@:";

    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        put(to, word, strlen(word));
        return;
    }

    put(to, "'", 1);
    for (; word[0] != '\0'; word++) {
        if (word[0] == '\'') {
            put(to, "'\\''", 4);
        } else {
            put(to, word, 1);
        }
    }
    put(to, "'", 1);
}

void
cli_hint_use(const char *context)
{
    char name[CLI_MAX_CONTEXT_NAME];
    struct target to = {option, sizeof option};
    const char *variable = getenv("TRIVET_CONTEXT");

    option[0] = '\0';
    if (context == NULL && variable != NULL && variable[0] != '\0') {
        context = variable;
    }
    if (context == NULL) {
        cli_context_current(name);
        if (strcmp(name, "default") == 0) {
            return;
        }
        context = name;
    }

    put(&to, " --context ", strlen(" --context "));
    put_quoted(&to, context);
}

/* How long the command at text is, 0: there is none. */
static size_t
command_at(const char *text)
{
    static const char more[] = "abcdefghijklmnopqrstuvwxyz";

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t len = strlen(commands[i]);

        if (strncmp(text, commands[i], len) == 0
            && (text[len] == '\0' || strchr(more, text[len]) == NULL)
            && strncmp(text + len, " --context", strlen(" --context")) != 0)
        {
            return len;
        }
    }

    return 0;
}

void
cli_hint_expand(const char *text, char *out, size_t size)
{
    struct target to = {out, size};
    bool is_needed = option[0] != '\0';

    out[0] = '\0';
    while (text[0] != '\0' && to.room > 1) {
        size_t len = is_needed ? command_at(text) : 0;

        if (len == 0) {
            put(&to, text, 1);
            text++;
            continue;
        }
        put(&to, text, len);
        put(&to, option, strlen(option));
        text += len;
    }
}
