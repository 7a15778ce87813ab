/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_explain.c - why a signature does not fit
 *
 *   input = kind LF method LF target LF *( name ":" value LF ) LF body
 *
 * The kind says what is signed, and how the signature is spoilt. The property:
 * the explanation is "no mistake" exactly when the signature verifies.
 */
#include "build.h"
#include "crypto/explain.h"
#include "crypto/signature.h"
#include "tests/fuzz/fuzz.h"

enum {
    MAX_FIELDS = 8,
    MAX_BODY = 16 * 1024,
    MAX_HEAD = 16 * 1024,
    MAX_KEY = 8192
};

static struct trivet_signer *signer;
static struct trivet_public_key public_key;
static struct trivet_verifier_cache *verifiers;

static void
prepare(void)
{
    struct trivet_private_key *key;
    char pem[MAX_KEY];
    FILE *file;
    size_t len;

    if (signer != NULL) {
        return;
    }

    file = fopen(TRIVET_SOURCE "/tests/vectors/client-test-key.pem", "r");
    HOLDS(file != NULL);
    len = fread(pem, 1, sizeof(pem), file);
    (void) fclose(file);

    HOLDS(trivet_private_key_parse(trivet_slice_make(pem, len), &key, NULL)
          == TRIVET_OK);
    HOLDS(trivet_private_key_public(key, &public_key) == TRIVET_OK);
    HOLDS(trivet_signer_new(key, &signer, NULL) == TRIVET_OK);
    trivet_private_key_free(key);
    verifiers = trivet_verifier_cache_new(1);
    HOLDS(verifiers != NULL);
}

static size_t
read_fields(struct trivet_slice *input, struct trivet_field *fields)
{
    size_t num_fields = 0;

    while (num_fields < MAX_FIELDS) {
        struct trivet_slice line = take_until(input, '\n');

        if (line.len == 0) {
            break;
        }
        fields[num_fields].name = take_until(&line, ':');
        fields[num_fields].value = line;
        num_fields++;
    }

    return num_fields;
}

/* What the caller has signed: what it should have, or one of the mistakes. */
static void
digest_signed(const struct trivet_signed_message *message, uint8_t kind,
    struct trivet_slice right, unsigned char out[TRIVET_DIGEST_LEN])
{
    static unsigned char bytes[4 * (MAX_BODY + MAX_HEAD)];
    struct trivet_writer writer = trivet_writer_make(bytes, sizeof(bytes));
    struct trivet_mistake_search search;
    struct trivet_slice chosen = right;
    enum trivet_mistake mistake;
    unsigned char digest[TRIVET_DIGEST_LEN];

    HOLDS(trivet_sha256(right, digest) == TRIVET_OK);
    trivet_mistake_search_start(
        &search, message, trivet_slice_make(digest, sizeof(digest)), 0);
    for (unsigned i = 0; i < (kind & 63u); i++) {
        if (!trivet_mistake_search_next(&search, &writer, &mistake)) {
            break;
        }
        HOLDS(mistake > TRIVET_MISTAKE_NONE && mistake < TRIVET_NUM_MISTAKES);
        chosen = trivet_writer_slice(&writer);
    }
    HOLDS(trivet_sha256(chosen, out) == TRIVET_OK);
    trivet_mistake_search_end(&search);
}

/* Whether the header's signature is right, as the gateway judges it. */
static bool
verifies(struct trivet_slice text, const unsigned char *digest)
{
    unsigned char bytes[TRIVET_SIGNATURE_LEN];
    size_t len;
    bool fits = false;

    return trivet_base64_decode(text, bytes, sizeof(bytes), &len) == TRIVET_OK
           && trivet_verify(verifiers,
                  trivet_slice_make(public_key.der, public_key.der_len), digest,
                  trivet_slice_make(bytes, len), &fits)
                  == TRIVET_OK
           && fits;
}

static void
check(struct trivet_explain_input *input, uint8_t kind)
{
    static unsigned char bytes[MAX_BODY + MAX_HEAD];
    struct trivet_writer writer = trivet_writer_make(bytes, sizeof(bytes));
    struct trivet_explanation explanation;
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char given[TRIVET_DIGEST_LEN];
    char text[TRIVET_SIGNATURE_TEXT_LEN];

    if (!trivet_signed_message_write(&input->message, &writer)) {
        return;
    }

    digest_signed(&input->message, kind, trivet_writer_slice(&writer), given);
    HOLDS(trivet_signer_sign(signer, given, text) == TRIVET_OK);
    if ((kind & 64u) != 0) {
        text[kind % sizeof(text)] ^= 1;
    }
    HOLDS(trivet_sha256(trivet_writer_slice(&writer), digest) == TRIVET_OK);

    input->signature = trivet_slice_make(text, sizeof(text));
    HOLDS(trivet_explain(input, &explanation, NULL) == TRIVET_OK);
    HOLDS((explanation.mistake == TRIVET_MISTAKE_NONE)
          == verifies(input->signature, digest));
    HOLDS(trivet_mistake_row(explanation.mistake)->id != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice rest = trivet_slice_make(data, len);
    struct trivet_field fields[MAX_FIELDS];
    struct trivet_explain_input input = {.key = &public_key};
    uint8_t kind = take_byte(&rest);

    prepare();

    (void) take_until(&rest, '\n');
    input.message.scheme =
        (kind & 128u) != 0 ? TRIVET_SCHEME_FULL : TRIVET_SCHEME_BODY;
    input.message.method = take_until(&rest, '\n');
    input.message.target = take_until(&rest, '\n');
    input.message.fields = fields;
    input.message.num_fields = read_fields(&rest, fields);
    input.message.body = rest;

    if (rest.len <= MAX_BODY) {
        check(&input, kind);
    }
    return 0;
}
