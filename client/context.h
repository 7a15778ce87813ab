/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.h - the inside of a context
 *
 *   settings  what the caller asked for; never changes
 *   state     what this process knows (state.h)
 *
 * What all processes share is in the context file (context_file.h).
 */
#ifndef TRIVET_CLIENT_CONTEXT_H
#define TRIVET_CLIENT_CONTEXT_H

#include <stdatomic.h>

#include "client/settings.h"
#include "trivet/client.h"

struct trivet_state;

struct trivet_context {
    struct trivet_settings *settings;
    _Atomic(struct trivet_state *) state;
};

/* As options say, with nothing read or sent yet. trivet_context_close. */
TRIVET_MUST_USE enum trivet_status trivet_context_make(
    const struct trivet_context_options *options, struct trivet_context **out,
    struct trivet_error *err);

#endif
