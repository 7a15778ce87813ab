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
    TRIVET_USER_PSP /* a payment service provider, by its certificate */
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
};

#endif
