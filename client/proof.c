/* SPDX-License-Identifier: Apache-2.0 */
/* proof.c - whether an answer is the server's: its signature, in either form */
#include "client/proof.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/signature.h"

struct trivet_proof {
    struct trivet_verifier_cache *verifier;
    struct trivet_digest *digest;
    struct trivet_public_key key; /* der_len 0: not known yet */
};

enum trivet_status
trivet_proof_new(
    const char *server_key, struct trivet_proof **out, struct trivet_error *err)
{
    struct trivet_proof *proof = calloc(1, sizeof *proof);
    enum trivet_status status = TRIVET_OK;

    if (proof != NULL) {
        proof->verifier = trivet_verifier_cache_new(1);
        proof->digest = trivet_digest_new();
    }
    if (proof == NULL || proof->verifier == NULL || proof->digest == NULL) {
        status =
            trivet_error_set(err, TRIVET_E_MEMORY, "proof", "out of memory");
    } else if (server_key[0] != '\0') {
        status = trivet_public_key_parse(
            trivet_slice_text(server_key), &proof->key, err);
    }

    if (status != TRIVET_OK) {
        trivet_proof_free(proof);
        return status;
    }

    *out = proof;
    return TRIVET_OK;
}

void
trivet_proof_free(struct trivet_proof *proof)
{
    if (proof == NULL) {
        return;
    }

    trivet_verifier_cache_free(proof->verifier);
    trivet_digest_free(proof->digest);
    free(proof);
}

bool
trivet_proof_has_key(const struct trivet_proof *proof)
{
    return proof->key.der_len > 0;
}

struct trivet_slice
trivet_proof_key(const struct trivet_proof *proof)
{
    return trivet_slice_make(proof->key.der, proof->key.der_len);
}

/* ---- heads --------------------------------------------------------------- */

/* Bytes for the first line and all fields. */
static size_t
head_size(const struct trivet_header *headers, size_t num_headers)
{
    size_t size = TRIVET_MAX_URL + 8192;

    for (size_t i = 0; i < num_headers; i++) {
        size += strlen(headers[i].name) + strlen(headers[i].value) + 4;
    }

    return size;
}

/* The target of a URL: from the first slash behind the host. */
static struct trivet_slice
target_of(const char *url)
{
    const char *host = strstr(url, "//");
    const char *path = NULL;

    if (host != NULL) {
        path = strchr(host + 2, '/');
    }

    return trivet_slice_text(path == NULL ? "/" : path);
}

/* method NULL: of an answer with that status. */
static struct trivet_slice
make_head(const char *method, const char *url, unsigned status,
    const struct trivet_header *headers, size_t num_headers)
{
    struct trivet_field fields[TRIVET_MAX_WIRE_HEADERS];
    size_t size = head_size(headers, num_headers);
    char *data = malloc(size);
    struct trivet_writer writer = trivet_writer_make(data, size);
    enum trivet_status done;

    if (data == NULL || num_headers > TRIVET_MAX_WIRE_HEADERS) {
        free(data);
        return trivet_slice_make(NULL, 0);
    }

    for (size_t i = 0; i < num_headers; i++) {
        fields[i].name = trivet_slice_text(headers[i].name);
        /* Blanks around a value are not part of it. */
        fields[i].value =
            trivet_slice_trim(trivet_slice_text(headers[i].value));
    }

    if (method == NULL) {
        done = trivet_canonical_response_head(
            TRIVET_SCHEME_FULL, status, fields, num_headers, &writer);
    } else {
        done = trivet_canonical_request_head(TRIVET_SCHEME_FULL,
            trivet_slice_text(method), target_of(url), fields, num_headers,
            &writer);
    }
    if (done != TRIVET_OK) {
        free(data);
        return trivet_slice_make(NULL, 0);
    }

    return trivet_writer_slice(&writer);
}

struct trivet_slice
trivet_request_head(const char *method, const char *url,
    const struct trivet_header *headers, size_t num_headers)
{
    return make_head(method, url, 0, headers, num_headers);
}

struct trivet_slice
trivet_answer_head(const struct trivet_wire_answer *answer)
{
    return make_head(
        NULL, NULL, answer->status, answer->headers, answer->num_headers);
}

/* ---- checking ------------------------------------------------------------ */

static enum trivet_status
refuse(struct trivet_error *err, const char *what)
{
    return trivet_error_set(err, TRIVET_E_UNTRUSTED, "proof", "%s", what);
}

