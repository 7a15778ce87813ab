/* SPDX-License-Identifier: Apache-2.0 */
/* account.h - a user's bank account, as lists show it */
#ifndef TRIVET_CORE_ACCOUNT_H
#define TRIVET_CORE_ACCOUNT_H

#include "core/limits.h"

#include <stdint.h>

enum { TRIVET_IBAN_SIZE = 19 /* bytes of a Dutch one, with the NUL */ };

struct trivet_account {
    int64_t id;
    int64_t user_id;
    int64_t created_us;
    int64_t updated_us;
    char iban[TRIVET_IBAN_SIZE];
    char holder[TRIVET_MAX_NAME];
};

#endif
