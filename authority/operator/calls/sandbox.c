/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - a sandbox: its clock, its incidents, its users, reset */
#include <stdio.h>
#include <string.h>

#include "authority/operator/api_key.h"
#include "authority/operator/calls/calls.h"
#include "authority/operator/json.h"
#include "authority/operator/place.h"
#include "authority/operator/rotation.h"
#include "authority/operator/user.h"
#include "authority/operator/whole.h"
#include "base/timestamp.h"
#include "crypto/token.h"
#include "sandbox/state.h"
#include "store/noun/api_key.h"
#include "store/noun/audit.h"
#include "store/noun/installation.h"
#include "store/noun/reset.h"
#include "store/noun/session.h"

static const char *const states[] = {"off", "on", NULL};

const struct trivet_operator_field trivet_clock_fields[] = {
    {.name = "now", .type = TRIVET_TYPE_MOMENT},
    {.name = "offset_seconds",
        .type = TRIVET_TYPE_INTEGER,
        .max = TRIVET_MAX_CLOCK_OFFSET_S,
        .meaning = "how far it is ahead of the true time"},
    {.name = NULL},
};

const struct trivet_operator_field trivet_incident_fields[] = {
    {.name = "incident",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_AUDIT_WORD},
    {.name = "state", .type = TRIVET_TYPE_WORD, .words = states},
    {.name = "meaning", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "seconds",
        .type = TRIVET_TYPE_INTEGER,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_SLOW_S,
        .meaning = "of the incident slow: how long each answer waits"},
    {.name = NULL},
};

const struct trivet_operator_field trivet_reset_fields[] = {
    {.name = "reset", .type = TRIVET_TYPE_FLAG},
    {.name = NULL},
};

/* ---- what all do ------------------------------------------------------- */

/* The sandbox's state is no part of a transaction. So whatever changes it
 * prepares its rows, writes the audit's and then changes it, which cannot fail:
 * what cannot be told or audited is not done. */

typedef enum trivet_status (*work_fn)(
    struct trivet_operation *operation, struct trivet_sandbox *sandbox);

static enum trivet_status
with_sandbox(struct trivet_operation *operation, bool is_change, work_fn work)
{
    struct trivet_sandbox *sandbox;
    enum trivet_status status;

    TRIVET_TRY(trivet_sandbox_open(
        operation->place->sandbox_path, is_change, &sandbox, operation->err));

    status = work(operation, sandbox);
    trivet_sandbox_close(sandbox);
    return status;
}

/* ---- the clock --------------------------------------------------------- */

static enum trivet_status
tell_clock(
    struct trivet_operation *operation, int64_t now_us, int64_t offset_us)
{
    return trivet_operation_add(operation,
        json_pack("{s:o, s:I}", "now", trivet_json_moment(now_us),
            "offset_seconds", (json_int_t) (offset_us / TRIVET_US_PER_S)));
}

static enum trivet_status
show_clock(struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    return tell_clock(
        operation, operation->now_us, trivet_sandbox_offset_us(sandbox));
}

static enum trivet_status
advance(struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    int64_t seconds = trivet_operation_integer(operation, "seconds");
    int64_t by_us = seconds * TRIVET_US_PER_S;
    char detail[TRIVET_MAX_AUDIT_DETAIL];

    TRIVET_TRY(trivet_sandbox_check_advance(sandbox, seconds, operation->err));

    (void) snprintf(detail, sizeof detail, "+%lld s", (long long) seconds);
    TRIVET_TRY(tell_clock(operation, operation->now_us + by_us,
        trivet_sandbox_offset_us(sandbox) + by_us));
    TRIVET_TRY(
        trivet_operation_audit(operation, TRIVET_AUDIT_CLOCK_MOVED, detail));

    return trivet_sandbox_advance(sandbox, seconds, operation->err);
}

static enum trivet_status
reset_clock(struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    int64_t offset_us = trivet_sandbox_offset_us(sandbox);

    TRIVET_TRY(tell_clock(operation, operation->now_us - offset_us, 0));
    TRIVET_TRY(
        trivet_operation_audit(operation, TRIVET_AUDIT_CLOCK_MOVED, "reset"));

    trivet_sandbox_reset_clock(sandbox);
    return TRIVET_OK;
}

enum trivet_status
trivet_operator_clock_show(struct trivet_operation *operation)
{
    return with_sandbox(operation, false, show_clock);
}

enum trivet_status
trivet_operator_clock_advance(struct trivet_operation *operation)
{
    return with_sandbox(operation, true, advance);
}

enum trivet_status
trivet_operator_clock_reset(struct trivet_operation *operation)
{
    return with_sandbox(operation, true, reset_clock);
}

/* ---- incidents --------------------------------------------------------- */

/* What is to be switched, and what goes with it. */
struct switching {
    enum trivet_incident wanted; /* TRIVET_NUM_INCIDENTS: all of them */
    bool is_on;
    int64_t slow_s;
    int64_t last_session;
    int64_t last_installation;
    int64_t last_key;
};

static bool
is_wanted(const struct switching *switching, enum trivet_incident incident)
{
    return switching->wanted == TRIVET_NUM_INCIDENTS
           || switching->wanted == incident;
}

