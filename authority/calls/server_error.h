/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_error.h - the call that always fails, for clients' own tests
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_SERVER_ERROR_H
#define TRIVET_AUTHORITY_CALLS_SERVER_ERROR_H

#include "authority/case.h"

enum trivet_status trivet_handle_server_error(struct trivet_case *c);

#endif
