/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remedy.h - what helps when a server refuses a key, a session or an address
 *
 * Constant texts, never to be freed. Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_REMEDY_H
#define TRIVET_CLIENT_REMEDY_H

#include <stdbool.h>

/* By the gateway's reason that is in text, alone or as "[reason]"; NULL: there
 * is none for it. text may be NULL. */
const char *trivet_remedy_find(const char *text);

/* Key, address or environment? The server says the same for all three: what
 * else is known tells them apart. has_device: whether the context has a
 * device-server. */
const char *trivet_remedy_of_credentials(bool has_device);

#endif
