/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - who the caller is, and the sandbox's users
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_USER_H
#define TRIVET_AUTHORITY_CALLS_USER_H

#include "authority/case.h"

enum trivet_status trivet_handle_user(struct trivet_case *c);
enum trivet_status trivet_handle_user_list(struct trivet_case *c);
enum trivet_status trivet_handle_person(struct trivet_case *c);
enum trivet_status trivet_handle_company(struct trivet_case *c);
enum trivet_status trivet_handle_provider(struct trivet_case *c);
enum trivet_status trivet_prepare_sandbox_user(struct trivet_case *c);
enum trivet_status trivet_write_sandbox_person(struct trivet_case *c);
enum trivet_status trivet_write_sandbox_company(struct trivet_case *c);
enum trivet_status trivet_prepare_sandbox_api_key(struct trivet_case *c);
enum trivet_status trivet_write_sandbox_api_key(struct trivet_case *c);

#endif
