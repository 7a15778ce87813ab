/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.h - the protocol's form of a moment
 *
 *   timestamp = YYYY "-" MM "-" DD SP hh ":" mm ":" ss "." 6DIGIT   ; UTC
 *   example   = "2018-08-29 13:48:17.580620"
 */
#ifndef TRIVET_BASE_TIMESTAMP_H
#define TRIVET_BASE_TIMESTAMP_H

#include <stdint.h>

#include "base/slice.h"
#include "trivet/status.h"

enum { TRIVET_TIMESTAMP_SIZE = 27 /* bytes, with the NUL */ };

#define TRIVET_US_PER_S INT64_C(1000000)

/* The moments 0001-01-01 to 9999-12-31; others are shown as the nearest. */
void trivet_timestamp_format(int64_t at_us, char out[TRIVET_TIMESTAMP_SIZE]);

/*
 * Reads a timestamp. The fraction may have 0 to 9 digits (with its point, when
 * it has any); digits behind the microsecond are cut.
 *
 * TRIVET_E_MALFORMED  not of that form, or no such day or time.
 */
TRIVET_MUST_USE enum trivet_status trivet_timestamp_parse(
    struct trivet_slice text, int64_t *out_us);

#endif
