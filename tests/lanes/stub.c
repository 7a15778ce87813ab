/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stub.c - a libcrypto_mb that is right, or wrong as a test wants it
 *
 * OpenSSL computes, lane by lane. STUB_LANES in the environment, or the file
 * libcrypto_mb.so.11.mode beside it, says how it is wrong:
 *
 *   right     it is not
 *   later     lane 2 of each signing is wrong, but for the first eight calls,
 *             in which it is tried (default)
 *   N         from 1 to 8: a lane is wrong when there are N of them
 *   public    verifications find all right that begin with the same bytes
 *   unable    it says that the processor is the wrong one
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/bn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, LEN = 256, NUM_TRIED = 8, WRONG_LANE = 2 };

#pragma GCC visibility push(default)
uint64_t mbx_get_algo_info(int algorithm);
const void *mbx_RSA2K_private_crt_Method(void);
const void *mbx_RSA2K_pub65537_Method(void);
int mbx_RSA_Method_BufSize(const void *method);
uint32_t mbx_rsa_private_crt_mb8(const uint8_t *const from[LANES],
    uint8_t *const to[LANES], const uint64_t *const p[LANES],
    const uint64_t *const q[LANES], const uint64_t *const dp[LANES],
    const uint64_t *const dq[LANES], const uint64_t *const iq[LANES], int bits,
    const void *method, uint8_t *work);
uint32_t mbx_rsa_public_mb8(const uint8_t *const from[LANES],
    uint8_t *const to[LANES], const uint64_t *const n[LANES], int bits,
    const void *method, uint8_t *work);

#pragma GCC visibility pop

static unsigned num_calls;

/* nginx's workers have no environment: for them it is in a file beside this
 * library. */
static const char *
read_mode(void)
{
    static char text[16] = "later";
    char path[4096];
    Dl_info info;
    FILE *file = NULL;

    if (dladdr(&num_calls, &info) != 0) {
        (void) snprintf(path, sizeof path, "%s.mode", info.dli_fname);
        file = fopen(path, "r");
    }
    if (file != NULL) {
        if (fgets(text, sizeof text, file) == NULL) {
            text[0] = '\0';
        }
        (void) fclose(file);
    }

    return text;
}

static const char *
mode(void)
{
    const char *text = getenv("STUB_LANES");

    return text == NULL ? read_mode() : text;
}

uint64_t
mbx_get_algo_info(int algorithm)
{
    return algorithm == 1 && strcmp(mode(), "unable") != 0 ? LANES : 0;
}

const void *
mbx_RSA2K_private_crt_Method(void)
{
    static const int method;

    return &method;
}

const void *
mbx_RSA2K_pub65537_Method(void)
{
    static const int method;

    return &method;
}

int
mbx_RSA_Method_BufSize(const void *method)
{
    (void) method;

    return 64;
}

static BIGNUM *
number(const uint64_t *words, int num)
{
    return BN_lebin2bn((const unsigned char *) words, num * 8, NULL);
}

/* m1 = c^dp mod p, m2 = c^dq mod q, m2 + q * (iq * (m1 - m2) mod p) */
static void
sign_lane(const uint8_t *from, uint8_t *to, BIGNUM *const parts[5])
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *c = BN_bin2bn(from, LEN, NULL);
    BIGNUM *m1 = BN_new();
    BIGNUM *m2 = BN_new();
    BIGNUM *rest = BN_new();

    if (context != NULL && c != NULL && m1 != NULL && m2 != NULL && rest != NULL
        && BN_nnmod(rest, c, parts[0], context) == 1
        && BN_mod_exp(m1, rest, parts[2], parts[0], context) == 1
        && BN_nnmod(rest, c, parts[1], context) == 1
        && BN_mod_exp(m2, rest, parts[3], parts[1], context) == 1
        && BN_mod_sub(rest, m1, m2, parts[0], context) == 1
        && BN_mod_mul(rest, rest, parts[4], parts[0], context) == 1
        && BN_mul(rest, rest, parts[1], context) == 1
        && BN_add(rest, rest, m2) == 1)
    {
        (void) BN_bn2binpad(rest, to, LEN);
    }

    BN_free(rest);
    BN_free(m2);
    BN_free(m1);
    BN_free(c);
    BN_CTX_free(context);
}

/* Which lane is wrong; LANES: none. */
static int
wrong_lane(int num)
{
    const char *text = mode();

    num_calls++;
    if (strcmp(text, "later") == 0) {
        return num_calls > NUM_TRIED ? WRONG_LANE : LANES;
    }

    return text[0] >= '1' && text[0] <= '8' && text[0] - '0' == num ? num - 1
                                                                    : LANES;
}

static int
count(const uint8_t *const from[LANES])
{
    int num = 0;

    for (int i = 0; i < LANES; i++) {
        num += from[i] != NULL;
    }

    return num;
}

uint32_t
mbx_rsa_private_crt_mb8(const uint8_t *const from[LANES],
    uint8_t *const to[LANES], const uint64_t *const p[LANES],
    const uint64_t *const q[LANES], const uint64_t *const dp[LANES],
    const uint64_t *const dq[LANES], const uint64_t *const iq[LANES], int bits,
    const void *method, uint8_t *work)
{
    int wrong = wrong_lane(count(from));

    (void) method;
    memset(work, 0x5a, 64);

    for (int i = 0; i < LANES; i++) {
        BIGNUM *parts[5];

        if (from[i] == NULL) {
            continue;
        }

        parts[0] = number(p[i], bits / 128);
        parts[1] = number(q[i], bits / 128);
        parts[2] = number(dp[i], bits / 128);
        parts[3] = number(dq[i], bits / 128);
        parts[4] = number(iq[i], bits / 128);
        sign_lane(from[i], to[i], parts);
        for (int j = 0; j < 5; j++) {
            BN_clear_free(parts[j]);
        }

        if (i == wrong) {
            to[i][LEN - 1] ^= 1;
        }
    }

    return 0;
}

uint32_t
mbx_rsa_public_mb8(const uint8_t *const from[LANES], uint8_t *const to[LANES],
    const uint64_t *const n[LANES], int bits, const void *method, uint8_t *work)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *e = BN_new();
    BIGNUM *result = BN_new();

    (void) method;
    (void) work;

    for (int i = 0; i < LANES; i++) {
        BIGNUM *c, *modulus;

        if (from[i] == NULL) {
            continue;
        }

        c = BN_bin2bn(from[i], LEN, NULL);
        modulus = number(n[i], bits / 64);
        if (strcmp(mode(), "public") == 0) {
            (void) BN_clear_bit(c, 0); /* blind for the last bit */
        }
        if (BN_set_word(e, 65537) == 1
            && BN_mod_exp(result, c, e, modulus, context) == 1)
        {
            (void) BN_bn2binpad(result, to[i], LEN);
        }
        BN_free(modulus);
        BN_free(c);
    }

    BN_free(result);
    BN_free(e);
    BN_CTX_free(context);
    return 0;
}
