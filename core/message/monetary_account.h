/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monetary_account.h - a user's bank account, as lists show it
 *
 *   element = {"MonetaryAccountBank":{"id":.., "description":.., ...}}
 *
 * Every field that a known client reads, none null.
 */
#ifndef TRIVET_CORE_MESSAGE_MONETARY_ACCOUNT_H
#define TRIVET_CORE_MESSAGE_MONETARY_ACCOUNT_H

#include "core/account.h"

struct trivet_list;

void trivet_list_add_account(
    struct trivet_list *list, const struct trivet_account *account);

#endif
