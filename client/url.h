/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h - the parts of a URL, as libcurl reads them
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_URL_H
#define TRIVET_CLIENT_URL_H

#include <stdbool.h>

#include "trivet/status.h"

enum { TRIVET_MAX_URL_PART = 512 }; /* bytes, with the NUL */

/* scheme://host[:port][/path] */
struct trivet_url {
    bool is_https;
    char host[TRIVET_MAX_URL_PART]; /* an IPv6 address in brackets           */
    unsigned port;                  /* the scheme's when none was given      */
    char path[TRIVET_MAX_URL_PART]; /* without a last slash; "" for the root */
};

/* TRIVET_E_MALFORMED for anything but an http or https URL of that form. */
TRIVET_MUST_USE enum trivet_status trivet_url_parse(
    const char *text, struct trivet_url *out, struct trivet_error *err);

/* Whether both are URLs with the same scheme, host and port. A port that is
 * left out is the scheme's. False when memory ran out. */
bool trivet_url_is_same_origin(const char *a, const char *b);

#endif
