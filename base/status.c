/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - names of the statuses, and how an error is filled */
#include "trivet/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *
trivet_status_name(enum trivet_status status)
{
    static const char *const names[] = {
        [TRIVET_OK] = "ok",
        [TRIVET_E_LIMIT] = "limit",
        [TRIVET_E_MALFORMED] = "malformed",
        [TRIVET_E_NOT_FOUND] = "not found",
        [TRIVET_E_CONFLICT] = "conflict",
        [TRIVET_E_UNAVAILABLE] = "unavailable",
        [TRIVET_E_MEMORY] = "out of memory",
        [TRIVET_E_CRYPTO] = "crypto",
        [TRIVET_E_USAGE] = "usage",
        [TRIVET_E_INTERNAL] = "internal",
        [TRIVET_E_REFUSED] = "refused",
        [TRIVET_E_UNTRUSTED] = "untrusted",
        [TRIVET_E_THROTTLED] = "throttled",
        [TRIVET_E_NO_SESSION] = "no session",
        [TRIVET_E_OUTCOME_UNKNOWN] = "outcome unknown",
        [TRIVET_E_AGAIN] = "in the way",
    };

    if ((unsigned) status >= sizeof names / sizeof names[0]) {
        return "unknown";
    }

    return names[status];
}

enum trivet_status
trivet_error_set(struct trivet_error *err, enum trivet_status status,
    const char *where, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return status;
    }

    err->status = status;
    err->where = where;

    va_start(args, format);
    (void) vsnprintf(err->detail, sizeof err->detail, format, args);
    va_end(args);

    /* The detail may quote what a stranger sent: no control bytes in logs. */
    for (char *p = err->detail; *p != '\0'; p++) {
        if (*p < 0x20 || *p > 0x7e) {
            *p = '?';
        }
    }

    return status;
}
