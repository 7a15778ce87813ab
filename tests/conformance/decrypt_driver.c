/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decrypt_driver.c - many RSAES-PKCS1-v1_5 ciphertexts through the decrypter
 *
 * Reads lines of two kinds, in hex, and writes a line for each:
 *
 *   key PEM            -> taken | refused: a private key
 *   case CIPHERTEXT N  -> the N bytes that it holds (or, when it holds none of
 *                         that length, random ones), or "malformed"
 *
 * "-" is an empty CIPHERTEXT, and an answer of no bytes. Ends with 1 on any
 * other line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encryption.h"

enum { MAX_LINE = 1 << 14 };

static struct {
    struct trivet_private_key *key;
    struct trivet_decrypter *decrypter;
    unsigned char bytes[MAX_LINE / 2];
    size_t len;
} here;

static bool
read_hex(const char *text)
{
    here.len = 0;
    if (strcmp(text, "-") == 0) {
        return true;
    }

    for (; text[0] != '\0'; text += 2) {
        unsigned byte;

        if (sscanf(text, "%2x", &byte) != 1 || text[1] == '\0') {
            return false;
        }
        here.bytes[here.len++] = (unsigned char) byte;
    }

    return true;
}

static void
forget_key(void)
{
    trivet_decrypter_free(here.decrypter);
    trivet_private_key_free(here.key);
    here.decrypter = NULL;
    here.key = NULL;
}

static bool
take_key(void)
{
    bool is_taken;

    forget_key();
    is_taken =
        trivet_private_key_parse(
            trivet_slice_make(here.bytes, here.len), &here.key, NULL)
            == TRIVET_OK
        && trivet_decrypter_new(here.key, &here.decrypter, NULL) == TRIVET_OK;

    return puts(is_taken ? "taken" : "refused") >= 0;
}

static bool
decrypt(size_t len)
{
    unsigned char out[TRIVET_ENCRYPTED_KEY_LEN];
    char text[2 * sizeof out + 2] = "-";
    enum trivet_status status;

    if (here.decrypter == NULL || len > sizeof out) {
        return false;
    }

    status = trivet_decrypter_unwrap(
        here.decrypter, trivet_slice_make(here.bytes, here.len), out, len);
    if (status != TRIVET_OK) {
        return status == TRIVET_E_MALFORMED && puts("malformed") >= 0;
    }
    if (len > 0) {
        trivet_hex_encode(trivet_slice_make(out, len), text);
        text[2 * len] = '\0';
    }

    return puts(text) >= 0;
}

static bool
obey(const char *word, const char *hex, const char *number)
{
    if (!read_hex(hex)) {
        return false;
    }
    if (strcmp(word, "key") == 0) {
        return take_key();
    }

    return strcmp(word, "case") == 0 && number != NULL
           && decrypt((size_t) strtoul(number, NULL, 10));
}

int
main(void)
{
    static char line[MAX_LINE];
    bool is_good = true;

    while (is_good && fgets(line, sizeof line, stdin) != NULL) {
        const char *word = strtok(line, " \n");
        const char *hex = strtok(NULL, " \n");
        const char *number = strtok(NULL, " \n");

        is_good = word != NULL && hex != NULL && obey(word, hex, number);
    }
    forget_key();

    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
