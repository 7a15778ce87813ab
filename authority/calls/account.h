/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - the sandbox's one bank account of a user
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_ACCOUNT_H
#define TRIVET_AUTHORITY_CALLS_ACCOUNT_H

#include "authority/case.h"

enum trivet_status trivet_handle_account_list(struct trivet_case *c);
enum trivet_status trivet_handle_account(struct trivet_case *c);
enum trivet_status trivet_handle_savings_list(struct trivet_case *c);

#endif
