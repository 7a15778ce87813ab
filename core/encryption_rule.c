/* SPDX-License-Identifier: Apache-2.0 */
/* encryption_rule.c - may a request's body be encrypted, and must it be? */
#include "core/encryption_rule.h"

enum trivet_reason
trivet_encryption_decide(
    enum trivet_encryption_rule rule, bool has_token, bool is_encrypted)
{
    if (is_encrypted) {
        return has_token && rule != TRIVET_ENCRYPTION_OFF
                   ? TRIVET_REASON_NONE
                   : TRIVET_REASON_ENCRYPTION_OFF;
    }

    return has_token && rule == TRIVET_ENCRYPTION_REQUIRED
               ? TRIVET_REASON_ENCRYPTION_REQUIRED
               : TRIVET_REASON_NONE;
}
