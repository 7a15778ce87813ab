/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installation.h - step 1, and what an installation may see of itself
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_INSTALLATION_H
#define TRIVET_AUTHORITY_CALLS_INSTALLATION_H

#include "authority/case.h"

enum trivet_status trivet_prepare_installation(struct trivet_case *c);
enum trivet_status trivet_write_installation(struct trivet_case *c);
enum trivet_status trivet_handle_installation_list(struct trivet_case *c);
enum trivet_status trivet_handle_installation_one(struct trivet_case *c);
enum trivet_status trivet_handle_server_key(struct trivet_case *c);

#endif
