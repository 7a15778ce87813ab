/* SPDX-License-Identifier: Apache-2.0 */
/*
 * padding.c - can a wrong RSA padding be told from a right one by the time?
 *
 *   bench-padding [ROUNDS]
 *
 * Decrypts bodies with a wrong HMAC, whose keys are padded rightly and wrongly
 * by turns (in an order made at random), and compares the times by Welch's t.
 * Prints one line for each kind. A |t| below 4.5 tells nothing; a leak that can
 * be used grows with the square root of ROUNDS.
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/digest.h"
#include "crypto/encryption.h"
#include "crypto/openssl.h"

enum { BLOCK = TRIVET_ENCRYPTED_KEY_LEN, NUM_KINDS = 5, PER_KIND = 64 };

static const struct {
    const char *name;
    size_t at;
    int value; /* -1: as it should be */
} kinds[NUM_KINDS] = {
    {"right", 0, -1},
    {"not 00 first", 0, 1},
    {"not 02", 1, 1},
    {"ends early", 100, 0},
    {"does not end", BLOCK - 33, 1},
};

struct sum {
    double n;
    double mean;
    double m2;
};

static struct {
    char key[TRIVET_ENCRYPTED_KEY_TEXT];
} texts[NUM_KINDS][PER_KIND];

static void
die(const char *what)
{
    (void) fprintf(stderr, "bench-padding: %s\n", what);
    exit(EXIT_FAILURE);
}

static void
craft(EVP_PKEY *pkey, size_t kind, char out[TRIVET_ENCRYPTED_KEY_TEXT])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    unsigned char block[BLOCK];
    unsigned char wrapped[BLOCK];
    size_t len = sizeof wrapped;

    if (trivet_random(block, sizeof block) != TRIVET_OK) {
        die("no random bytes");
    }
    for (size_t i = 2; i < BLOCK - 33; i++) {
        block[i] |= 1; /* not zero */
    }
    block[0] = 0;
    block[1] = 2;
    block[BLOCK - 33] = 0;
    if (kinds[kind].value >= 0) {
        block[kinds[kind].at] = (unsigned char) kinds[kind].value;
    }

    if (context == NULL || EVP_PKEY_encrypt_init(context) != 1
        || EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) != 1
        || EVP_PKEY_encrypt(context, wrapped, &len, block, BLOCK) != 1)
    {
        die("cannot encrypt");
    }
    (void) trivet_base64_encode(trivet_slice_make(wrapped, len), out);
    EVP_PKEY_CTX_free(context);
}

static double
time_one(struct trivet_decrypter *decrypter, const char *key)
{
    static const char iv[] = "AAAAAAAAAAAAAAAAAAAAAA==";
    static const char hmac[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    static const unsigned char body[64];
    struct trivet_encryption_received received = {
        trivet_slice_make(key, TRIVET_ENCRYPTED_KEY_TEXT),
        trivet_slice_text(iv), trivet_slice_text(hmac)};
    unsigned char out[96];
    size_t len;
    struct timespec from;
    struct timespec to;

    (void) clock_gettime(CLOCK_MONOTONIC, &from);
    if (trivet_decrypt(decrypter, &received,
            trivet_slice_make(body, sizeof body), out, &len)
        != TRIVET_E_MALFORMED)
    {
        die("what is wrong was decrypted");
    }
    (void) clock_gettime(CLOCK_MONOTONIC, &to);

    return (double) (to.tv_sec - from.tv_sec) * 1e9
           + (double) (to.tv_nsec - from.tv_nsec);
}

/* Welford's mean and variance. */
static void
add(struct sum *sum, double ns)
{
    double delta = ns - sum->mean;

    sum->n += 1;
    sum->mean += delta / sum->n;
    sum->m2 += delta * (ns - sum->mean);
}

static double
welch(const struct sum *a, const struct sum *b)
{
    double error = a->m2 / (a->n - 1) / a->n + b->m2 / (b->n - 1) / b->n;

    return (a->mean - b->mean) / sqrt(error);
}

static void
measure(struct trivet_decrypter *decrypter, long rounds)
{
    struct sum sums[NUM_KINDS] = {{0, 0, 0}};
    double limit = 0;

    /* What is slower than three times the usual was interrupted. */
    for (size_t i = 0; i < PER_KIND; i++) {
        limit += 3 * time_one(decrypter, texts[0][i].key) / PER_KIND;
    }

    for (long i = 0; i < rounds * NUM_KINDS; i++) {
        unsigned char chance[2];
        size_t kind;
        double ns;

        if (trivet_random(chance, sizeof chance) != TRIVET_OK) {
            die("no random bytes");
        }
        kind = chance[0] % NUM_KINDS;
        ns = time_one(decrypter, texts[kind][chance[1] % PER_KIND].key);
        if (ns < limit) {
            add(&sums[kind], ns);
        }
    }

    for (size_t kind = 0; kind < NUM_KINDS; kind++) {
        (void) printf("%-14s %7.0f times, mean %8.1f us, t = %5.2f\n",
            kinds[kind].name, sums[kind].n, sums[kind].mean / 1000,
            kind == 0 ? 0.0 : welch(&sums[kind], &sums[0]));
    }
}

int
main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 4000;
    struct trivet_private_key *key;
    struct trivet_decrypter *decrypter;

    if (trivet_private_key_generate(&key, NULL) != TRIVET_OK
        || trivet_decrypter_new(key, &decrypter, NULL) != TRIVET_OK)
    {
        die("no key");
    }
    for (size_t kind = 0; kind < NUM_KINDS; kind++) {
        for (size_t i = 0; i < PER_KIND; i++) {
            craft(key->pkey, kind, texts[kind][i].key);
        }
    }

    measure(decrypter, rounds);
    trivet_decrypter_free(decrypter);
    trivet_private_key_free(key);

    return EXIT_SUCCESS;
}
