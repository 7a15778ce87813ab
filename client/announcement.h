/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announcement.h - the TLS keys that a gateway announces
 *
 * A context with pins asks a gateway for the keys that it serves and will
 * serve, when a session was opened and once a day, and takes them over in the
 * place of its pins. The statement must be signed by the installation's server
 * key (crypto/statement.h): a stolen TLS key is not enough. bunq is not asked.
 * A program that gives pins in its options keeps those.
 *
 * trivet_context_follow_pins (trivet/client.h) does the same when it is called.
 * Blocks: yes. Threads: any.
 */
#ifndef TRIVET_CLIENT_ANNOUNCEMENT_H
#define TRIVET_CLIENT_ANNOUNCEMENT_H

#include "client/context.h"

/* Asks, if that is due; always: also when it was asked less than a day ago.
 * Cannot fail: an announcement that is refused is a warning, and all else is
 * tried again the next day. */
void trivet_announcement_follow(struct trivet_context *context, bool always);

/* After a connection was refused for its pin: reads the file again. True when
 * its pins are others than before, since another process took them over. */
bool trivet_announcement_reread(struct trivet_context *context);

#endif
