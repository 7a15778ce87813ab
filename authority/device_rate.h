/* SPDX-License-Identifier: Apache-2.0 */
/* device_rate.h - --rate-limits 2026: who is counted, and who is refused */
#ifndef TRIVET_AUTHORITY_DEVICE_RATE_H
#define TRIVET_AUTHORITY_DEVICE_RATE_H

#include "authority/case.h"

/* Whether the request is to be counted: there are such limits, its call has
 * one, and it was not counted before. */
bool trivet_case_has_device_rate(const struct trivet_case *c);

/* Counts an admitted request; makes it a refusal when it is one too many.
 * TRIVET_E_UNAVAILABLE when that is not known. */
TRIVET_MUST_USE enum trivet_status trivet_case_count_call(
    struct trivet_case *c);

#endif
