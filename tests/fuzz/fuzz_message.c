/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_message.c - bodies of requests, as the gateway reads them */
#include "core/message/device.h"
#include "core/message/id.h"
#include "core/message/installation.h"
#include "core/message/permitted_ip.h"
#include "core/message/psp.h"
#include "core/message/session.h"
#include "tests/fuzz/fuzz.h"

static void
read_installation(struct trivet_slice body)
{
    static struct trivet_installation_request request;

    if (trivet_installation_request_read(body, &request).reason
        == TRIVET_REASON_NONE)
    {
        HOLDS(request.public_key_len <= sizeof(request.public_key));
    }
}

static void
read_device(struct trivet_slice body)
{
    static struct trivet_device_request request;

    if (trivet_device_request_read(body, &request).reason == TRIVET_REASON_NONE)
    {
        HOLDS(memchr(request.description, 0, sizeof(request.description)));
        HOLDS(request.api_key.len <= sizeof(request.api_key.bytes));
        HOLDS(request.permitted.num_addresses <= TRIVET_MAX_PERMITTED_IPS);
    }
}

static void
read_session(struct trivet_slice body)
{
    struct trivet_session_request request;

    if (trivet_session_request_read(body, &request).reason
        == TRIVET_REASON_NONE) {
        HOLDS(request.api_key.len <= sizeof(request.api_key.bytes));
    }
}

static void
read_permitted_ip(struct trivet_slice body)
{
    struct trivet_permitted_ip_request request;

    if (trivet_permitted_ip_request_read(body, &request).reason
            == TRIVET_REASON_NONE
        && request.has_address)
    {
        char text[TRIVET_MAX_ADDRESS_TEXT];
        struct trivet_address again;

        trivet_address_format(&request.address, text);
        HOLDS(
            trivet_address_parse(trivet_slice_text(text), &again) == TRIVET_OK);
        HOLDS(trivet_address_equal(&again, &request.address));
    }
}

static void
read_psp(struct trivet_slice body)
{
    static struct trivet_psp_request request;

    if (trivet_psp_request_read(body, &request).reason == TRIVET_REASON_NONE) {
        HOLDS(request.certificate_len <= sizeof(request.certificate));
        HOLDS(request.chain_len <= sizeof(request.chain));
        HOLDS(request.signature_len <= sizeof(request.signature));
    }
}

static void
read_empty(struct trivet_slice body)
{
    struct trivet_complaint complaint = trivet_empty_request_read(body);

    HOLDS(body.len > 0 || complaint.reason == TRIVET_REASON_NONE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice body = trivet_slice_make(data, len);

    read_installation(body);
    read_device(body);
    read_session(body);
    read_permitted_ip(body);
    read_psp(body);
    read_empty(body);
    return 0;
}
