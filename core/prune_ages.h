/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_ages.h - how long things are kept after their end
 *
 *   age  = duration / "off"       base/duration.h; off: for ever
 *   name = "installations" / "sessions" / "api-keys"
 *
 * store/noun/prune.h says what is removed.
 */
#ifndef TRIVET_CORE_PRUNE_AGES_H
#define TRIVET_CORE_PRUNE_AGES_H

#include <stdint.h>

#include "base/slice.h"
#include "trivet/status.h"

/* In seconds; below 0: for ever. */
struct trivet_prune_ages {
    int64_t installations_s; /* that never had a device: since they were made */
    int64_t sessions_s;      /* since they ended, or were over                */
    int64_t api_keys_s;      /* that were never bound: since they expired     */
};

/* A week, ninety days, a week. */
extern const struct trivet_prune_ages trivet_prune_ages_default;
extern const struct trivet_prune_ages trivet_prune_ages_never;

/* An age, into *out. TRIVET_E_MALFORMED: it is none, or above ten years. */
TRIVET_MUST_USE enum trivet_status trivet_prune_age_parse(
    struct trivet_slice text, int64_t *out);

/* One "name=age". TRIVET_E_NOT_FOUND: no such name. TRIVET_E_MALFORMED: no
 * age. */
TRIVET_MUST_USE enum trivet_status trivet_prune_ages_set(
    struct trivet_prune_ages *ages, struct trivet_slice setting);

#endif