static json_t *
incident_row(enum trivet_incident incident, bool is_on, int64_t slow_s)
{
    const struct trivet_incident_row *row = trivet_incident_row(incident);
    const char *meaning = row->meaning;
    json_t *seconds = json_null();
    char slow[64];

    if (incident == TRIVET_INCIDENT_SLOW) {
        (void) snprintf(
            slow, sizeof slow, "%s %lld s", row->meaning, (long long) slow_s);
        meaning = slow;
        seconds = json_integer(slow_s);
    }

    return json_pack("{s:s, s:s, s:s, s:o}", "incident", row->name, "state",
        states[is_on], "meaning", meaning, "seconds", seconds);
}

/* As they will be when that is switched; NULL: as they are. */
static enum trivet_status
tell_incidents(struct trivet_operation *operation,
    const struct trivet_sandbox *sandbox, const struct switching *switching)
{
    int64_t slow_s =
        switching == NULL ? trivet_sandbox_slow_s(sandbox) : switching->slow_s;

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        enum trivet_incident incident = (enum trivet_incident) i;
        bool is_on = trivet_sandbox_has(sandbox, incident);

        if (switching != NULL && is_wanted(switching, incident)) {
            is_on = switching->is_on;
        }
        TRIVET_TRY(trivet_operation_add(
            operation, incident_row(incident, is_on, slow_s)));
    }

    return TRIVET_OK;
}

static enum trivet_status
list_incidents(
    struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    return tell_incidents(operation, sandbox, NULL);
}

enum trivet_status
trivet_operator_incident_list(struct trivet_operation *operation)
{
    return with_sandbox(operation, false, list_incidents);
}

static void
keep_last_session(void *last, const struct trivet_session_row *row)
{
    *(int64_t *) last = row->session.id;
}

static void
keep_last_key(void *last, const struct trivet_api_key *row)
{
    *(int64_t *) last = row->id;
}

/* What is there now is lost; it is told by its numbers. */
static enum trivet_status
find_last(struct trivet_operation *operation, struct switching *switching)
{
    TRIVET_TRY(trivet_store_installation_last_id(
        operation->store, &switching->last_installation, operation->err));

    return trivet_store_api_key_list(
        operation->store, keep_last_key, &switching->last_key, operation->err);
}

/* What an incident needs before it is on. Sessions that are to die are told by
 * their numbers: clocks may be moved. */
static enum trivet_status
prepare(struct trivet_operation *operation, struct switching *switching)
{
    enum trivet_operator_told told;

    switch ((int) switching->wanted) {
    case TRIVET_INCIDENT_SESSION_DIES:
        return trivet_store_session_list(operation->store, keep_last_session,
            &switching->last_session, operation->err);

    case TRIVET_INCIDENT_SANDBOX_RESET:
        return find_last(operation, switching);

    case TRIVET_INCIDENT_SERVER_KEY_ROTATES:
        return trivet_operator_prepare_incident_key(
            operation->place, &told, operation->err);

    case TRIVET_INCIDENT_SLOW:
        switching->slow_s = TRIVET_DEFAULT_SLOW_S;
        if (trivet_operation_has(operation, "seconds")) {
            switching->slow_s = trivet_operation_integer(operation, "seconds");
        }
        return TRIVET_OK;

    default:
        return TRIVET_OK;
    }
}

/* What goes with an incident that is on. */
static void
set_details(const struct switching *switching, struct trivet_sandbox *sandbox)
{
    switch ((int) switching->wanted) {
    case TRIVET_INCIDENT_SESSION_DIES:
        trivet_sandbox_set_last_session_to_end(
            sandbox, switching->last_session);
        break;

    case TRIVET_INCIDENT_SANDBOX_RESET:
        trivet_sandbox_set_lost(
            sandbox, switching->last_installation, switching->last_key);
        break;

    case TRIVET_INCIDENT_SLOW:
        trivet_sandbox_set_slow_s(sandbox, switching->slow_s);
        break;

    default:
        break;
    }
}

static void
apply(const struct switching *switching, struct trivet_sandbox *sandbox)
{
    if (switching->is_on) {
        set_details(switching, sandbox);
    }

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        enum trivet_incident incident = (enum trivet_incident) i;

        if (is_wanted(switching, incident)) {
            trivet_sandbox_set(sandbox, incident, switching->is_on);
        }
    }
}

static enum trivet_status
read_switching(const struct trivet_operation *operation, struct switching *out)
{
    const char *name = trivet_operation_text(operation, "incident");

    out->wanted = TRIVET_NUM_INCIDENTS;
    out->is_on = strcmp(trivet_operation_text(operation, "state"), "on") == 0;
    if (strcmp(name, "all") != 0
        && !trivet_incident_find(trivet_slice_text(name), &out->wanted))
    {
        return trivet_error_set(operation->err, TRIVET_E_USAGE, "incident",
            "%s: no such incident; \"trivet incident\" lists them", name);
    }
    if (out->wanted == TRIVET_NUM_INCIDENTS && out->is_on) {
        return trivet_error_set(operation->err, TRIVET_E_USAGE, "incident",
            "all of them can only be switched off");
    }
    if (trivet_operation_has(operation, "seconds")
        && (out->wanted != TRIVET_INCIDENT_SLOW || !out->is_on))
    {
        return trivet_error_set(operation->err, TRIVET_E_USAGE, "incident",
            "seconds go with \"slow on\"");
    }

    return TRIVET_OK;
}

