/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - step 3: opening a session, and ending it
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_SESSION_H
#define TRIVET_AUTHORITY_CALLS_SESSION_H

#include "authority/case.h"

enum trivet_status trivet_prepare_session(struct trivet_case *c);
enum trivet_status trivet_write_session(struct trivet_case *c);
enum trivet_status trivet_prepare_logout(struct trivet_case *c);
enum trivet_status trivet_write_logout(struct trivet_case *c);

#endif
