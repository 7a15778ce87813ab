/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_installation.h - "installation_context" of a context file
 *
 * The key pair, the installation's token and the server's key, as SDKs write
 * them.
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_RECORD_INSTALLATION_H
#define TRIVET_CLIENT_RECORD_INSTALLATION_H

#include <jansson.h>

#include "client/record.h"

/* object: NULL or null when there is none. is_own: trivet wrote the file, so
 * the keys have their strict form and are a pair.
 * TRIVET_E_MALFORMED  err names the field. */
TRIVET_MUST_USE enum trivet_status trivet_record_read_installation(
    const json_t *object, bool is_own, struct trivet_record *out,
    struct trivet_error *err);

/* Owned. NULL: memory ran out, or *out_status is not TRIVET_OK: the private key
 * cannot be read. */
json_t *trivet_record_format_installation(
    const struct trivet_record *record, enum trivet_status *out_status);

/* Whether public_key (a text; absent: yes) is the public half of private_key.
 */
bool trivet_record_is_pair(const char *private_key, const json_t *public_key);

#endif
