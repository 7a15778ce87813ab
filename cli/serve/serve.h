/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - what the files of "trivet serve" share
 *
 * serve.c           prepares, runs and ends
 * serve_options.c   what was asked for
 * serve_check.c     what can be wrong before anything is made
 * serve_conf.c      nginx's configuration
 * serve_sandbox.c   in front of an API: what a sandbox left behind
 * serve_tls.c       the certificate: its making, its renewal
 * serve_ready.c     whether it answers, and what is said then
 * seed.c            users, API keys and devices that a file names
 */
#ifndef TRIVET_CLI_SERVE_SERVE_H
#define TRIVET_CLI_SERVE_SERVE_H

#include <sys/types.h>
#include <time.h>

#include "cli/serve/nginx_conf.h"
#include "cli/serve/nginx_run.h"
#include "cli/serve/options.h"
#include "cli/serve/seed.h"
#include "core/limits.h"
#include "sandbox/state.h"

/* Tells a file from the next one of that name. */
struct cli_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* What the options and the data directory come to. */
struct serving {
    const struct cli_serve_options *options;
    struct trivet_address address;
    char profile[CLI_MAX_PROFILE];
    char listen[TRIVET_MAX_ADDRESS_TEXT + 2]; /* IPv6 in brackets */
    unsigned port;
    bool is_sandbox;
    struct cli_seed seed; /* path NULL: none */
    struct cli_upstreams upstreams;
    char trusted[CLI_MAX_TRUSTED][CLI_MAX_NETWORK];

    char self[CLI_MAX_PATH];    /* this program */
    char program[CLI_MAX_PATH]; /* nginx */
    char module[CLI_MAX_PATH];

    char answers[TRIVET_MAX_ANSWER_DIRS][CLI_MAX_PATH]; /* absolute */
    char given_server_key[CLI_MAX_PATH];
    char given_cert[CLI_MAX_PATH];
    char given_key[CLI_MAX_PATH];
    char given_password[CLI_MAX_PATH];
    struct cli_file_stamp tls_taken[2]; /* certificate and key, as nginx has */
    struct cli_file_stamp tls_seen[2];  /* as they were a moment ago         */
    int tls_pause; /* ticks until a failed renewal is tried again */
    char dir[CLI_MAX_PATH];
    char log_dir[CLI_MAX_PATH];
    char log[CLI_MAX_PATH];
    char temporary[CLI_MAX_PATH];
    char conf[CLI_MAX_PATH];
    char next_conf[CLI_MAX_PATH]; /* to be tried before it takes its place */
    struct cli_server_keys server_keys;
    bool wants_reload;
    bool is_asked; /* by a command, which waits to hear how it went */
    char ca_cert[CLI_MAX_PATH];
    char ca_key[CLI_MAX_PATH];
    char tls_cert[CLI_MAX_PATH];
    char tls_key[CLI_MAX_PATH];
    char store_url[CLI_MAX_PATH];
    char sandbox_state[CLI_MAX_PATH];
    struct trivet_sandbox *sandbox; /* NULL: none */
};

/* ---- serve_check.c: nothing is made or changed ------------------------- */

/* The options, the files they name, where nginx and the module are, and the
 * names of all files of the data directory. TRIVET_E_USAGE says which is
 * wrong. */
TRIVET_MUST_USE enum trivet_status cli_serve_check(
    struct serving *s, struct trivet_error *err);

/* Takes the port for a moment: nginx would complain at length. Port 0 becomes
 * one that is free. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_port(
    struct serving *s, struct trivet_error *err);

/* A key file that others can read is refused, whoever made it. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_key_mode(
    const char *path, struct trivet_error *err);

/* ---- serve_conf.c ------------------------------------------------------ */

/* Where the keys of the data directory are, and of which store. */
struct cli_server_keys_home cli_serve_key_home(const struct serving *s);

/* Writes it whole or not at all. */
TRIVET_MUST_USE enum trivet_status cli_serve_write_conf(
    const struct serving *s, const char *path, struct trivet_error *err);

/* --print-config: shows it on standard output, as far as it is known while
 * nothing has been made. */
TRIVET_MUST_USE enum trivet_status cli_serve_print_conf(
    struct serving *s, struct trivet_error *err);

/* ---- serve_sandbox.c --------------------------------------------------- */

/* Says what --sandbox means in front of an API. */
void cli_serve_tell_sandbox(const struct serving *s);

/*
 * When the data directory was a sandbox's and is now put in front of an API:
 * ends all its sessions, which anybody could open, and revokes the API keys of
 * its payment service providers, whose certificates nobody verified. Says so on
 * stderr.
 */
TRIVET_MUST_USE enum trivet_status cli_serve_leave_sandbox(
    const struct serving *s, struct trivet_store *store,
    struct trivet_error *err);

/* ---- serve_tls.c ------------------------------------------------------- */

/* Makes the certificate of the data directory, and its CA, where there is none
 * that is good for a month; nothing when the operator gave one. */
TRIVET_MUST_USE enum trivet_status cli_serve_prepare_certificate(
    const struct serving *s, struct trivet_error *err);

/* That nginx can load the operator's key without asking for a password. */
TRIVET_MUST_USE enum trivet_status cli_serve_check_tls_key(
    const struct serving *s, struct trivet_error *err);

/* Notes which files nginx is about to read. */
void cli_serve_note_tls(struct serving *s);

/* Once a tick: whether nginx should be given another certificate. The
 * operator's has changed, and not again since the tick before; or our own is
 * about to end. */
bool cli_serve_tls_has_news(struct serving *s);

/* ---- serve_ready.c ----------------------------------------------------- */

/* Waits until the gateway truly answers; *out_event is CLI_NGINX_TIMEOUT then,
 * or CLI_NGINX_SIGNAL when we were told to end meanwhile. */
TRIVET_MUST_USE enum trivet_status cli_serve_wait_ready(struct serving *s,
    struct cli_nginx *nginx, enum cli_nginx_event *out_event,
    struct trivet_error *err);

/* The lines on standard output. */
void cli_serve_tell_ready(const struct serving *s);

#endif
