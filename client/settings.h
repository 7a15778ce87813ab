/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h - the options of a context, checked and copied
 *
 * Not changed after they were made, but for the throttle, which has a lock of
 * its own: shared by all threads.
 */
#ifndef TRIVET_CLIENT_SETTINGS_H
#define TRIVET_CLIENT_SETTINGS_H

#include "client/record.h"
#include "client/throttle.h"
#include "trivet/client.h"

enum {
    TRIVET_DEFAULT_CONNECT_TIMEOUT_S = 10,
    TRIVET_DEFAULT_TIMEOUT_S = 30,
    TRIVET_DEFAULT_MAX_WAIT_S = 60
};

struct trivet_settings {
    unsigned flags;
    char file[TRIVET_MAX_PATH];
    char lock_file[TRIVET_MAX_PATH + 16];
    struct trivet_throttle *throttle; /* NULL without a file */

    /* "" or unset: what the file says */
    enum trivet_environment environment;
    char base_url[TRIVET_MAX_URL];
    struct trivet_secret api_key;
    char description[TRIVET_MAX_NAME];
    char ca_file[TRIVET_MAX_PATH];
    char proxy[TRIVET_MAX_URL];
    struct trivet_pin_set pins;

    char **permitted_ips;
    size_t num_permitted_ips;
    int connect_timeout_s;
    int timeout_s;
    int max_wait_s;
    trivet_event_fn on_event;
    void *event_arg;
};

/* Owned: free it. needs_file: options->file must be given.
 * TRIVET_E_USAGE  err names the option.
 * Blocks: as the file system does. */
TRIVET_MUST_USE enum trivet_status trivet_settings_new(
    const struct trivet_context_options *options, bool needs_file,
    struct trivet_settings **out, struct trivet_error *err);
void trivet_settings_free(struct trivet_settings *settings); /* wipes */

/*
 * Applies the settings to the record of the file (zeroed: there is no file).
 *
 * TRIVET_E_CONFLICT  the file holds another API key or environment.
 */
TRIVET_MUST_USE enum trivet_status trivet_settings_apply(
    const struct trivet_settings *settings, struct trivet_record *record,
    struct trivet_error *err);

/* Reports an event to the caller's function, if there is one. */
void trivet_tell(const struct trivet_settings *settings,
    enum trivet_event_kind kind, double seconds, const char *format, ...)
    TRIVET_PRINTF(4, 5);

/* Whether pins were given that no announcement replaces. Blocks: no. */
bool trivet_settings_keep_pins(const struct trivet_settings *settings);

#endif