static enum trivet_status
set_incident(struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    struct switching switching = {.slow_s = trivet_sandbox_slow_s(sandbox)};
    char detail[TRIVET_MAX_AUDIT_DETAIL];

    TRIVET_TRY(read_switching(operation, &switching));
    if (switching.is_on) {
        TRIVET_TRY(prepare(operation, &switching));
    }
    TRIVET_TRY(tell_incidents(operation, sandbox, &switching));

    (void) snprintf(detail, sizeof detail, "%s %s",
        trivet_operation_text(operation, "incident"),
        trivet_operation_text(operation, "state"));
    TRIVET_TRY(trivet_operation_audit(
        operation, TRIVET_AUDIT_INCIDENT_SWITCHED, detail));

    apply(&switching, sandbox);
    return TRIVET_OK;
}

enum trivet_status
trivet_operator_incident_set(struct trivet_operation *operation)
{
    return with_sandbox(operation, true, set_incident);
}

/* ---- reset ------------------------------------------------------------- */

static enum trivet_status
reset(struct trivet_operation *operation, struct trivet_sandbox *sandbox)
{
    int64_t offset_us = trivet_sandbox_offset_us(sandbox);

    TRIVET_TRY(trivet_operation_add(operation, json_pack("{s:b}", "reset", 1)));
    TRIVET_TRY(trivet_store_reset(
        operation->store, operation->now_us - offset_us, operation->err));

    trivet_sandbox_reset_clock(sandbox);
    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        trivet_sandbox_set(sandbox, (enum trivet_incident) i, false);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_operator_sandbox_reset(struct trivet_operation *operation)
{
    return with_sandbox(operation, true, reset);
}

/* ---- users on one click ------------------------------------------------ */

static enum trivet_status
make(struct trivet_operation *operation, const char *name,
    enum trivet_user_kind kind, struct trivet_user *out)
{
    TRIVET_TRY(trivet_operator_make_user(
        operation->store, name, kind, operation->now_us, out, operation->err));

    return trivet_operator_set_auto_logout(operation->store, out->id,
        operation->place->session_timeout_s, operation->now_us, operation->err);
}

/* A company's app has asked a person for access, and the person granted it. */
static enum trivet_status
make_access(struct trivet_operation *operation, struct trivet_user *out)
{
    struct trivet_user requester;
    struct trivet_user granter;

    TRIVET_TRY(
        make(operation, "Sandbox Company", TRIVET_USER_COMPANY, &requester));
    TRIVET_TRY(make(operation, "Sandbox Person", TRIVET_USER_PERSON, &granter));

    return trivet_operator_make_user_api_key(operation->store, requester.id,
        granter.id, operation->now_us, out, operation->err);
}

static enum trivet_status
make_user(struct trivet_operation *operation, struct trivet_user *out)
{
    const char *kind = trivet_operation_text(operation, "kind");

    if (strcmp(kind, "api-key") == 0) {
        return make_access(operation, out);
    }

    return strcmp(kind, "company") == 0
               ? make(operation, "Sandbox Company", TRIVET_USER_COMPANY, out)
               : make(operation, "Sandbox Person", TRIVET_USER_PERSON, out);
}

static enum trivet_status
make_key(struct trivet_operation *operation, const struct trivet_user *user,
    const struct trivet_secret *secret)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    int64_t lifetime_s = operation->place->key_lifetime_s;
    const struct trivet_new_api_key made = {
        .user_id = user->id,
        .digest = digest,
        .label = "sandbox",
        .expires_us = operation->now_us + lifetime_s * TRIVET_US_PER_S,
    };
    int64_t id;

    TRIVET_TRY(trivet_token_digest(trivet_secret_slice(secret), digest));
    TRIVET_TRY(trivet_store_api_key_put(
        operation->store, &made, operation->now_us, &id, operation->err));

    return trivet_operation_add(
        operation, json_pack("{s:I, s:I, s:o, s:s, s:I}", "id", (json_int_t) id,
                       "user_id", (json_int_t) user->id, "user",
                       trivet_operator_json_text(user->display_name), "secret",
                       (const char *) secret->bytes, "expires_in",
                       (json_int_t) lifetime_s));
}

static enum trivet_status
make_user_with_key(struct trivet_operation *operation)
{
    struct trivet_secret secret;
    struct trivet_user user;
    enum trivet_status status;

    TRIVET_TRY(trivet_token_make_sandbox_key(&secret));

    status = make_user(operation, &user);
    if (status == TRIVET_OK) {
        status = make_key(operation, &user, &secret);
    }
    trivet_secret_wipe(&secret);

    return status;
}

enum trivet_status
trivet_operator_sandbox_user(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, make_user_with_key);
}
