/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_client_message.c - bodies of answers, as the client reads them */
#include "core/message/api_key.h"
#include "core/message/device.h"
#include "core/message/id.h"
#include "core/message/installation.h"
#include "core/message/session.h"
#include "core/message/text.h"
#include "tests/fuzz/fuzz.h"

static void
read_installation(struct trivet_slice body)
{
    static struct trivet_installation_answer answer;

    if (trivet_installation_answer_read(body, &answer, NULL) == TRIVET_OK) {
        HOLDS(memchr(answer.public_key, 0, sizeof(answer.public_key)));
        HOLDS(answer.token.len < sizeof(answer.token.bytes));
    }
}

static void
read_session(struct trivet_slice body)
{
    struct trivet_session_answer answer;

    if (trivet_session_answer_read(body, &answer, NULL) == TRIVET_OK) {
        HOLDS(answer.token.len < sizeof(answer.token.bytes));
        HOLDS(memchr(answer.holder.type, 0, sizeof(answer.holder.type)));
        HOLDS(memchr(answer.holder.name, 0, sizeof(answer.holder.name)));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice body = trivet_slice_make(data, len);
    struct trivet_secret api_key;
    int64_t id;

    read_installation(body);
    read_session(body);
    if (trivet_id_answer_read(body, &id, NULL) == TRIVET_OK) {
        HOLDS(id >= 0);
    }
    if (trivet_api_key_answer_read(body, &api_key, NULL) == TRIVET_OK) {
        HOLDS(api_key.len < sizeof(api_key.bytes));
    }
    return 0;
}
