/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_reader.h - reads the list of changes, and drops what was changed
 *
 * One for a gateway, in a thread of its own: it has its own connection to the
 * store, and each reading blocks for a round trip, or until the connection's
 * deadlines. A second one, beside it, does no harm.
 */
#ifndef TRIVET_AUTHORITY_LIST_READER_H
#define TRIVET_AUTHORITY_LIST_READER_H

#include "authority/authority.h"

struct trivet_list_reader;

/* config->session_cache is what it drops from. Does not block. */
TRIVET_MUST_USE enum trivet_status trivet_list_reader_new(
    const struct trivet_authority_config *config,
    struct trivet_list_reader **out, struct trivet_error *err);
void trivet_list_reader_free(struct trivet_list_reader *reader);

/*
 * Reads all that is new, and publishes that. A connection that is new, or whose
 * last reading is some time ago, knows nothing of what was: all is dropped
 * then.
 *
 * TRIVET_E_UNAVAILABLE  the store could not be read; it is opened anew by the
 *                       next call.
 */
TRIVET_MUST_USE enum trivet_status trivet_list_reader_read(
    struct trivet_list_reader *reader, struct trivet_error *err);

#endif
