/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_driver.c - many signatures through the gateway's verifier
 *
 * Reads lines of two kinds, in hex, and writes a line for each:
 *
 *   key DER              -> taken | refused: whether installation takes it. The
 *                           key's PEM is what is read; it is of what follows.
 *   case MESSAGE SIGNATURE  -> yes | no: whether the signature is of the body,
 *                              with a key that was taken
 *   stored MESSAGE SIGNATURE -> the same with a key that is in a store already
 *
 * "-" is the empty MESSAGE or SIGNATURE. Ends with 1 on any other line.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/signature.h"

enum { MAX_LINE = 1 << 20, MAX_DER = 4096 };

struct bytes {
    unsigned char data[MAX_LINE / 2];
    size_t len;
};

static struct {
    struct trivet_verifier_cache *cache;
    struct bytes der;
    struct trivet_public_key key;
    bool is_taken;
} here;

static struct trivet_slice
slice_of(const struct bytes *bytes)
{
    return trivet_slice_make(bytes->data, bytes->len);
}

static bool
read_hex(const char *text, struct bytes *out)
{
    out->len = 0;
    if (strcmp(text, "-") == 0) {
        return true;
    }

    for (; text[0] != '\0'; text += 2) {
        unsigned byte;

        if (sscanf(text, "%2x", &byte) != 1 || text[1] == '\0') {
            return false;
        }
        out->data[out->len++] = (unsigned char) byte;
    }

    return true;
}

/* The key as a client sends it, into PEM and through installation's check. */
static bool
take_key(const char *hex)
{
    char pem[2 * MAX_DER + 64];
    char base64[2 * MAX_DER];

    if (!read_hex(hex, &here.der) || here.der.len > MAX_DER) {
        return false;
    }

    (void) EVP_EncodeBlock(
        (unsigned char *) base64, here.der.data, (int) here.der.len);
    (void) snprintf(pem, sizeof pem,
        "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", base64);
    here.is_taken =
        trivet_public_key_parse(trivet_slice_text(pem), &here.key, NULL)
        == TRIVET_OK;

    return puts(here.is_taken ? "taken" : "refused") >= 0;
}

static bool
judge(
    struct trivet_slice der, const char *message_hex, const char *signature_hex)
{
    static struct bytes message;
    static struct bytes signature;
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool does_fit = false;

    if (!read_hex(message_hex, &message) || !read_hex(signature_hex, &signature)
        || trivet_sha256(slice_of(&message), digest) != TRIVET_OK)
    {
        return false;
    }

    if (trivet_verify(here.cache, der, digest, slice_of(&signature), &does_fit)
        != TRIVET_OK)
    {
        does_fit = false;
    }

    return puts(does_fit ? "yes" : "no") >= 0;
}

static bool
obey(const char *word, const char *first, const char *second)
{
    if (strcmp(word, "key") == 0) {
        return take_key(first);
    }
    if (second == NULL) {
        return false;
    }
    if (strcmp(word, "stored") == 0) {
        return judge(slice_of(&here.der), first, second);
    }
    if (strcmp(word, "case") != 0) {
        return false;
    }

    return here.is_taken ? judge(
               trivet_slice_make(here.key.der, here.key.der_len), first, second)
                         : puts("no") >= 0;
}

int
main(void)
{
    static char line[MAX_LINE];
    bool is_good = true;

    here.cache = trivet_verifier_cache_new(4);
    if (here.cache == NULL) {
        return 1;
    }

    while (is_good && fgets(line, sizeof line, stdin) != NULL) {
        const char *word = strtok(line, " \n");
        const char *first = strtok(NULL, " \n");
        const char *second = strtok(NULL, " \n");

        is_good = word != NULL && first != NULL && obey(word, first, second);
    }

    trivet_verifier_cache_free(here.cache);

    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
