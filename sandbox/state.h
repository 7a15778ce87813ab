/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the sandbox's own state: a clock that can be moved forward,
 * incidents
 *
 * One small file, mapped by each process that asks: what one writes, all others
 * see at their next look. It survives restarts and kill -9. Nothing but a
 * sandbox maps it; it is what makes a data directory one whose time can be
 * moved.
 *
 * A file that was cut short says nothing: the clock is the true one, and
 * nothing is on. Only who looks at the very moment it is cut is ended by that
 * (SIGBUS).
 *
 * Reading and writing are atomic: any thread, any process. Only opening and
 * closing block.
 */
#ifndef TRIVET_SANDBOX_STATE_H
#define TRIVET_SANDBOX_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/duration.h"
#include "sandbox/incidents.h"
#include "trivet/status.h"

enum {
    TRIVET_DEFAULT_SLOW_S = 5,
    TRIVET_MAX_SLOW_S = 300,
    TRIVET_MAX_CLOCK_OFFSET_S = TRIVET_MAX_DURATION_S
};

struct trivet_sandbox;

/* Makes the file (0600) when there is none: whole or not at all. What is there
 * already is left as it is. */
TRIVET_MUST_USE enum trivet_status trivet_sandbox_create(
    const char *path, struct trivet_error *err);

/*
 * Maps the file. *out is owned: trivet_sandbox_close. One that was mapped to
 * be read must not be given to the functions that write.
 *
 * TRIVET_E_NOT_FOUND  there is none.
 * TRIVET_E_USAGE      not a file of this kind, damaged, another user's, a link,
 *                     or one that others may read or write.
 */
TRIVET_MUST_USE enum trivet_status trivet_sandbox_open(const char *path,
    bool is_to_be_written, struct trivet_sandbox **out,
    struct trivet_error *err);
/* What was written is on disk then. NULL does nothing. */
void trivet_sandbox_close(struct trivet_sandbox *sandbox);

/* How far the clock is ahead: 0 to TRIVET_MAX_CLOCK_OFFSET_S, whatever is in
 * the file. */
int64_t trivet_sandbox_offset_us(const struct trivet_sandbox *sandbox);
/* TRIVET_E_LIMIT when it would be too far in all. */
TRIVET_MUST_USE enum trivet_status trivet_sandbox_check_advance(
    const struct trivet_sandbox *sandbox, int64_t seconds,
    struct trivet_error *err);
/* The same, and nothing changed then. */
TRIVET_MUST_USE enum trivet_status trivet_sandbox_advance(
    struct trivet_sandbox *sandbox, int64_t seconds, struct trivet_error *err);
void trivet_sandbox_reset_clock(struct trivet_sandbox *sandbox);

bool trivet_sandbox_has(
    const struct trivet_sandbox *sandbox, enum trivet_incident incident);
void trivet_sandbox_set(
    struct trivet_sandbox *sandbox, enum trivet_incident incident, bool is_on);

/* Of TRIVET_INCIDENT_SLOW: 1 to TRIVET_MAX_SLOW_S. */
int64_t trivet_sandbox_slow_s(const struct trivet_sandbox *sandbox);
void trivet_sandbox_set_slow_s(struct trivet_sandbox *sandbox, int64_t seconds);

/* Of TRIVET_INCIDENT_SESSION_DIES: the last session that was open when it was
 * switched on. 0 while it is off. */
int64_t trivet_sandbox_last_session_to_end(
    const struct trivet_sandbox *sandbox);
void trivet_sandbox_set_last_session_to_end(
    struct trivet_sandbox *sandbox, int64_t id);

/* Of TRIVET_INCIDENT_SANDBOX_RESET: whether there was an installation, or an
 * API key, of that id when it was switched on. False while it is off. */
bool trivet_sandbox_has_lost_installation(
    const struct trivet_sandbox *sandbox, int64_t id);
bool trivet_sandbox_has_lost_api_key(
    const struct trivet_sandbox *sandbox, int64_t id);
/* The last of each. */
void trivet_sandbox_set_lost(struct trivet_sandbox *sandbox,
    int64_t installation_id, int64_t api_key_id);

#endif
