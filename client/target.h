/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - where a call goes: below the context's URL, and nowhere else
 *
 * Threads: any.
 */
#ifndef TRIVET_CLIENT_TARGET_H
#define TRIVET_CLIENT_TARGET_H

#include <stdbool.h>

#include "trivet/status.h"

/* url = "https://" host [":" port] [path], and nothing else in it. Blocks: no.
 */
bool trivet_base_url_is_usable(const char *url);

/*
 * Finds in `given` what follows the base URL and its slash. *out points into
 * `given`.
 *
 *   given = path    such as "user", "/user" and "/v1/user", which are the same
 *         / URL     of the base URL's scheme, host and port, and below its path
 *
 * TRIVET_E_USAGE  it is another server's URL, or may be read as one; or it
 *                 holds a blank, a control byte, a backslash, a "#" or a byte
 *                 that is not ASCII: such are written percent-encoded.
 * Blocks: no.
 */
TRIVET_MUST_USE enum trivet_status trivet_target_below(const char *base_url,
    const char *given, const char **out, struct trivet_error *err);

#endif
