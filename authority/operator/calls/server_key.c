/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - the server's keys: list, rotate, whom it hurts, retire */
#include "authority/operator/calls/calls.h"

#include "authority/operator/json.h"
#include "authority/operator/nginx_path.h"
#include "authority/operator/rotation.h"
#include "core/limits.h"
#include "crypto/key.h"

static const char *const states[] = {
    "CURRENT", "SERVING", "ELSEWHERE", "RETIRED", NULL};

static const char *const told_words[] = {
    [TRIVET_TOLD_NONE_KNOWN] = "none known",
    [TRIVET_TOLD_NOT_RUNNING] = "not running",
    [TRIVET_TOLD_RELOADED] = "reloaded",
    NULL,
};

const struct trivet_operator_field trivet_server_key_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "status",
        .type = TRIVET_TYPE_WORD,
        .words = states,
        .meaning = "CURRENT: given to new installations"},
    {.name = "where",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_LOCATION,
        .meaning = "its file or URI; -: not known here"},
    {.name = "installations",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "how many were given it"},
    {.name = "alive",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "how many of these have a session that may be used"},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = "retired", .type = TRIVET_TYPE_MOMENT, .is_optional = true},
    {.name = NULL},
};

const struct trivet_operator_field trivet_server_key_use_fields[] = {
    {.name = "installation_id", .type = TRIVET_TYPE_ID},
    {.name = "user_id", .type = TRIVET_TYPE_ID, .is_optional = true},
    {.name = "user",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_NAME},
    {.name = "device_id", .type = TRIVET_TYPE_ID, .is_optional = true},
    {.name = "description",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_DESCRIPTION},
    {.name = "sessions",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "that may be used"},
    {.name = "ip", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_ADDRESS_TEXT},
    {.name = "installed", .type = TRIVET_TYPE_MOMENT},
    {.name = NULL},
};

const struct trivet_operator_field trivet_rotated_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "where", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_LOCATION},
    {.name = "gateway",
        .type = TRIVET_TYPE_WORD,
        .words = told_words,
        .meaning = "what became of the gateway that had to be told"},
    {.name = "old_id",
        .type = TRIVET_TYPE_ID,
        .is_optional = true,
        .meaning = "the key that was current until then"},
    {.name = "old_installations",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "that go on with it"},
    {.name = NULL},
};

static const char *
state_of(const struct trivet_server_key_row *row)
{
    if (row->retired_us != 0) {
        return "RETIRED";
    }
    if (row->is_current) {
        return "CURRENT";
    }

    return row->location[0] == '\0' ? "ELSEWHERE" : "SERVING";
}

static void
add_key(void *operation, const struct trivet_server_key_row *row)
{
    const char *where = row->location[0] == '\0' ? "-" : row->location;

    trivet_operation_push(
        operation, json_pack("{s:I, s:s, s:o, s:I, s:I, s:o, s:o}", "id",
                       (json_int_t) row->id, "status", state_of(row), "where",
                       trivet_operator_json_text(where), "installations",
                       (json_int_t) row->num_installations, "alive",
                       (json_int_t) row->num_alive, "created",
                       trivet_json_moment(row->created_us), "retired",
                       trivet_json_moment(row->retired_us)));
}

enum trivet_status
trivet_operator_server_key_list(struct trivet_operation *operation)
{
    return trivet_operation_check(
        operation, trivet_store_server_key_list(operation->store,
                       operation->now_us, add_key, operation, operation->err));
}

/* ---- rotating ---------------------------------------------------------- */

/* NULL: a new one is to be made. */
static enum trivet_status
take_location(struct trivet_operation *operation, const char **out)
{
    const char *text = trivet_operation_text(operation, "location");
    bool is_uri = trivet_private_key_is_uri(text);

    *out = NULL;
    if (!trivet_operation_has(operation, "location")) {
        return TRIVET_OK;
    }

    if (is_uri ? !trivet_nginx_accepts_uri(text)
               : text[0] != '/' || !trivet_nginx_accepts_path(text))
    {
        return trivet_error_set(operation->err, TRIVET_E_USAGE,
            "server_key.rotate",
            "location: a path from the root or a URI, and nothing that "
            "nginx.conf cannot take");
    }

    *out = text;
    return TRIVET_OK;
}

enum trivet_status
trivet_operator_server_key_rotate(struct trivet_operation *operation)
{
    struct trivet_rotation rotation = {.old.id = 0};
    const char *location;

    TRIVET_TRY(take_location(operation, &location));
    TRIVET_TRY(
        trivet_operator_rotate_server_key(operation->store, operation->place,
            location, operation->now_us, &rotation, operation->err));

    return trivet_operation_add(operation,
        json_pack("{s:I, s:o, s:s, s:o, s:I}", "id", (json_int_t) rotation.id,
            "where", trivet_operator_json_text(rotation.location), "gateway",
            told_words[rotation.told], "old_id",
            trivet_operator_json_id(rotation.old.id), "old_installations",
            (json_int_t) rotation.old.num_installations));
}

/* ---- retiring ---------------------------------------------------------- */

/* value, which it takes over; null where there is no device-server yet. */
static json_t *
of_device(const struct trivet_server_key_use *row, json_t *value)
{
    if (row->device_id != 0) {
        return value;
    }

    json_decref(value);
    return json_null();
}

static void
add_use(void *operation, const struct trivet_server_key_use *row)
{
    trivet_operation_push(operation,
        json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "installation_id",
            (json_int_t) row->installation_id, "user_id",
            of_device(row, json_integer(row->user_id)), "user",
            of_device(row, trivet_operator_json_text(row->user_name)),
            "device_id", trivet_operator_json_id(row->device_id), "description",
            of_device(row, trivet_operator_json_text(row->description)),
            "sessions", (json_int_t) row->num_sessions, "ip",
            trivet_operator_json_address(&row->address), "installed",
            trivet_json_moment(row->installed_us)));
}

enum trivet_status
trivet_operator_server_key_uses(struct trivet_operation *operation)
{
    return trivet_operation_check(
        operation, trivet_store_server_key_use_list(operation->store,
                       trivet_operation_integer(operation, "id"),
                       operation->now_us, add_use, operation, operation->err));
}

/* Refused because it would hurt somebody: the rows are whom. */
enum trivet_status
trivet_operator_server_key_retire(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");
    enum trivet_operator_told told = TRIVET_TOLD_NONE_KNOWN;

    TRIVET_TRY(trivet_operator_retire_and_reload(operation->store,
        operation->place, id, trivet_operation_flag(operation, "is_forced"),
        operation->now_us, add_use, operation, &told, operation->err));

    return trivet_operation_add(
        operation, json_pack("{s:I, s:s}", "id", (json_int_t) id, "gateway",
                       told_words[told]));
}
