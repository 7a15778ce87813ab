/* SPDX-License-Identifier: Apache-2.0 */
/* audit_head.h - the end of the audit's chain of rows */
#ifndef TRIVET_STORE_AUDIT_HEAD_H
#define TRIVET_STORE_AUDIT_HEAD_H

#include <stdint.h>

#include "crypto/digest.h"

struct trivet_audit_head {
    int64_t num_rows;
    unsigned char hash[TRIVET_DIGEST_LEN]; /* of the last row; 0: no row */
};

#endif
