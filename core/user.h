/* SPDX-License-Identifier: Apache-2.0 */
/* user.h - whom API keys and sessions belong to */
#ifndef TRIVET_CORE_USER_H
#define TRIVET_CORE_USER_H

#include <stdint.h>

#include "base/uuid.h"
#include "core/limits.h"

enum trivet_user_kind {
    TRIVET_USER_PERSON = 0,
    TRIVET_USER_COMPANY,
    TRIVET_USER_PSP,     /* a payment service provider, by its certificate */
    TRIVET_USER_API_KEY, /* an access that one user granted to another     */

    TRIVET_NUM_USER_KINDS
};

/* A user, as another one shows it. id 0: none. */
struct trivet_user_party {
    int64_t id;
    enum trivet_user_kind kind;
    char public_uuid[TRIVET_UUID_SIZE];
    char display_name[TRIVET_MAX_NAME];
};

struct trivet_user {
    int64_t id;
    int64_t created_us;
    int64_t updated_us;
    enum trivet_user_kind kind;
    char public_uuid[TRIVET_UUID_SIZE];
    char display_name[TRIVET_MAX_NAME]; /* UTF-8, NUL-terminated          */
    int64_t session_timeout_s;          /* the user's auto-logout time     */
    char distinguished_name[TRIVET_MAX_NAME]; /* of a PSP's certificate */

    /* of TRIVET_USER_API_KEY alone */
    struct trivet_user_party requested_by;
    struct trivet_user_party granted_by;
};

#endif
