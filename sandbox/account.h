/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - the sandbox's one bank account of a user
 *
 * Nothing of it is kept: all follows from the user. It is there because
 * clients do not start without one.
 */
#ifndef TRIVET_SANDBOX_ACCOUNT_H
#define TRIVET_SANDBOX_ACCOUNT_H

#include "core/account.h"
#include "core/user.h"

void trivet_account_of(
    const struct trivet_user *user, struct trivet_account *out);

#endif
