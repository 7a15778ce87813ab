/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recording.h - answers that are written down, and given again without a
 * network
 *
 * A file for each request, in one folder; its name begins with method and path
 * and ends with a digest of method, path and body. Bodies of JSON are the same
 * when they say the same: blanks and the order of members do not count. Secrets
 * are left out (secrets_cut.h). A request that is recorded again has the newer
 * answer.
 *
 *   {"request": {"method", "path", "body"},
 *    "answer":  {"status", "headers": [[name, value], ...], "body"}}
 *
 * with "body_base64" for a body that is no text.
 *
 * Blocks: yes. Threads and processes: any number at once.
 */
#ifndef TRIVET_SIDECAR_RECORDING_H
#define TRIVET_SIDECAR_RECORDING_H

#include "base/buffer.h"
#include "trivet/client.h"

struct json_t; /* jansson's */

/* An answer that was found. Zeroed, it is none. */
struct trivet_recording {
    struct trivet_answer answer; /* not for trivet_answer_free */
    struct trivet_header *headers;
    struct trivet_buffer body;
    struct json_t *root;
};

/* TRIVET_E_UNAVAILABLE, TRIVET_E_MEMORY: it is not recorded. */
TRIVET_MUST_USE enum trivet_status trivet_recording_write(const char *folder,
    const struct trivet_call *call, const struct trivet_answer *answer,
    struct trivet_error *err);

/*
 * The answer to a request. Release it in any case.
 *
 * TRIVET_E_NOT_FOUND  there is none; err names the nearest request.
 * TRIVET_E_MALFORMED  its file is not of that form.
 */
TRIVET_MUST_USE enum trivet_status trivet_recording_find(const char *folder,
    const struct trivet_call *call, struct trivet_recording *out,
    struct trivet_error *err);

void trivet_recording_release(struct trivet_recording *recording);

#endif
