/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encryption_rule.h - may a request's body be encrypted, and must it be?
 *
 * Decided after token and signature, which is over the bytes on the wire.
 */
#ifndef TRIVET_CORE_ENCRYPTION_RULE_H
#define TRIVET_CORE_ENCRYPTION_RULE_H

#include <stdbool.h>

#include "core/reason.h"

/* What a call, or a part of the API, asks for. */
enum trivet_encryption_rule {
    TRIVET_ENCRYPTION_OFF = 0, /* an encrypted body is refused */
    TRIVET_ENCRYPTION_OPTIONAL,
    TRIVET_ENCRYPTION_REQUIRED /* a plain one is refused       */
};

/* Whether a request may go on; NONE when it may. has_token: the call asks for a
 * token. Without one no installation is known, and so no key to encrypt with:
 * such a call is always plain. is_encrypted: it came with a field of
 * encryption, right or wrong. */
enum trivet_reason trivet_encryption_decide(
    enum trivet_encryption_rule rule, bool has_token, bool is_encrypted);

#endif
