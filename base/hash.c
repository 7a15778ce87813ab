/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - FNV-1a of 64 bits */
#include "base/hash.h"

uint64_t
trivet_hash_add(uint64_t hash, struct trivet_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.data[i]) * UINT64_C(1099511628211);
    }

    return hash;
}
