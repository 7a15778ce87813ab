/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parsed_keys.h - parsed client keys, ready to verify with, in bounded memory
 *
 * A key is found by all bytes of its DER: none is ever taken for another, and
 * what the store no longer gives is not asked for. When it is full, the clock
 * makes room: a hand goes round the places; a key that was asked for since has
 * one of its (at most three) uses taken, and the first without any goes. A key
 * that comes in has none: a scan of keys that are asked for once takes the
 * places of its own kind, and those that are asked for often stay.
 *
 * Threads: one at a time.
 */
#ifndef TRIVET_CRYPTO_PARSED_KEYS_H
#define TRIVET_CRYPTO_PARSED_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct trivet_verifier_cache;

/* Room for num_keys keys (about 5 KiB each), one at least. NULL when memory ran
 * out. */
struct trivet_verifier_cache *trivet_verifier_cache_new(size_t num_keys);
void trivet_verifier_cache_free(struct trivet_verifier_cache *cache);

/* How many keys were not in it when they were asked for. */
uint64_t trivet_verifier_cache_misses(
    const struct trivet_verifier_cache *cache);

#endif
