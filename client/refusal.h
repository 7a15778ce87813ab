/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal.h - what an answer other than a 2xx means
 */
#ifndef TRIVET_CLIENT_REFUSAL_H
#define TRIVET_CLIENT_REFUSAL_H

#include "client/wire_answer.h"
#include "trivet/status.h"

/*
 * Fills err from the answer's body, and from the reason that a gateway's
 * sandbox gives, with advice for the known ones. `step` is the path that was
 * called. Returns TRIVET_E_THROTTLED, TRIVET_E_UNAVAILABLE or TRIVET_E_REFUSED.
 * Blocks: no.
 */
enum trivet_status trivet_refusal_explain(const struct trivet_wire_answer *in,
    const char *base_url, const char *step, struct trivet_error *err);

#endif
