/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made.h - what POSTs made: objects that the sandbox keeps in memory
 *
 * One block of memory without pointers, which several processes may share. When
 * all places are taken, the oldest object gives way. The caller holds a lock
 * around each of these functions, and while it uses a text that one gave.
 */
#ifndef TRIVET_SANDBOX_ANSWERS_MADE_H
#define TRIVET_SANDBOX_ANSWERS_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    TRIVET_MAX_MADE = 1000,      /* objects, of all users */
    TRIVET_MAX_MADE_TEXT = 8192, /* bytes of one */
    TRIVET_MAX_MADE_PATH = 256   /* bytes of the path that it was posted to */
};

/* The first number that is given. Users and accounts have smaller ones. */
#define TRIVET_FIRST_MADE_ID INT64_C(10000001)

struct trivet_made;

/* Bytes of the block. */
size_t trivet_made_size(void);
/* A block of zeroes becomes an empty one. */
void trivet_made_init(struct trivet_made *made);

/* A number that was not given before. */
int64_t trivet_made_next_id(struct trivet_made *made);

/* Keeps an object of a user. False: path or text is too long. */
bool trivet_made_keep(struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t id, struct trivet_slice text);

/* The user's object of that path and number; false: none (any more). */
bool trivet_made_find(const struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t id, struct trivet_slice *out_text);

/* The numbers of all the user's objects of that path; how many. */
size_t trivet_made_list(const struct trivet_made *made, int64_t user_id,
    struct trivet_slice path, int64_t out_ids[TRIVET_MAX_MADE]);

#endif
