/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - users: list, create, auto-logout, end their sessions */
#include <string.h>

#include "authority/operator/calls/calls.h"
#include "authority/operator/json.h"
#include "authority/operator/session.h"
#include "authority/operator/user.h"
#include "authority/operator/whole.h"
#include "store/noun/user.h"
#include "store/search.h"

static const char *const kinds[] = {
    [TRIVET_USER_PERSON] = "person",
    [TRIVET_USER_COMPANY] = "company",
    [TRIVET_USER_PSP] = "psp",
    [TRIVET_USER_API_KEY] = "api-key",
    [TRIVET_NUM_USER_KINDS] = NULL,
};

const struct trivet_operator_field trivet_user_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "kind",
        .type = TRIVET_TYPE_WORD,
        .words = kinds,
        .meaning = "api-key: an access by OAuth"},
    {.name = "name", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "auto_logout",
        .type = TRIVET_TYPE_INTEGER,
        .min = TRIVET_MIN_SESSION_TIMEOUT_S,
        .max = TRIVET_MAX_SESSION_TIMEOUT_S,
        .meaning = "how long sessions are valid, in seconds"},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = NULL},
};

static void
add_user(void *operation, const struct trivet_user *row)
{
    trivet_operation_push(
        operation, json_pack("{s:I, s:s, s:o, s:I, s:o}", "id",
                       (json_int_t) row->id, "kind", kinds[row->kind], "name",
                       trivet_operator_json_text(row->display_name),
                       "auto_logout", (json_int_t) row->session_timeout_s,
                       "created", trivet_json_moment(row->created_us)));
}

enum trivet_status
trivet_operator_user_list(struct trivet_operation *operation)
{
    const struct trivet_search search = {
        .text = trivet_operation_text(operation, "q"),
        .page = operation->page,
    };
    enum trivet_status status;

    if (operation->page == NULL) {
        status = trivet_store_user_list(
            operation->store, add_user, operation, operation->err);
    } else {
        status = trivet_store_user_search(
            operation->store, &search, add_user, operation, operation->err);
    }

    return trivet_operation_check(operation, status);
}

/* ---- making ------------------------------------------------------------ */

static enum trivet_status
complain(struct trivet_operation *operation, const char *what)
{
    return trivet_error_set(
        operation->err, TRIVET_E_USAGE, "user.create", "%s", what);
}

static enum trivet_user_kind
read_kind(const struct trivet_operation *operation)
{
    const char *kind = trivet_operation_text(operation, "kind");

    for (int i = 0; i < TRIVET_NUM_USER_KINDS; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return (enum trivet_user_kind) i;
        }
    }

    return TRIVET_USER_PERSON;
}

/* An access by OAuth has two users and no name. */
static enum trivet_status
make_access(struct trivet_operation *operation, struct trivet_user *out)
{
    if (!trivet_operation_has(operation, "granted_by")
        || !trivet_operation_has(operation, "requested_by"))
    {
        return complain(
            operation, "an api-key needs granted_by and requested_by");
    }
    if (trivet_operation_has(operation, "name")) {
        return complain(
            operation, "an api-key has the name of who requested it");
    }

    return trivet_operator_make_user_api_key(operation->store,
        trivet_operation_integer(operation, "requested_by"),
        trivet_operation_integer(operation, "granted_by"), operation->now_us,
        out, operation->err);
}

static enum trivet_status
make_named(struct trivet_operation *operation, enum trivet_user_kind kind,
    struct trivet_user *out)
{
    const char *name = trivet_operation_text(operation, "name");
    long long number;

    if (trivet_operation_has(operation, "granted_by")
        || trivet_operation_has(operation, "requested_by"))
    {
        return complain(
            operation, "granted_by and requested_by are of an api-key");
    }

    /* Others take a name or an id: they must not be confused. */
    if (trivet_slice_to_id(trivet_slice_text(name), &number)) {
        return complain(
            operation, "a name must not be a number: a number is an id");
    }

    return trivet_operator_make_user(
        operation->store, name, kind, operation->now_us, out, operation->err);
}

static enum trivet_status
create(struct trivet_operation *operation)
{
    enum trivet_user_kind kind = read_kind(operation);
    struct trivet_user user;

    if (kind == TRIVET_USER_API_KEY) {
        TRIVET_TRY(make_access(operation, &user));
    } else {
        TRIVET_TRY(make_named(operation, kind, &user));
    }

    add_user(operation, &user);
    return trivet_operation_check(operation, TRIVET_OK);
}

enum trivet_status
trivet_operator_user_create(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, create);
}

/* ---- changing ---------------------------------------------------------- */

static enum trivet_status
set_auto_logout(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");
    struct trivet_user user;

    TRIVET_TRY(trivet_operator_set_auto_logout(operation->store, id,
        trivet_operation_integer(operation, "auto_logout"), operation->now_us,
        operation->err));
    TRIVET_TRY(
        trivet_store_user_get(operation->store, id, &user, operation->err));

    add_user(operation, &user);
    return trivet_operation_check(operation, TRIVET_OK);
}

enum trivet_status
trivet_operator_user_auto_logout(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, set_auto_logout);
}

static enum trivet_status
end_sessions(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");
    int64_t num;

    TRIVET_TRY(trivet_operator_end_sessions(
        operation->store, id, operation->now_us, &num, operation->err));

    return trivet_operation_add(
        operation, json_pack("{s:I, s:I}", "id", (json_int_t) id, "ended",
                       (json_int_t) num));
}

enum trivet_status
trivet_operator_user_end_sessions(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, end_sessions);
}
