/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_user.c - a new user in a sandbox, and its API key */
#include "trivet/client.h"

#include <string.h>

#include "client/refusal.h"
#include "client/settings.h"
#include "client/worker.h"
#include "core/message/api_key.h"

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

/* A worker made of the settings alone, without a context file. */
static enum trivet_status
make_worker(const struct trivet_settings *settings, struct trivet_worker **out,
    struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    status = trivet_settings_apply(settings, record, err);
    if (status == TRIVET_OK) {
        status = trivet_worker_new(settings, record, 0, out, err);
    }

    trivet_record_free(record);
    return status;
}

static enum trivet_status
ask_sandbox_user(struct trivet_worker *worker, const char *base_url,
    bool is_company, struct trivet_secret *out, struct trivet_error *err)
{
    const struct trivet_order order = {.method = "POST",
        .path = is_company ? "sandbox-user-company" : "sandbox-user-person",
        .is_harmless = true}; /* at worst an extra user that nobody knows */
    struct trivet_wire_answer answer;
    enum trivet_status status;
    bool is_verified;

    TRIVET_TRY(
        trivet_worker_exchange(worker, &order, &answer, &is_verified, err));
    if (answer.status == 200) {
        status = trivet_api_key_answer_read(
            trivet_buffer_slice(&answer.body), out, err);
    } else {
        status = trivet_refusal_explain(&answer, base_url, order.path, err);
    }
    trivet_wire_answer_release(&answer);

    return status;
}

enum trivet_status
trivet_sandbox_user(const struct trivet_context_options *options,
    bool is_company, char out[TRIVET_API_KEY_SIZE], struct trivet_error *err)
{
    struct trivet_settings *settings;
    struct trivet_worker *worker = NULL;
    struct trivet_secret api_key;
    enum trivet_status status;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    status = make_worker(settings, &worker, err);
    if (status == TRIVET_OK) {
        status = ask_sandbox_user(
            worker, settings->base_url, is_company, &api_key, err);
        trivet_worker_free(worker);
    }
    if (status == TRIVET_OK) {
        memcpy(out, api_key.bytes, api_key.len);
        out[api_key.len] = '\0';
        trivet_secret_wipe(&api_key);
    }

    trivet_settings_free(settings);
    return status;
}
