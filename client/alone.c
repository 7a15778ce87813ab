/* SPDX-License-Identifier: Apache-2.0 */
/* alone.c - what needs no open context: users, pins, files */
#define _POSIX_C_SOURCE 200809L
#include "client/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/pin.h"

enum { MAX_LOCK_WAIT_S = 60 };

static enum trivet_status
out_of_memory(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "context", "out of memory");
}

/* A worker of settings alone, without a file. */
static enum trivet_status
make_lone_worker(const struct trivet_settings *settings,
    struct trivet_worker **out, struct trivet_error *err)
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
        .is_harmless = true}; /* a user more that nobody knows */
    struct trivet_wire_answer answer;
    enum trivet_status status;
    bool is_verified;

    TRIVET_TRY(
        trivet_worker_exchange(worker, &order, &answer, &is_verified, err));
    status = answer.status == 200
                 ? trivet_client_message_read_api_key(
                     trivet_slice_make(answer.body, answer.body_len), out, err)
                 : trivet_refusal_explain(&answer, base_url, order.path, err);
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

    status = make_lone_worker(settings, &worker, err);
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

/* Writes text to a file that must not be there yet. */
static enum trivet_status
write_new(const char *to, struct trivet_slice text, struct trivet_error *err)
{
    char lock_path[TRIVET_MAX_FILE_PATH];
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (snprintf(lock_path, sizeof lock_path, "%s.lock", to)
        >= (int) sizeof lock_path)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "context.import", "the path is too long");
    }

    TRIVET_TRY(
        trivet_file_lock_acquire(lock_path, MAX_LOCK_WAIT_S, &lock, err));
    status = access(to, F_OK) == 0 ? trivet_error_set(
                 err, TRIVET_E_CONFLICT, "context.import", "%s exists", to)
                                   : trivet_file_replace(to, text, err);
    trivet_file_lock_release(&lock);

    return status;
}

/* Puts what was given over what the file says. Another URL is what was asked
 * for, and no conflict as when a context is opened. */
static enum trivet_status
apply_options(const struct trivet_context_options *options,
    struct trivet_record *record, struct trivet_error *err)
{
    struct trivet_settings *settings;
    enum trivet_status status;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    if (settings->environment != TRIVET_ENVIRONMENT_UNSET) {
        record->base_url[0] = '\0';
    }
    status = trivet_settings_apply(settings, record, err);
    trivet_settings_free(settings);

    return status;
}

enum trivet_status
trivet_context_import(
    const char *from, const char *to, struct trivet_error *err)
{
    return trivet_context_import_with(from, to, NULL, err);
}

enum trivet_status
trivet_context_import_with(const char *from, const char *to,
    const struct trivet_context_options *options, struct trivet_error *err)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_request_body body = {NULL, 0};
    struct trivet_file_text text = {NULL, 0};
    enum trivet_status status;

    if (record == NULL) {
        return out_of_memory(err);
    }

    /* SDKs write their files readable by all: the copy is not. */
    status = trivet_file_read(from, 0, &text, err);
    if (status == TRIVET_OK) {
        status = trivet_record_parse(
            trivet_slice_make(text.data, text.len), record, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_record_check_pair(
            trivet_slice_make(text.data, text.len), record, err);
    }
    if (status == TRIVET_OK && options != NULL) {
        status = apply_options(options, record, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_record_format(record, &body, err);
    }
    if (status == TRIVET_OK) {
        status = write_new(to, trivet_slice_make(body.data, body.len), err);
    }

    trivet_request_body_release(&body);
    trivet_file_text_release(&text);
    trivet_record_free(record);
    return status;
}

enum trivet_status
trivet_pin_learn(const struct trivet_context_options *options,
    struct trivet_pin *out, struct trivet_error *err)
{
    static const struct trivet_pin_set no_pins;
    struct trivet_certificate_facts facts;
    struct trivet_transport *transport;
    struct trivet_settings *settings;
    enum trivet_status status = TRIVET_OK;
    char *chain = NULL;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    transport = trivet_transport_new(
        &(struct trivet_transport_config){settings->ca_file, settings->proxy,
            &no_pins, settings->connect_timeout_s, settings->timeout_s});
    if (transport == NULL) {
        status = trivet_error_set(
            err, TRIVET_E_MEMORY, "pin.learn", "out of memory");
    } else {
        struct trivet_error ours = {
            .status = TRIVET_E_UNAVAILABLE, .where = "pin.learn"};

        chain =
            trivet_transport_fetch_chain(transport, settings->base_url, &ours);
        if (chain == NULL) {
            status = trivet_error_set(
                err, ours.status, ours.where, "%s", ours.detail);
        }
    }

    if (status == TRIVET_OK) {
        status = trivet_certificate_read(trivet_slice_text(chain), &facts);
    }
    if (status == TRIVET_OK) {
        memcpy(out->digest, facts.key_digest, sizeof out->digest);
        out->expires_us = 0;
    }

    free(chain);
    trivet_transport_free(transport);
    trivet_settings_free(settings);
    return status;
}
