/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_id.h - request-id=per-device: each id is accepted once
 *
 * For the files of authority/ alone.
 */
#ifndef TRIVET_AUTHORITY_REQUEST_ID_H
#define TRIVET_AUTHORITY_REQUEST_ID_H

#include "authority/case.h"

/* Whether it has one that counts: then a mutex has to be waited for. */
bool trivet_case_has_request_id(const struct trivet_case *c);

/* Before the case goes on: false when its device used the request's id before.
 * And behind it: an id that came to nothing may be used again. */
TRIVET_MUST_USE enum trivet_status trivet_case_take_request_id(
    struct trivet_case *c, bool *out_is_new);
void trivet_case_settle_request_id(struct trivet_case *c, bool is_used);

#endif
