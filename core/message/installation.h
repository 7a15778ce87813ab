/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installation.h - POST installation: a client's public key for a token
 *
 *   request = {"client_public_key":..}
 *   answer  = {"Response":[ID, TOKEN, {"ServerPublicKey":
 *                                      {"server_public_key":..}}]}
 */
#ifndef TRIVET_CORE_MESSAGE_INSTALLATION_H
#define TRIVET_CORE_MESSAGE_INSTALLATION_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/secret.h"
#include "core/limits.h"
#include "core/reason.h"
#include "trivet/status.h"

struct trivet_list;

/* The PEM text exactly as received. */
struct trivet_installation_request {
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    size_t public_key_len;
};

/* Empty when memory ran out, or public_key (PEM) is not UTF-8. */
struct trivet_buffer trivet_installation_request_write(const char *public_key);

/* On a complaint, *out holds nothing of use. */
TRIVET_MUST_USE struct trivet_complaint trivet_installation_request_read(
    struct trivet_slice body, struct trivet_installation_request *out);

struct trivet_installation_answer {
    int64_t id; /* 0: the server told none */
    struct trivet_secret token;
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT]; /* of the server, PEM */
};

/* token is NUL-terminated hex; public_key a PEM with its last newline. */
struct trivet_buffer trivet_installation_answer_write(int64_t id,
    int64_t token_id, int64_t created_us, const char *token,
    const char *public_key);

/* TRIVET_E_MALFORMED: it is no such answer; err says what is missing. Wipe
 * out->token after use. */
TRIVET_MUST_USE enum trivet_status trivet_installation_answer_read(
    struct trivet_slice answer, struct trivet_installation_answer *out,
    struct trivet_error *err);

/* The element {"ServerPublicKey":..} of the list of an installation's keys. */
void trivet_list_add_server_key(struct trivet_list *list, const char *pem);

#endif
