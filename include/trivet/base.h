/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - compiler attributes, and the rules that hold everywhere
 *
 * Unless a header says otherwise:
 *   - pointers are not NULL; destructors (free, close) accept NULL;
 *   - lengths are bytes (`_len`), counts are `num_`;
 *   - times are microseconds since 1970-01-01 UTC (`_us`), durations seconds
 *     (`_s`);
 *   - outputs (`out`, `out_x`) are written on success only;
 *   - `err` may be NULL; it is filled on failure and then holds a sentence for
 *     an operator, never a secret;
 *   - functions keep no global state and may be called from any thread, one
 *     thread per object at a time.
 */
#ifndef TRIVET_BASE_H
#define TRIVET_BASE_H

#if defined(__GNUC__)
#define TRIVET_MUST_USE     __attribute__((warn_unused_result))
#define TRIVET_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define TRIVET_API          __attribute__((visibility("default")))
#else
#define TRIVET_MUST_USE
#define TRIVET_PRINTF(f, a)
#define TRIVET_API
#endif

/* "if it failed, pass it on": only in functions that own nothing yet. */
#define TRIVET_TRY(expression)                                                 \
    do {                                                                       \
        enum trivet_status trivet_try_status = (expression);                   \
        if (trivet_try_status != TRIVET_OK) {                                  \
            return trivet_try_status;                                          \
        }                                                                      \
    } while (0)

#endif