static enum trivet_status
decode(const struct trivet_proof *proof, struct trivet_slice signature,
    unsigned char out[TRIVET_MAX_SIGNATURE], struct trivet_error *err)
{
    size_t len = 0;

    if (!trivet_proof_has_key(proof)) {
        return trivet_error_set(err, TRIVET_E_NO_SESSION, "proof",
            "the server's key is not known yet: log in first");
    }
    if (trivet_base64_decode(signature, out, TRIVET_MAX_SIGNATURE, &len)
        != TRIVET_OK)
    {
        return refuse(err, "the server's signature is not base64");
    }

    if (len != TRIVET_SIGNATURE_LEN) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "proof",
            "the server's signature has %zu bytes, not 256", len);
    }

    return TRIVET_OK;
}

/* Whether raw is the signature of head and body. */
static enum trivet_status
try_one(struct trivet_proof *proof, struct trivet_slice head,
    struct trivet_slice body, const unsigned char *raw, bool *out_is_valid,
    struct trivet_error *err)
{
    struct trivet_slice key =
        trivet_slice_make(proof->key.der, proof->key.der_len);
    unsigned char digest[TRIVET_DIGEST_LEN];

    trivet_digest_start(proof->digest);
    trivet_digest_add(proof->digest, head);
    trivet_digest_add(proof->digest, body);
    if (trivet_digest_finish(proof->digest, digest) != TRIVET_OK
        || trivet_verify(proof->verifier, key, digest,
               trivet_slice_make(raw, TRIVET_SIGNATURE_LEN), out_is_valid)
               != TRIVET_OK)
    {
        return trivet_error_set(err, TRIVET_E_CRYPTO, "proof", "cannot verify");
    }

    return TRIVET_OK;
}

static enum trivet_status
refuse_signature(size_t body_len, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_UNTRUSTED, "proof",
        "the server's signature is wrong for the body of %zu bytes: the body "
        "was altered on the way, or signed with another key than this "
        "installation's",
        body_len);
}

enum trivet_status
trivet_proof_check(struct trivet_proof *proof, struct trivet_slice bytes,
    struct trivet_slice signature, struct trivet_error *err)
{
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    bool is_valid = false;

    TRIVET_TRY(decode(proof, signature, raw, err));
    TRIVET_TRY(
        try_one(proof, trivet_slice_make("", 0), bytes, raw, &is_valid, err));

    return is_valid ? TRIVET_OK : refuse_signature(bytes.len, err);
}

static enum trivet_status
try_scheme(struct trivet_proof *proof, const struct trivet_wire_answer *answer,
    enum trivet_scheme scheme, const unsigned char *raw, bool *out_is_valid,
    struct trivet_error *err)
{
    struct trivet_slice body = trivet_buffer_slice(&answer->body);
    struct trivet_slice head = trivet_slice_make("", 0);
    enum trivet_status status;

    if (scheme == TRIVET_SCHEME_BODY) {
        return try_one(proof, head, body, raw, out_is_valid, err);
    }

    head = trivet_answer_head(answer);
    if (head.data == NULL) {
        *out_is_valid = false; /* more than anybody signs */
        return TRIVET_OK;
    }

    status = try_one(proof, head, body, raw, out_is_valid, err);
    free((void *) (uintptr_t) head.data);

    return status;
}

enum trivet_status
trivet_proof_check_answer(struct trivet_proof *proof,
    const struct trivet_wire_answer *answer, const char *signature,
    enum trivet_scheme *scheme, struct trivet_error *err)
{
    const enum trivet_scheme other =
        *scheme == TRIVET_SCHEME_BODY ? TRIVET_SCHEME_FULL : TRIVET_SCHEME_BODY;
    unsigned char raw[TRIVET_MAX_SIGNATURE];
    bool is_valid = false;

    TRIVET_TRY(decode(proof, trivet_slice_text(signature), raw, err));
    TRIVET_TRY(try_scheme(proof, answer, *scheme, raw, &is_valid, err));
    if (is_valid) {
        return TRIVET_OK;
    }

    TRIVET_TRY(try_scheme(proof, answer, other, raw, &is_valid, err));
    if (!is_valid) {
        return refuse_signature(answer->body.len, err);
    }

    *scheme = other;
    return TRIVET_OK;
}
