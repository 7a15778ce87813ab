/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what the client commands share: options, opening, telling
 */
#ifndef TRIVET_CLI_CLIENT_COMMON_H
#define TRIVET_CLI_CLIENT_COMMON_H

#include <argp.h>
#include <stdio.h>

#include "base/buffer.h"
#include "cli/contexts.h"
#include "cli/command.h"
#include "cli/output.h"
#include "trivet/client.h"

/* Filled by cli_client_argp, the child parser of every client command. Set
 * `pins_given` and the rest to zero, options to its initialiser before. */
struct cli_client {
    struct trivet_context_options options;
    const char *context;
    struct trivet_pin pins[TRIVET_MAX_PINS];
    bool is_quiet;
    bool is_verbose;
    bool tells_steps; /* a login: even when nobody watches */
    char path[CLI_MAX_CONTEXT_PATH];
};

#define CLI_CLIENT_INIT                                                        \
    {                                                                          \
        .options = TRIVET_CONTEXT_OPTIONS_INIT                                 \
    }

extern const struct argp cli_client_argp;

/* Sets a child's input in a command's own parser: call it for ARGP_KEY_INIT. */
void cli_client_start(struct cli_client *client, struct argp_state *state);

/*
 * Opens the context that was asked for with what was asked for (flags come on
 * top). Failing, it says why on stderr and gives the exit number.
 */
int cli_client_open(
    struct cli_client *client, unsigned flags, struct trivet_context **out);

/* Works out client->path and options.file. */
int cli_client_locate(struct cli_client *client, bool makes_folders);

/* The same for a context that must be there: else it says so, and gives
 * CLI_NOT_LOGGED_IN. */
int cli_client_find(struct cli_client *client);

/* What --env says: sandbox or production. */
void cli_set_environment(struct trivet_context_options *to, const char *name,
    struct argp_state *state);

/* A number between min and max; else it is a wrong usage of `option`. */
long long cli_read_number(const char *text, long long min, long long max,
    const char *option, struct argp_state *state);

/* "trivet: ..." on stderr; returns number. */
int cli_complain(int number, const char *format, ...) TRIVET_PRINTF(2, 3);

/* The number for a server's answer: CLI_OK for a 2xx. */
int cli_exit_of_answer(unsigned http_status);

/* Says what the server answered instead of a 2xx; returns its exit number. */
int cli_refused(const struct trivet_answer *answer);

/* Makes a call and wants a 2xx: else it says why and gives the number. */
int cli_call(struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out);

/* Whether colours may be used on that stream. */
bool cli_has_colour(FILE *stream);

/* Reads "-" (stdin) or a file whole. Says why not, and gives the number. */
int cli_read_input(const char *name, struct trivet_buffer *out);

/* The same for what is sent or signed, which may be longer. */
int cli_read_body(const char *name, struct trivet_buffer *out);

#endif
