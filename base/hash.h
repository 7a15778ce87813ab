/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - FNV-1a of 64 bits: to tell texts apart and to find them in a table
 *
 * Not for security: who wants two texts with one hash finds them.
 */
#ifndef TRIVET_BASE_HASH_H
#define TRIVET_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define TRIVET_HASH_START UINT64_C(14695981039346656037)

/* The hash of what was hashed before (TRIVET_HASH_START: nothing) and bytes
 * behind it. */
uint64_t trivet_hash_add(uint64_t hash, struct trivet_slice bytes);

#endif
