/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.h - an exchange, reported line by line without its secrets
 *
 * Blocks: no, but for what the caller's function does. Threads: any.
 */
#ifndef TRIVET_CLIENT_TELL_H
#define TRIVET_CLIENT_TELL_H

#include "client/settings.h"
#include "client/transport.h"

void trivet_tell_request(const struct trivet_settings *settings,
    const struct trivet_wire_request *request);
void trivet_tell_answer(const struct trivet_settings *settings,
    const struct trivet_wire_answer *answer, bool is_verified);

#endif
