/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - the path of a call against its pattern in the table of calls
 *
 * In a pattern "{id}" stands for a number, "{mine}" for a number or "_". Pure:
 * may be asked from any thread.
 */
#ifndef TRIVET_AUTHORITY_PATH_H
#define TRIVET_AUTHORITY_PATH_H

#include <stdbool.h>

#include "base/slice.h"
#include "core/limits.h"

/* What "_" stands for in a path that accepts it. */
enum { TRIVET_PATH_ID_MINE = -1 };

/* Whether path, without a slash at its end, has the form of pattern; the
 * numbers in it, in their order. ids is written in either case. */
bool trivet_path_matches(struct trivet_slice path, const char *pattern,
    long long ids[TRIVET_MAX_PATH_IDS]);

/* The path of pattern with these numbers in it. */
void trivet_path_write(const char *pattern,
    const long long ids[TRIVET_MAX_PATH_IDS], char out[TRIVET_MAX_CALL_PATH]);

#endif
