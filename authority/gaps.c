/* SPDX-License-Identifier: Apache-2.0 */
/* gaps.c - ids that were not seen yet, below the latest that was */
#include "authority/gaps.h"

#include <string.h>

static void
remove_at(struct trivet_gaps *gaps, size_t at)
{
    gaps->num--;
    memmove(&gaps->all[at], &gaps->all[at + 1],
        (gaps->num - at) * sizeof gaps->all[0]);
    memmove(&gaps->found_ms[at], &gaps->found_ms[at + 1],
        (gaps->num - at) * sizeof gaps->found_ms[0]);
}

static void
insert_at(struct trivet_gaps *gaps, size_t at, struct trivet_change_gap gap,
    int64_t found_ms)
{
    if (gap.first > gap.last) {
        return;
    }

    memmove(&gaps->all[at + 1], &gaps->all[at],
        (gaps->num - at) * sizeof gaps->all[0]);
    memmove(&gaps->found_ms[at + 1], &gaps->found_ms[at],
        (gaps->num - at) * sizeof gaps->found_ms[0]);
    gaps->all[at] = gap;
    gaps->found_ms[at] = found_ms;
    gaps->num++;
}

/* What is left of a gap on both sides of an id in it. */
static void
split(struct trivet_gaps *gaps, size_t at, int64_t id)
{
    const struct trivet_change_gap gap = gaps->all[at];
    const int64_t found_ms = gaps->found_ms[at];

    remove_at(gaps, at);
    insert_at(gaps, at,
        (struct trivet_change_gap){.first = id + 1, .last = gap.last},
        found_ms);
    insert_at(gaps, at,
        (struct trivet_change_gap){.first = gap.first, .last = id - 1},
        found_ms);
}

bool
trivet_gaps_see(struct trivet_gaps *gaps, int64_t id, int64_t now_ms)
{
    /* Room for one more, whatever comes. */
    if (gaps->num == TRIVET_MAX_CHANGE_GAPS) {
        remove_at(gaps, 0);
        gaps->lossy_ms = now_ms + TRIVET_GAP_LIFE_MS;
    }

    if (id > gaps->latest_id) {
        insert_at(gaps, gaps->num,
            (struct trivet_change_gap){
                .first = gaps->latest_id + 1, .last = id - 1},
            now_ms);
        gaps->latest_id = id;
        return true;
    }

    for (size_t i = 0; i < gaps->num; i++) {
        if (gaps->all[i].first <= id && id <= gaps->all[i].last) {
            split(gaps, i, id);
            return true;
        }
    }

    return false;
}

bool
trivet_gaps_are_lossy(const struct trivet_gaps *gaps, int64_t now_ms)
{
    return now_ms < gaps->lossy_ms;
}

void
trivet_gaps_expire(struct trivet_gaps *gaps, int64_t now_ms)
{
    for (size_t i = gaps->num; i > 0; i--) {
        if (now_ms - gaps->found_ms[i - 1] >= TRIVET_GAP_LIFE_MS) {
            remove_at(gaps, i - 1);
        }
    }
}
