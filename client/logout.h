/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logout.h - ending a session at the server
 */
#ifndef TRIVET_CLIENT_LOGOUT_H
#define TRIVET_CLIENT_LOGOUT_H

#include "trivet/client.h"

/* Ends the session at the server and does not change the file: a file that is
 * to be overwritten (erase.h) must not be replaced before. Errors: those of
 * trivet_context_logout. Blocks: yes. */
TRIVET_MUST_USE enum trivet_status trivet_context_end_session(
    struct trivet_context *context, struct trivet_error *err);

#endif
