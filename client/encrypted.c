/* SPDX-License-Identifier: Apache-2.0 */
/* encrypted.c - bodies that only the other side can read: the client's part */
#include "client/encrypted.h"

#include <string.h>

#define CLIENT_KEY  "X-Bunq-Client-Encryption-Key"
#define CLIENT_IV   "X-Bunq-Client-Encryption-Iv"
#define CLIENT_HMAC "X-Bunq-Client-Encryption-Hmac"
#define SERVER_KEY  "X-Bunq-Server-Encryption-Key"
#define SERVER_IV   "X-Bunq-Server-Encryption-Iv"
#define SERVER_HMAC "X-Bunq-Server-Encryption-Hmac"

/* ---- the request --------------------------------------------------------- */

static bool
has_own_field(const struct trivet_order *order)
{
    static const char *const names[] = {CLIENT_KEY, CLIENT_IV, CLIENT_HMAC};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (trivet_wire_header(order->headers, order->num_headers, names[i])
            != NULL) {
            return true;
        }
    }

    return false;
}

static void
add_field(struct trivet_request *request, const char *name, char *to,
    const char *value, size_t len)
{
    memcpy(to, value, len);
    to[len] = '\0';
    request->headers[request->num_headers++] = (struct trivet_header){name, to};
}

enum trivet_status
trivet_request_encrypt(const struct trivet_order *order,
    struct trivet_slice server_key, struct trivet_request *request,
    struct trivet_buffer *out_body, struct trivet_error *err)
{
    struct trivet_encryption_fields fields;
    size_t len = TRIVET_CIPHERTEXT_LEN(order->body.len);
    struct trivet_buffer body = trivet_buffer_make(len);

    if (has_own_field(order)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "call",
            "the fields of encryption are set by trivet alone");
    }
    if (trivet_buffer_reserve(&body, len) != TRIVET_OK) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "call", "out of memory");
    }
    if (trivet_encrypt(
            server_key, order->body, (unsigned char *) body.data, &fields)
        != TRIVET_OK)
    {
        trivet_buffer_free(&body);
        return trivet_error_set(err, TRIVET_E_CRYPTO, "call.encrypt",
            "the body cannot be encrypted to the server's key");
    }

    body.len = len;
    body.data[len] = '\0';
    add_field(request, CLIENT_KEY, request->encryption.key, fields.key,
        sizeof fields.key);
    add_field(request, CLIENT_IV, request->encryption.iv, fields.iv,
        sizeof fields.iv);
    add_field(request, CLIENT_HMAC, request->encryption.hmac, fields.hmac,
        sizeof fields.hmac);

    *out_body = body;
    return TRIVET_OK;
}

/* ---- the answer ---------------------------------------------------------- */

/* Whether the field came; its value, "" when not. */
static bool
find_field(const struct trivet_wire_answer *answer, const char *name,
    struct trivet_slice *out)
{
    const char *value =
        trivet_wire_header(answer->headers, answer->num_headers, name);

    *out = trivet_slice_text(value == NULL ? "" : value);
    return value != NULL;
}

enum trivet_status
trivet_wire_answer_decrypt(struct trivet_wire_answer *answer,
    struct trivet_decrypter *decrypter, struct trivet_error *err)
{
    struct trivet_encryption_received received;
    size_t room = answer->body.len + TRIVET_AES_BLOCK_LEN;
    struct trivet_buffer plain = trivet_buffer_make(room);
    bool has_key = find_field(answer, SERVER_KEY, &received.key);
    bool has_iv = find_field(answer, SERVER_IV, &received.iv);
    bool has_hmac = find_field(answer, SERVER_HMAC, &received.hmac);

    if (decrypter == NULL || !(has_key || has_iv || has_hmac)) {
        return TRIVET_OK;
    }
    if (trivet_buffer_reserve(&plain, room) != TRIVET_OK) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "call", "out of memory");
    }
    if (trivet_decrypt(decrypter, &received, trivet_buffer_slice(&answer->body),
            (unsigned char *) plain.data, &plain.len)
        != TRIVET_OK)
    {
        trivet_buffer_free(&plain);
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "call.decrypt",
            "the answer is encrypted, and cannot be decrypted with this "
            "installation's key");
    }

    plain.data[plain.len] = '\0';
    trivet_buffer_free(&answer->body);
    answer->body = plain;
    answer->was_encrypted = true;
    return TRIVET_OK;
}

bool
trivet_has_encryption(const struct trivet_header *headers, size_t num_headers)
{
    return trivet_wire_header(headers, num_headers, CLIENT_HMAC) != NULL
           || trivet_wire_header(headers, num_headers, SERVER_HMAC) != NULL;
}
