/* SPDX-License-Identifier: Apache-2.0 */
/* record_session.c - "session_context" of a context file */
#define _DEFAULT_SOURCE /* timegm */
#include "client/record_session.h"

#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "client/record_field.h"
#include "core/json_tree.h"

/* The field of each type of user, in the two spellings of the SDKs. */
static const struct {
    const char *type;
    const char *snake;
    const char *camel;
} user_keys[TRIVET_NUM_USER_TYPES] = {
    {"UserCompany", "user_company", "userCompany"},
    {"UserPerson", "user_person", "userPerson"},
    {"UserPaymentServiceProvider", "user_payment_service_provider",
        "userPaymentServiceProvider"},
    {"UserApiKey", "user_api_key", "userApiKey"},
};

/* text = YYYY-MM-DD hh:mm:ss[.fraction] in the local zone */
static bool
parse_local(const char *text, int64_t *out_us)
{
    int64_t us;
    time_t seconds;
    struct tm local;

    if (trivet_timestamp_parse(trivet_slice_text(text), &us) != TRIVET_OK) {
        return false;
    }

    /* The numbers were read as UTC; now they are read as local time. */
    seconds = (time_t) (us / TRIVET_US_PER_S);
    (void) gmtime_r(&seconds, &local);
    local.tm_isdst = -1;
    seconds = mktime(&local);
    *out_us = (int64_t) seconds * TRIVET_US_PER_S;

    return true;
}

static void
format_local(int64_t at_us, char out[TRIVET_TIMESTAMP_SIZE])
{
    time_t seconds = (time_t) (at_us / TRIVET_US_PER_S);
    struct tm local;

    (void) localtime_r(&seconds, &local);
    trivet_timestamp_format((int64_t) timegm(&local) * TRIVET_US_PER_S, out);
}

static void
read_holder(const json_t *object, struct trivet_holder *out)
{
    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        const json_t *user = json_object_get(object, user_keys[i].snake);

        if (user == NULL) {
            user = json_object_get(object, user_keys[i].camel);
        }
        if (user != NULL && trivet_holder_read(user_keys[i].type, user, out)) {
            return;
        }
    }

    /* Files from before 2020-09 have the id alone. */
    out->id = json_integer_value(json_object_get(object, "user_id"));
    out->session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S;
}

enum trivet_status
trivet_record_read_session(
    const json_t *object, struct trivet_record *out, struct trivet_error *err)
{
    const char *expiry =
        json_string_value(json_object_get(object, "expiry_time"));

    if (object == NULL || json_is_null(object)) {
        return TRIVET_OK;
    }
    if (!json_is_object(object)
        || !trivet_field_get_secret(object, "token", &out->session_token))
    {
        return trivet_field_refuse(err, "session_context.token");
    }
    if (out->session_token.len == 0) {
        return TRIVET_OK;
    }
    if (expiry == NULL || !parse_local(expiry, &out->session_expires_us)) {
        return trivet_field_refuse(err, "expiry_time");
    }

    read_holder(object, &out->holder);
    out->has_device = true; /* or there would be no session */

    return TRIVET_OK;
}

/* The fewest fields with which every SDK loads the file. */
static json_t *
format_holder(const struct trivet_holder *holder)
{
    json_t *inner;

    if (holder->requester_type[0] == '\0') {
        return json_pack("{s:I, s:s, s:I}", "id", (json_int_t) holder->id,
            "display_name", holder->name, "session_timeout",
            (json_int_t) holder->session_timeout_s);
    }

    inner = json_pack("{s:I, s:s, s:I}", "id",
        (json_int_t) holder->requester_id, "display_name", holder->name,
        "session_timeout", (json_int_t) holder->session_timeout_s);

    return json_pack("{s:I, s:{s:o}}", "id", (json_int_t) holder->id,
        "requested_by_user", holder->requester_type, inner);
}

json_t *
trivet_record_format_session(const struct trivet_record *record)
{
    char expiry[TRIVET_TIMESTAMP_SIZE];
    json_t *session = json_object();

    format_local(record->session_expires_us, expiry);
    trivet_field_put_secret(&session, "token", &record->session_token);
    trivet_field_put_text(&session, "expiry_time", expiry);
    trivet_json_put(
        &session, "user_id", json_integer((json_int_t) record->holder.id));

    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        if (strcmp(record->holder.type, user_keys[i].type) == 0) {
            trivet_json_put(
                &session, user_keys[i].snake, format_holder(&record->holder));
            trivet_json_put(
                &session, user_keys[i].camel, format_holder(&record->holder));
        }
    }

    return session;
}
