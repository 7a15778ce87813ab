/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.c - several signatures at once */
#include "crypto/lanes/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct trivet_lanes {
    struct trivet_lane_library library;
    bool is_on;
    unsigned num_wrong;
    uint8_t *work; /* of the library; wiped after each use */
    size_t work_size;
};

/* A lane's bytes: what goes in, and what comes out. */
struct lane_bytes {
    unsigned char in[TRIVET_LANE_LEN];
    unsigned char out[TRIVET_LANE_LEN];
};

/* EMSA-PKCS1-v1_5: 0, 1, 255..., 0, SHA-256's name, the digest. */
static void
encode(const unsigned char digest[TRIVET_DIGEST_LEN],
    unsigned char out[TRIVET_LANE_LEN])
{
    static const unsigned char name[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20};
    size_t text_len = sizeof name + TRIVET_DIGEST_LEN;

    memset(out, 0xff, TRIVET_LANE_LEN);
    out[0] = 0;
    out[1] = 1;
    out[TRIVET_LANE_LEN - text_len - 1] = 0;
    memcpy(out + TRIVET_LANE_LEN - text_len, name, sizeof name);
    memcpy(
        out + TRIVET_LANE_LEN - TRIVET_DIGEST_LEN, digest, TRIVET_DIGEST_LEN);
}

