/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - a user, as the server shows it and the client reads it */
#include "core/message/user.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/json_tree.h"
#include "core/message/elements.h"
#include "core/message/list.h"
#include "core/message/text.h"

enum { MAX_TIMEOUT_S = 10 * 366 * 86400 };

const char *const trivet_user_types[TRIVET_NUM_USER_TYPES] = {
    "UserCompany", "UserPerson", "UserPaymentServiceProvider", "UserApiKey"};

/* ---- written ----------------------------------------------------------- */

/*
 * The names of a person, out of the one name that is kept: the first word is
 * the first name, the rest the last name.
 */
static void
add_person_names(json_t **object, const struct trivet_user *user)
{
    const char *name = user->display_name;
    size_t first_len = strcspn(name, " ");
    const char *last = name + first_len;

    if (*last == ' ') {
        last++;
    }

    trivet_json_put(object, "first_name", json_stringn(name, first_len));
    trivet_json_put(object, "middle_name", json_string(""));
    trivet_json_put(object, "last_name", json_string(last));
    trivet_json_put(object, "legal_name", json_string(name));
    trivet_json_put(object, "date_of_birth", json_string("1990-01-01"));
    trivet_json_put(object, "nationality", json_string("NL"));
}

static void
add_company_names(json_t **object, const struct trivet_user *user)
{
    trivet_json_put(object, "name", json_string(user->display_name));
    trivet_json_put(object, "legal_name", json_string(user->display_name));
}

static void
add_certificate_names(json_t **object, const struct trivet_user *user)
{
    trivet_json_put(object, "alias",
        json_pack("[{s:s, s:s, s:s}]", "type", "CERTIFICATE_DISTINGUISHED_NAME",
            "value", user->distinguished_name, "name", user->display_name));
    trivet_json_put(object, "certificate_distinguished_name",
        json_string(user->distinguished_name));
}

static const struct {
    const char *type; /* its names, if it has names of its own */
    void (*add_names)(json_t **object, const struct trivet_user *user);
} kinds[] = {
    [TRIVET_USER_PERSON] = {"UserPerson", add_person_names},
    [TRIVET_USER_COMPANY] = {"UserCompany", add_company_names},
    [TRIVET_USER_PSP] = {"UserPaymentServiceProvider", add_certificate_names},
    [TRIVET_USER_API_KEY] = {"UserApiKey", NULL},
};

/* SDKs read how long the session is from the user that asked for the access. */
static json_t *
party_element(
    const struct trivet_user_party *party, const struct trivet_user *user)
{
    return json_pack("{s:{s:I, s:s, s:s, s:s, s:{s:s, s:s, s:[]}, s:I}}",
        kinds[party->kind].type, "id", (json_int_t) party->id, "public_uuid",
        party->public_uuid, "display_name", party->display_name,
        "public_nick_name", party->display_name, "avatar", "uuid",
        party->public_uuid, "anchor_uuid", party->public_uuid, "image",
        "session_timeout", (json_int_t) user->session_timeout_s);
}

/* It has no name and no time of its own. */
static json_t *
api_key_element(const struct trivet_user *user)
{
    char created[TRIVET_TIMESTAMP_SIZE];
    char updated[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(user->created_us, created);
    trivet_timestamp_format(user->updated_us, updated);

    return json_pack("{s:{s:I, s:s, s:s, s:o, s:o}}", kinds[user->kind].type,
        "id", (json_int_t) user->id, "created", created, "updated", updated,
        "requested_by_user", party_element(&user->requested_by, user),
        "granted_by_user", party_element(&user->granted_by, user));
}

json_t *
trivet_user_element(const struct trivet_user *user)
{
    char created[TRIVET_TIMESTAMP_SIZE];
    char updated[TRIVET_TIMESTAMP_SIZE];
    json_t *object;

    if (user->kind == TRIVET_USER_API_KEY) {
        return api_key_element(user);
    }

    trivet_timestamp_format(user->created_us, created);
    trivet_timestamp_format(user->updated_us, updated);

    object = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:[], s:s, s:s, s:s,"
                       " s:s, s:I, s:{s:s, s:s}, s:[], s:[]}",
        "id", (json_int_t) user->id, "created", created, "updated", updated,
        "public_uuid", user->public_uuid, "display_name", user->display_name,
        "public_nick_name", user->display_name, "alias", "status", "ACTIVE",
        "sub_status", "NONE", "language", "en_US", "region", "nl_NL",
        "session_timeout", (json_int_t) user->session_timeout_s,
        "daily_limit_without_confirmation_login", "currency", "EUR", "value",
        "250.00", "notification_filters", "relations");
    kinds[user->kind].add_names(&object, user);

    return json_pack("{s:o}", kinds[user->kind].type, object);
}

struct trivet_buffer
trivet_user_answer_write(const struct trivet_user *user)
{
    return trivet_message_write_response(
        json_pack("[o]", trivet_user_element(user)));
}

void
trivet_list_add_user(struct trivet_list *list, const struct trivet_user *user)
{
    trivet_list_add(list, trivet_user_element(user));
}

/* ---- read -------------------------------------------------------------- */

/* What is no number of seconds says nothing: the session then lasts as long as
 * sessions do by default, or until a call is refused. */
static int64_t
read_timeout(const json_t *object)
{
    /* 0 for another type */
    double seconds =
        json_number_value(json_object_get(object, "session_timeout"));

    if (!(seconds >= (double) TRIVET_MIN_SESSION_TIMEOUT_S)) {
        return TRIVET_DEFAULT_SESSION_TIMEOUT_S;
    }

    return seconds > (double) MAX_TIMEOUT_S ? MAX_TIMEOUT_S : (int64_t) seconds;
}

static void
read_name(const json_t *object, struct trivet_holder *out)
{
    (void) trivet_elements_copy_text(
        json_object_get(object, "display_name"), out->name, sizeof out->name);
}

/* On whose behalf a UserApiKey acts; the timeout is that user's. */
static void
read_requester(const json_t *object, struct trivet_holder *out)
{
    const json_t *requester = json_object_get(object, "requested_by_user");

    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        const json_t *inner = json_object_get(requester, trivet_user_types[i]);

        if (inner == NULL) {
            continue;
        }

        (void) snprintf(out->requester_type, sizeof out->requester_type, "%s",
            trivet_user_types[i]);
        (void) trivet_elements_read_id(
            json_object_get(inner, "id"), &out->requester_id);
        out->session_timeout_s = read_timeout(inner);
        read_name(inner, out);
        return;
    }
}

bool
trivet_holder_read(
    const char *type, const json_t *object, struct trivet_holder *out)
{
    int64_t id;

    if (!trivet_elements_read_id(json_object_get(object, "id"), &id)) {
        return false;
    }

    memset(out, 0, sizeof *out);
    (void) snprintf(out->type, sizeof out->type, "%s", type);
    out->id = id;
    out->session_timeout_s = read_timeout(object);
    read_name(object, out);
    read_requester(object, out);

    return true;
}

bool
trivet_holder_element_read(const json_t *elements, struct trivet_holder *out)
{
    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        json_t *object = trivet_elements_find(elements, trivet_user_types[i]);

        if (object != NULL
            && trivet_holder_read(trivet_user_types[i], object, out)) {
            return true;
        }
    }

    return false;
}
