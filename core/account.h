/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - the sandbox's one bank account of a user
 *
 * Nothing of it is kept: all follows from the user. It is there because
 * clients do not start without one.
 */
#ifndef TRIVET_CORE_ACCOUNT_H
#define TRIVET_CORE_ACCOUNT_H

#include "core/user.h"

enum { TRIVET_IBAN_SIZE = 19 /* bytes of a Dutch one, with the NUL */ };

struct trivet_account {
    int64_t id;
    int64_t user_id;
    int64_t created_us;
    int64_t updated_us;
    char iban[TRIVET_IBAN_SIZE];
    char holder[TRIVET_MAX_NAME];
};

void trivet_account_of(
    const struct trivet_user *user, struct trivet_account *out);

#endif
