/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle.h - not calling faster than the server allows
 *
 * The limits are those of core/rate.h. The past calls are in a small file
 * beside the context file, so that all processes that use the context count
 * together. Losing that file costs a 429 at most.
 */
#ifndef TRIVET_CLIENT_THROTTLE_H
#define TRIVET_CLIENT_THROTTLE_H

#include <stdint.h>

#include "core/rate.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_THROTTLE_STAMPS = 8, /* calls remembered of an endpoint */
    TRIVET_NUM_THROTTLE_SLOTS = 64, /* endpoints remembered            */
    TRIVET_MAX_THROTTLE_BLOCK_S = 60
};

/* As it lies in the file. */
struct trivet_throttle_slot {
    uint64_t endpoint;                             /* 0: free              */
    int64_t stamps_us[TRIVET_MAX_THROTTLE_STAMPS]; /* ascending, 0: none   */
    int64_t blocked_until_us;                      /* by a 429             */
};

struct trivet_throttle_table {
    uint64_t magic;
    struct trivet_throttle_slot slots[TRIVET_NUM_THROTTLE_SLOTS];
};

/*
 * When the call may be sent: now_us or later. That moment is reserved: the next
 * call comes after it. Nothing is reserved when it is more than max_wait_us
 * ahead. Uses no file and no clock.
 */
int64_t trivet_throttle_reserve(struct trivet_throttle_table *table,
    const struct trivet_rate_call *call, int64_t now_us, int64_t max_wait_us);

/* The server refused the call with 429: no such call for block_s seconds. */
void trivet_throttle_block(struct trivet_throttle_table *table,
    const struct trivet_rate_call *call, int64_t now_us, int block_s);

/* The seconds that a 429's text names ("... 3 calls per 3 second ..."), within
 * 1 and TRIVET_MAX_THROTTLE_BLOCK_S; default_s when it names none. */
int trivet_throttle_read_seconds(const char *text, int default_s);

/* The table of a context: in a file beside its own, for all processes, or,
 * where that cannot be written, in the memory of this one. Threads: any number
 * at once. */
struct trivet_throttle;

/* context_file: the path without links. Owned: free it. */
TRIVET_MUST_USE enum trivet_status trivet_throttle_new(const char *context_file,
    struct trivet_throttle **out, struct trivet_error *err);
void trivet_throttle_free(struct trivet_throttle *throttle);

/* The two above on that table. Blocks: yes, for microseconds. A file with
 * something else in it is as good as an empty one. */
int64_t trivet_throttle_wait_for(struct trivet_throttle *throttle,
    const struct trivet_rate_call *call, int64_t now_us, int64_t max_wait_us);
void trivet_throttle_hold(struct trivet_throttle *throttle,
    const struct trivet_rate_call *call, int64_t now_us, int block_s);

#endif
