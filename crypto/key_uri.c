/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_uri.c - private keys that are named by a URI: hardware, mostly
 *
 * OpenSSL's stores come first: a provider may bring one for any scheme. Debian
 * 12 has none for pkcs11, but an engine; engines are deprecated, so all that
 * has to do with them is in this file.
 */
#define _POSIX_C_SOURCE 200809L
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/secret.h"
#include "crypto/openssl.h"

enum {
    MIN_SCHEME = 2,
    MAX_URI = 1024,
    MAX_TRIES = 5,
    FIRST_WAIT_MS = 40 /* doubled with each try */
};

#define PKCS11 "pkcs11:"

/* PKCS#11's own numbers: with these, another try would only count. */
enum { PIN_INCORRECT = 0xa0, PIN_EXPIRED = 0xa3, PIN_LOCKED = 0xa4 };

bool
trivet_private_key_is_uri(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

    return len >= MIN_SCHEME && text[len] == ':';
}

/* ---- a store ----------------------------------------------------------- */

/* The first private key that the store has to give; NULL when it has none. */
static EVP_PKEY *
read_store(const char *uri)
{
    /* No method: who is asked for a PIN fails. */
    UI_METHOD *silent = UI_create_method("none");
    OSSL_STORE_CTX *store =
        silent == NULL ? NULL : OSSL_STORE_open(uri, silent, NULL, NULL, NULL);
    EVP_PKEY *pkey = NULL;

    if (store != NULL) {
        (void) OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    }

    while (store != NULL && pkey == NULL && OSSL_STORE_eof(store) == 0
           && OSSL_STORE_error(store) == 0)
    {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info != NULL
            && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY) {
            pkey = OSSL_STORE_INFO_get1_PKEY(info);
        }
        OSSL_STORE_INFO_free(info);
    }

    (void) OSSL_STORE_close(store);
    UI_destroy_method(silent);
    return pkey;
}

/* ---- the PKCS#11 engine ------------------------------------------------ */

/* The value of an attribute such as "module-path=", cut out of uri; empty when
 * it is not there. */
static void
take_attribute(char uri[MAX_URI], const char *name, char out[MAX_URI])
{
    char *found = strpbrk(uri, "?");
    char *end;
    size_t len;

    out[0] = '\0';
    while (found != NULL && strncmp(found + 1, name, strlen(name)) != 0) {
        found = strpbrk(found + 1, "&");
    }
    if (found == NULL) {
        return;
    }

    end = found + 1 + strcspn(found + 1, "&");
    len = (size_t) (end - found - 1) - strlen(name);
    memcpy(out, found + 1 + strlen(name), len);
    out[len] = '\0';

    /* "?a&b" without a is "?b"; "?a" without a is nothing. */
    if (*found == '?' && *end == '&') {
        found++;
        end++;
    }
    memmove(found, end, strlen(end) + 1);
}

/* "%41" is "A". */
static void
decode_percent(char text[MAX_URI])
{
    char *to = text;
    unsigned byte;

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '%' && isxdigit((unsigned char) p[1])
            && isxdigit((unsigned char) p[2])
            && sscanf(p + 1, "%2x", &byte) == 1)
        {
            *to++ = (char) byte;
            p += 2;
        } else {
            *to++ = *p;
        }
    }

    *to = '\0';
}

/* The engine repeats the URI in its complaints on stderr: a PIN goes its own
 * way. */
static bool
hand_over(ENGINE *engine, char uri[MAX_URI])
{
    static const struct {
        const char *attribute;
        const char *command;
    } rows[] = {{"module-path=", "MODULE_PATH"}, {"pin-value=", "PIN"}};
    char value[MAX_URI];
    bool is_done = true;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        take_attribute(uri, rows[i].attribute, value);
        decode_percent(value);
        if (value[0] != '\0') {
            is_done =
                is_done
                && ENGINE_ctrl_cmd_string(engine, rows[i].command, value, 0)
                       == 1;
        }
    }

    trivet_wipe(value, sizeof value);
    return is_done;
}

static EVP_PKEY *
read_engine(ENGINE *engine, char uri[MAX_URI])
{
    UI_METHOD *silent = UI_create_method("none");
    EVP_PKEY *pkey = NULL;

    if (silent != NULL && hand_over(engine, uri) && ENGINE_init(engine) == 1) {
        pkey = ENGINE_load_private_key(engine, uri, silent, NULL);
        (void) ENGINE_finish(engine); /* the key holds it */
    }

    UI_destroy_method(silent);
    return pkey;
}

static EVP_PKEY *
read_pkcs11(const char *uri)
{
    char copy[MAX_URI];
    EVP_PKEY *pkey = NULL;
    ENGINE *engine;

    if (snprintf(copy, sizeof copy, "%s", uri) >= MAX_URI) {
        return NULL;
    }

    ENGINE_load_dynamic();
    engine = ENGINE_by_id("pkcs11");
    if (engine != NULL) {
        pkey = read_engine(engine, copy);
        ENGINE_free(engine);
    }

    trivet_wipe(copy, sizeof copy); /* a PIN may be in it */
    return pkey;
}

/* ---- either ------------------------------------------------------------ */

static EVP_PKEY *
read_uri(const char *uri)
{
    EVP_PKEY *pkey = read_store(uri);

    if (pkey == NULL && strncmp(uri, PKCS11, strlen(PKCS11)) == 0) {
        ERR_clear_error();
        pkey = read_pkcs11(uri);
    }

    return pkey;
}

static bool
is_about_pin(void)
{
    int reason = ERR_GET_REASON(ERR_peek_error());

    return reason == PIN_INCORRECT || reason == PIN_EXPIRED
           || reason == PIN_LOCKED;
}

/* A token's library may fail while another process opens or leaves the token:
 * SoftHSM does. */
static EVP_PKEY *
read_patiently(const char *uri)
{
    EVP_PKEY *pkey = read_uri(uri);
    long wait_ms = FIRST_WAIT_MS;

    for (int i = 1; i < MAX_TRIES && pkey == NULL && !is_about_pin(); i++) {
        const struct timespec wait = {.tv_nsec = wait_ms * 1000000L};

        (void) nanosleep(&wait, NULL);
        wait_ms *= 2;
        ERR_clear_error();
        pkey = read_uri(uri);
    }

    return pkey;
}

enum trivet_status
trivet_private_key_open(const char *location, struct trivet_private_key **out,
    struct trivet_error *err)
{
    static const char file[] = "file:";
    EVP_PKEY *pkey;

    if (!trivet_private_key_is_uri(location)) {
        return trivet_private_key_load(location, out, err);
    }

    /* A store would not look at the file's mode. */
    if (strncmp(location, file, strlen(file)) == 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "key.open",
            "name a key file by its path, not by a file: URI");
    }

    pkey = strncmp(location, PKCS11, strlen(PKCS11)) == 0
               ? read_patiently(location)
               : read_uri(location);
    if (pkey == NULL) {
        return trivet_openssl_error(err, TRIVET_E_UNAVAILABLE, "key.open",
            "that URI gives no private key");
    }

    TRIVET_TRY(trivet_openssl_wrap(pkey, out, err));

    (*out)->lock = CRYPTO_THREAD_lock_new();
    if ((*out)->lock == NULL) {
        trivet_private_key_free(*out);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "key.open", "out of memory");
    }

    ERR_clear_error();
    return TRIVET_OK;
}
