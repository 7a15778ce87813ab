/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - a user, as the server shows it and the client reads it
 *
 *   element = {"UserPerson":{...}} / {"UserCompany":{...}}
 *           / {"UserPaymentServiceProvider":{...}}
 *           / {"UserApiKey":{..., "requested_by_user":element,
 *                            "granted_by_user":element}}
 *
 * The server writes every field that a known client reads, none null; the
 * client reads who the holder of a session is.
 */
#ifndef TRIVET_CORE_MESSAGE_USER_H
#define TRIVET_CORE_MESSAGE_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "core/limits.h"
#include "core/user.h"

struct json_t; /* jansson's */
struct trivet_list;

/* ---- written ----------------------------------------------------------- */

struct trivet_buffer trivet_user_answer_write(const struct trivet_user *user);
void trivet_list_add_user(
    struct trivet_list *list, const struct trivet_user *user);

/* ---- read -------------------------------------------------------------- */

enum {
    TRIVET_MAX_USER_TYPE = 32, /* bytes, with the NUL */
    TRIVET_NUM_USER_TYPES = 4
};

/* The types that a holder may have, in the order that SDKs prefer. */
extern const char *const trivet_user_types[TRIVET_NUM_USER_TYPES];

/* Whose session it is. */
struct trivet_holder {
    char type[TRIVET_MAX_USER_TYPE]; /* such as "UserPerson", "" for none    */
    int64_t id;
    char name[TRIVET_MAX_NAME]; /* UTF-8, NUL-terminated; may be empty  */
    int64_t session_timeout_s;
    /* of a UserApiKey: on whose behalf */
    char requester_type[TRIVET_MAX_USER_TYPE];
    int64_t requester_id;
};

/* Reads a user's fields from the object inside its element. False when it has
 * no id: *out is as it was. */
bool trivet_holder_read(
    const char *type, const struct json_t *object, struct trivet_holder *out);

/* ---- for the files of core/message/ ------------------------------------ */

/* The caller's; NULL when memory ran out, or a text is not UTF-8. */
struct json_t *trivet_user_element(const struct trivet_user *user);

/* Finds the user in an answer's elements. False: there is none with an id. */
bool trivet_holder_element_read(
    const struct json_t *elements, struct trivet_holder *out);

#endif
