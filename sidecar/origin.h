/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin.h - whether a request comes from a program on this machine, and not
 * from a page in its browser
 *
 * A page cannot say what is in these fields. One whose name was made to lead
 * here (DNS rebinding) sends its own name as Host; one of another site sends
 * its Origin, or says in Sec-Fetch-Site that it is one.
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_ORIGIN_H
#define TRIVET_SIDECAR_ORIGIN_H

#include <stdbool.h>

#include "base/slice.h"

/* host = name [ ":" port ]; name = "localhost" / 127.0.0.0/8 / "[::1]" */
bool trivet_origin_is_here(struct trivet_slice host);

/* Whether an Origin is that of a page of our own: "http://" and the Host. */
bool trivet_origin_is_own(struct trivet_slice origin, struct trivet_slice host);

/* Whether a Sec-Fetch-Site is no other site's. */
bool trivet_origin_is_own_site(struct trivet_slice site);

/* ---- a token that callers share -------------------------------------------
 */

enum { TRIVET_MIN_CALLER_TOKEN = 16 /* bytes */ };

/* Whether it is one: TRIVET_MIN_CALLER_TOKEN to TRIVET_MAX_SECRET visible ASCII
 * characters. */
bool trivet_origin_is_token(struct trivet_slice token);

/* authorization: the field's value, "Bearer" and the token. Takes as long for a
 * wrong token of the right length as for the right one. */
bool trivet_origin_has_token(
    struct trivet_slice authorization, struct trivet_slice token);

#endif
