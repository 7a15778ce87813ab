/* SPDX-License-Identifier: Apache-2.0 */
/* complaint.h - what is wrong with a request's body */
#ifndef TRIVET_TESTS_COMPLAINT_H
#define TRIVET_TESTS_COMPLAINT_H

#include "tests/unit/unit.h"

#include <string.h>

#include "core/message/device.h"
#include "core/message/installation.h"
#include "core/message/session.h"
#include "core/reason.h"

/* what: for the message of a failed test. field: NULL for none. */
static inline void
assert_complaint(const char *what, struct trivet_complaint complaint,
    enum trivet_reason reason, const char *field)
{
    if (complaint.reason != reason) {
        fail_msg("%s: %s", what, trivet_reason_row(complaint.reason)->id);
    }
    if (field == NULL) {
        assert_null(complaint.field);
    } else {
        assert_non_null(complaint.field);
        assert_string_equal(complaint.field, field);
    }
}

static inline struct trivet_complaint
read_device(struct trivet_slice body)
{
    static struct trivet_device_request request;

    return trivet_device_request_read(body, &request);
}

static inline struct trivet_complaint
read_session(struct trivet_slice body)
{
    static struct trivet_session_request request;

    return trivet_session_request_read(body, &request);
}

static inline struct trivet_complaint
read_installation(struct trivet_slice body)
{
    static struct trivet_installation_request request;

    return trivet_installation_request_read(body, &request);
}

#endif
