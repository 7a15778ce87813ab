/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - a bounded memory of answers that were worked out before
 *
 * From a key (a digest, and a tag that tells apart what digests are of) to a
 * value of fixed size. It lies in memory that the caller provides, holds no
 * pointers, and may be shared by threads and processes: nobody waits. What is
 * read is what was put, whole, or nothing. What is put may be forgotten at any
 * time: entries asked for outlast others.
 */
#ifndef TRIVET_CORE_MEMO_H
#define TRIVET_CORE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRIVET_MEMO_DIGEST_LEN = 32 };

struct trivet_memo_key {
    uint64_t tag;
    unsigned char digest[TRIVET_MEMO_DIGEST_LEN];
};

struct trivet_memo;

/* How many bytes a memo takes that holds about num_entries values of value_len
 * bytes, which is a multiple of 8 or 0: then keys alone are remembered. */
size_t trivet_memo_size(size_t num_entries, size_t value_len);

/* The largest num_entries that fits size bytes; 0: not even a few do. */
size_t trivet_memo_fit(size_t size, size_t value_len);

/* Makes an empty memo of memory: trivet_memo_size(num_entries, value_len)
 * zeroed bytes, aligned to 64. It lives as long as they do. */
struct trivet_memo *trivet_memo_init(
    void *memory, size_t num_entries, size_t value_len);

/* Copies the value of key to out, value_len bytes. False: not remembered, and
 * out is undefined. */
bool trivet_memo_get(
    struct trivet_memo *memo, const struct trivet_memo_key *key, void *out);

/* Remembers value for key; a value put before is not changed. */
void trivet_memo_put(struct trivet_memo *memo,
    const struct trivet_memo_key *key, const void *value);

/* The same, in place of a value put before. While two do it at once, either
 * value may stay, and be read again later: who cares must tell by the value. */
void trivet_memo_set(struct trivet_memo *memo,
    const struct trivet_memo_key *key, const void *value);

#endif