/* in of each lane under its key into out. A lane that fails leaves zeros. */
static void
run_private(struct trivet_lanes *lanes, struct lane_bytes *bytes,
    const struct trivet_lane_key *const *keys, size_t num)
{
    const uint8_t *from[TRIVET_NUM_LANES] = {NULL};
    uint8_t *to[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *p[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *q[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *dp[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *dq[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *iq[TRIVET_NUM_LANES] = {NULL};

    for (size_t i = 0; i < num; i++) {
        memset(bytes[i].out, 0, sizeof bytes[i].out);
        from[i] = bytes[i].in;
        to[i] = bytes[i].out;
        p[i] = keys[i]->p;
        q[i] = keys[i]->q;
        dp[i] = keys[i]->dp;
        dq[i] = keys[i]->dq;
        iq[i] = keys[i]->iq;
    }

    /* What it says of each lane is not asked: each is verified. */
    (void) lanes->library.sign(from, to, p, q, dp, dq, iq, TRIVET_LANE_BITS,
        lanes->library.sign_method, lanes->work);
    trivet_wipe(lanes->work, lanes->work_size);
}

/* The same with public keys, each of TRIVET_LANE_WORDS words. */
static void
run_public(struct trivet_lanes *lanes, struct lane_bytes *bytes,
    const uint64_t *const *moduli, size_t num)
{
    const uint8_t *from[TRIVET_NUM_LANES] = {NULL};
    uint8_t *to[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *n[TRIVET_NUM_LANES] = {NULL};

    for (size_t i = 0; i < num; i++) {
        memset(bytes[i].out, 0, sizeof bytes[i].out);
        from[i] = bytes[i].in;
        to[i] = bytes[i].out;
        n[i] = moduli[i];
    }

    (void) lanes->library.verify(from, to, n, TRIVET_LANE_BITS,
        lanes->library.verify_method, lanes->work);
}

/* Signs these digests in lanes, and verifies what came: signatures[i].in has
 * it, out_fits[i] whether it is right. */
static void
sign_and_verify(struct trivet_lanes *lanes, const unsigned char *const *digests,
    const struct trivet_lane_key *const *keys, size_t num,
    struct lane_bytes *signatures, bool *out_fits)
{
    const uint64_t *moduli[TRIVET_NUM_LANES] = {NULL};
    unsigned char encoded[TRIVET_LANE_LEN];

    for (size_t i = 0; i < num; i++) {
        encode(digests[i], signatures[i].in);
        moduli[i] = keys[i]->n;
    }

    run_private(lanes, signatures, keys, num);
    for (size_t i = 0; i < num; i++) {
        memcpy(signatures[i].in, signatures[i].out, TRIVET_LANE_LEN);
    }

    run_public(lanes, signatures, moduli, num);
    for (size_t i = 0; i < num; i++) {
        encode(digests[i], encoded);
        out_fits[i] = memcmp(encoded, signatures[i].out, sizeof encoded) == 0;
    }
}

/* ---- the check at the beginning ------------------------------------------ */

struct answer {
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
};

/* Signatures that OpenSSL makes, one for each lane. */
static enum trivet_status
make_answers(const struct trivet_private_key *key,
    struct answer answers[TRIVET_NUM_LANES], struct trivet_error *err)
{
    struct trivet_signer *signer;
    enum trivet_status status = TRIVET_OK;

    TRIVET_TRY(trivet_signer_new(key, &signer, err));

    for (unsigned char i = 0; status == TRIVET_OK && i < TRIVET_NUM_LANES; i++)
    {
        char text[TRIVET_SIGNATURE_TEXT_LEN];
        size_t len;

        status =
            trivet_sha256(trivet_slice_make(&i, sizeof i), answers[i].digest);
        if (status == TRIVET_OK) {
            status = trivet_signer_sign(signer, answers[i].digest, text);
        }
        if (status == TRIVET_OK) {
            status = trivet_base64_decode(trivet_slice_make(text, sizeof text),
                answers[i].signature, sizeof answers[i].signature, &len);
        }
    }

    trivet_signer_free(signer);
    return status;
}

/* With num lanes: OpenSSL's signatures, and no wrong one is found right. */
static bool
are_known(struct trivet_lanes *lanes, const struct trivet_lane_key *key,
    const struct answer answers[TRIVET_NUM_LANES], size_t num)
{
    struct lane_bytes bytes[TRIVET_NUM_LANES];
    const struct trivet_lane_key *keys[TRIVET_NUM_LANES] = {NULL};
    const unsigned char *digests[TRIVET_NUM_LANES] = {NULL};
    const uint64_t *moduli[TRIVET_NUM_LANES] = {NULL};
    bool fits[TRIVET_NUM_LANES];

    for (size_t i = 0; i < num; i++) {
        keys[i] = key;
        moduli[i] = key->n;
        digests[i] = answers[(i + num) % TRIVET_NUM_LANES].digest;
    }

    sign_and_verify(lanes, digests, keys, num, bytes, fits);
    for (size_t i = 0; i < num; i++) {
        if (!fits[i]
            || memcmp(bytes[i].in,
                   answers[(i + num) % TRIVET_NUM_LANES].signature,
                   TRIVET_LANE_LEN)
                   != 0)
        {
            return false;
        }
        bytes[i].in[TRIVET_LANE_LEN - 1 - i] ^= 1;
    }

    run_public(lanes, bytes, moduli, num);
    for (size_t i = 0; i < num; i++) {
        unsigned char encoded[TRIVET_LANE_LEN];

        encode(digests[i], encoded);
        if (memcmp(encoded, bytes[i].out, sizeof encoded) == 0) {
            return false;
        }
    }

    return true;
}

static enum trivet_status
check(struct trivet_lanes *lanes, const struct trivet_private_key *key,
    struct trivet_error *err)
{
    struct answer answers[TRIVET_NUM_LANES];
    struct trivet_lane_key *lane_key;
    enum trivet_status status;

    TRIVET_TRY(trivet_lane_key_new(key, &lane_key, err));
    status = make_answers(key, answers, err);

    for (size_t num = 1; status == TRIVET_OK && num <= TRIVET_NUM_LANES; num++)
    {
        if (!are_known(lanes, lane_key, answers, num)) {
            status = trivet_error_set(err, TRIVET_E_CRYPTO, "lanes",
                "crypto_mb gives other signatures than OpenSSL in %zu lanes",
                num);
        }
    }

    trivet_lane_key_free(lane_key);
    return status;
}

enum trivet_status
trivet_lanes_probe(struct trivet_error *err)
{
    struct trivet_lane_library library;

    TRIVET_TRY(trivet_lane_library_open(&library, err));
    trivet_lane_library_close(&library);

    return TRIVET_OK;
}

enum trivet_status
trivet_lanes_new(const struct trivet_private_key *key,
    struct trivet_lanes **out, struct trivet_error *err)
{
    struct trivet_lanes *lanes = calloc(1, sizeof *lanes);
    enum trivet_status status;

    if (lanes == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "lanes", "out of memory");
    }

    status = trivet_lane_library_open(&lanes->library, err);
    if (status != TRIVET_OK) {
        free(lanes);
        return status;
    }

    lanes->work_size = lanes->library.sign_size;
    if (lanes->work_size < lanes->library.verify_size) {
        lanes->work_size = lanes->library.verify_size;
    }

    lanes->work = calloc(1, lanes->work_size);
    status = lanes->work == NULL ? trivet_error_set(
                 err, TRIVET_E_MEMORY, "lanes", "out of memory")
                                 : check(lanes, key, err);
    if (status != TRIVET_OK) {
        trivet_lanes_free(lanes);
        return status;
    }

    lanes->is_on = true;
    *out = lanes;
    return TRIVET_OK;
}

void
trivet_lanes_free(struct trivet_lanes *lanes)
{
    if (lanes != NULL) {
        free(lanes->work);
        trivet_lane_library_close(&lanes->library);
        free(lanes);
    }
}

bool
trivet_lanes_are_on(const struct trivet_lanes *lanes)
{
    return lanes != NULL && lanes->is_on;
}

/* ---- signing ------------------------------------------------------------- */

static void
take_lane(struct trivet_lanes *lanes, struct trivet_to_sign *wanted,
    const unsigned char *signature, bool does_fit, size_t num)
{
    if (does_fit) {
        (void) trivet_base64_encode(
            trivet_slice_make(signature, TRIVET_LANE_LEN), wanted->text);
        wanted->status = TRIVET_OK;
        wanted->num_lanes = (unsigned) num;
        return;
    }

    wanted->was_wrong = true;
    if (++lanes->num_wrong == TRIVET_LANES_MAX_WRONG) {
        lanes->is_on = false;
    }
}

static void
sign_in_lanes(struct trivet_lanes *lanes, struct trivet_to_sign *const wanted[],
    size_t num)
{
    struct lane_bytes signatures[TRIVET_NUM_LANES];
    const struct trivet_lane_key *keys[TRIVET_NUM_LANES] = {NULL};
    const unsigned char *digests[TRIVET_NUM_LANES] = {NULL};
    bool fits[TRIVET_NUM_LANES];

    for (size_t i = 0; i < num; i++) {
        keys[i] = wanted[i]->lane_key;
        digests[i] = wanted[i]->digest;
    }

    sign_and_verify(lanes, digests, keys, num, signatures, fits);
    for (size_t i = 0; i < num; i++) {
        take_lane(lanes, wanted[i], signatures[i].in, fits[i], num);
    }

    /* A wrong signature and the right one together tell the key. */
    trivet_wipe(signatures, sizeof signatures);
}

void
trivet_lanes_sign(struct trivet_lanes *lanes,
    struct trivet_to_sign *const wanted[], size_t num)
{
    struct trivet_to_sign *in_lanes[TRIVET_NUM_LANES];
    size_t num_in_lanes = 0;

    for (size_t i = 0; i < num; i++) {
        wanted[i]->num_lanes = 0;
        wanted[i]->was_wrong = false;
        if (trivet_lanes_are_on(lanes) && wanted[i]->lane_key != NULL) {
            in_lanes[num_in_lanes++] = wanted[i];
        }
    }

    if (num_in_lanes >= TRIVET_LANES_MIN_SIGN) {
        sign_in_lanes(lanes, in_lanes, num_in_lanes);
    }

    for (size_t i = 0; i < num; i++) {
        if (wanted[i]->num_lanes == 0) {
            wanted[i]->status = trivet_signer_sign(
                wanted[i]->signer, wanted[i]->digest, wanted[i]->text);
        }
    }
}

/* ---- verifying ----------------------------------------------------------- */

static void
verify_in_lanes(struct trivet_lanes *lanes,
    struct trivet_to_verify *const wanted[],
    uint64_t moduli[][TRIVET_LANE_WORDS], size_t num)
{
    struct lane_bytes bytes[TRIVET_NUM_LANES];
    const uint64_t *n[TRIVET_NUM_LANES] = {NULL};
    unsigned char encoded[TRIVET_LANE_LEN];

    for (size_t i = 0; i < num; i++) {
        memcpy(bytes[i].in, wanted[i]->signature.data, TRIVET_LANE_LEN);
        n[i] = moduli[i];
    }

    run_public(lanes, bytes, n, num);
    for (size_t i = 0; i < num; i++) {
        encode(wanted[i]->digest, encoded);
        if (memcmp(encoded, bytes[i].out, sizeof encoded) == 0) {
            wanted[i]->status = TRIVET_OK;
            wanted[i]->is_valid = true;
            wanted[i]->num_lanes = (unsigned) num;
        }
    }
}

void
trivet_lanes_verify(struct trivet_lanes *lanes,
    struct trivet_verifier_cache *cache,
    struct trivet_to_verify *const wanted[], size_t num)
{
    struct trivet_to_verify *in_lanes[TRIVET_NUM_LANES];
    uint64_t moduli[TRIVET_NUM_LANES][TRIVET_LANE_WORDS];
    size_t num_in_lanes = 0;

    for (size_t i = 0; i < num; i++) {
        wanted[i]->num_lanes = 0;
        if (trivet_lanes_are_on(lanes)
            && trivet_lane_modulus(
                wanted[i]->der, wanted[i]->signature, moduli[num_in_lanes]))
        {
            in_lanes[num_in_lanes++] = wanted[i];
        }
    }

    if (num_in_lanes >= TRIVET_LANES_MIN_VERIFY) {
        verify_in_lanes(lanes, in_lanes, moduli, num_in_lanes);
    }

    for (size_t i = 0; i < num; i++) {
        if (wanted[i]->num_lanes == 0 && cache == NULL) {
            wanted[i]->status = TRIVET_E_UNAVAILABLE;
            wanted[i]->is_valid = false;
        } else if (wanted[i]->num_lanes == 0) {
            wanted[i]->status = trivet_verify(cache, wanted[i]->der,
                wanted[i]->digest, wanted[i]->signature, &wanted[i]->is_valid);
        }
    }
}
