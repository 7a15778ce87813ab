/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - what the sandbox explains a refused signature by
 *
 * Only the refusal's text gains a sentence: the verdict, the status and the
 * error's description are the same with and without it. The work is bounded
 * for each request, and explanations are rationed for a process.
 */
#ifndef TRIVET_AUTHORITY_EVIDENCE_H
#define TRIVET_AUTHORITY_EVIDENCE_H

#include "authority/limits/bucket.h"
#include "base/slice.h"
#include "core/canonical.h"

/*
 * What a request's header and body hold: asked for when a signature was
 * refused, so that it costs nothing before. The functions run on the thread of
 * the authority.
 */
struct trivet_evidence {
    void *data;
    struct trivet_slice method;
    struct trivet_slice target; /* path and query, as received */

    /* Writes up to cap fields of the header; gives their number. */
    size_t (*read_fields)(void *data, struct trivet_field *out, size_t cap);

    /* The whole body; false when it is larger than can be examined, or cannot
     * be read. *out_len is its length in any case. */
    bool (*read_body)(void *data, struct trivet_slice *out, size_t *out_len);
};

/* Of a process, shared by its authorities. */
struct trivet_explaining {
    struct trivet_bucket bucket;
    int64_t (*ticks_ns)(void); /* a clock that nobody sets */
};

#endif
