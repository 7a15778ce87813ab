/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - the steps to a session
 *
 *   key pair -> installation -> device-server -> session-server
 *
 * Blocks: yes.
 */
#ifndef TRIVET_CLIENT_SESSION_H
#define TRIVET_CLIENT_SESSION_H

#include "base/secret.h"
#include "client/context.h"
#include "client/record.h"
#include "client/wire_answer.h"

/*
 * Makes sure that there is a session other than `ended` (NULL: any session that
 * is not about to expire): reads the one that another process opened, or runs
 * the steps that are missing. One caller at a time, across threads and
 * processes.
 */
TRIVET_MUST_USE enum trivet_status trivet_session_ensure(
    struct trivet_context *context, const struct trivet_secret *ended,
    struct trivet_error *err);

/* The steps up to the installation that are missing. The caller holds the
 * file's lock; what is done is in the file. */
TRIVET_MUST_USE enum trivet_status trivet_session_install(
    struct trivet_context *context, struct trivet_record *record,
    struct trivet_error *err);

/* The public half of the record's key, as the installation has it. */
TRIVET_MUST_USE enum trivet_status trivet_session_public_key(
    const struct trivet_record *record, char out[TRIVET_MAX_PUBLIC_KEY_TEXT],
    struct trivet_error *err);

/* POSTs body as the installation of record (or as nobody yet) and wants a 2xx.
 * out: trivet_wire_answer_release. */
TRIVET_MUST_USE enum trivet_status trivet_session_post(
    struct trivet_context *context, struct trivet_record *record,
    const char *path, const struct trivet_buffer *body,
    struct trivet_wire_answer *out, struct trivet_error *err);

/* Whether there is no session, or it expires within 30 s (a quarter of a
 * time-out below 2 min) by the local clock. Blocks: no. */
bool trivet_session_is_over(const struct trivet_record *record, int64_t now_us);

/* Whether the key that the server shows is to be pinned before anything is sent
 * (TRIVET_OPEN_PIN_ON_FIRST_USE). Blocks: no. */
bool trivet_session_wants_first_pin(
    const struct trivet_settings *settings, const struct trivet_record *record);

#endif
