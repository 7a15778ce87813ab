/* SPDX-License-Identifier: Apache-2.0 */
/* parsed_keys.c - parsed client keys, in bounded memory */
#include "crypto/parsed_keys.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "crypto/openssl.h"

enum { MAX_USES = 3 };

struct parsed_key {
    uint64_t hash;
    size_t next; /* of the same list; num_keys: none */
    unsigned char der[TRIVET_MAX_PUBLIC_KEY_DER];
    size_t der_len;
    unsigned num_uses; /* since the hand was here, MAX_USES at most */
    EVP_PKEY_CTX *context;
};

struct trivet_verifier_cache {
    size_t num_keys;   /* places                                  */
    size_t num_filled; /* the first so many are                   */
    size_t hand;
    uint64_t num_misses;
    size_t *lists; /* num_keys, by hash: the first key of each */
    struct parsed_key keys[];
};

struct trivet_verifier_cache *
trivet_verifier_cache_new(size_t num_keys)
{
    struct trivet_verifier_cache *cache;

    if (num_keys == 0) {
        num_keys = 1;
    }

    cache = calloc(1, sizeof *cache + num_keys * sizeof cache->keys[0]);
    if (cache == NULL) {
        return NULL;
    }

    cache->lists = calloc(num_keys, sizeof cache->lists[0]);
    if (cache->lists == NULL) {
        free(cache);
        return NULL;
    }

    cache->num_keys = num_keys;
    for (size_t i = 0; i < num_keys; i++) {
        cache->lists[i] = num_keys;
    }

    return cache;
}

void
trivet_verifier_cache_free(struct trivet_verifier_cache *cache)
{
    if (cache == NULL) {
        return;
    }

    for (size_t i = 0; i < cache->num_filled; i++) {
        EVP_PKEY_CTX_free(cache->keys[i].context);
    }

    free(cache->lists);
    free(cache);
}

uint64_t
trivet_verifier_cache_misses(const struct trivet_verifier_cache *cache)
{
    return cache->num_misses;
}

static EVP_PKEY_CTX *
make_context(struct trivet_slice der)
{
    EVP_PKEY *pkey = trivet_openssl_public_key(der);
    EVP_PKEY_CTX *context = NULL;

    if (pkey != NULL) {
        context = EVP_PKEY_CTX_new(pkey, NULL);
    }

    EVP_PKEY_free(pkey); /* the context holds it */

    if (context != NULL
        && (EVP_PKEY_verify_init(context) != 1
            || !trivet_openssl_set_scheme(context)))
    {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }

    return context;
}

/* The bytes of a modulus are as good as random; an attacker who chose his keys
 * so that all are in one list makes it as long as the cache, no more, and only
 * the hashes of a list are compared. */
static size_t *
list_of(struct trivet_verifier_cache *cache, uint64_t hash)
{
    return &cache->lists[hash % cache->num_keys];
}

/* NULL: not there. */
static struct parsed_key *
find(
    struct trivet_verifier_cache *cache, struct trivet_slice der, uint64_t hash)
{
    size_t i = *list_of(cache, hash);

    while (i != cache->num_keys) {
        struct parsed_key *key = &cache->keys[i];

        if (key->hash == hash
            && trivet_slice_equal(
                trivet_slice_make(key->der, key->der_len), der))
        {
            return key;
        }
        i = key->next;
    }

    return NULL;
}

static void
take_out(struct trivet_verifier_cache *cache, size_t place)
{
    struct parsed_key *key = &cache->keys[place];
    size_t *link = list_of(cache, key->hash);

    while (*link != place) {
        link = &cache->keys[*link].next;
    }

    *link = key->next;
    EVP_PKEY_CTX_free(key->context);
    key->context = NULL;
}

/* A place that is free, or was made so. Each key has its uses taken in three
 * rounds at most, so the hand comes to an end. */
static size_t
make_room(struct trivet_verifier_cache *cache)
{
    size_t place;

    if (cache->num_filled < cache->num_keys) {
        return cache->num_filled++;
    }

    while (cache->keys[cache->hand].num_uses > 0) {
        cache->keys[cache->hand].num_uses--;
        cache->hand = (cache->hand + 1) % cache->num_keys;
    }

    place = cache->hand;
    cache->hand = (cache->hand + 1) % cache->num_keys;
    take_out(cache, place);
    return place;
}

static void
put(struct trivet_verifier_cache *cache, struct trivet_slice der, uint64_t hash,
    EVP_PKEY_CTX *context)
{
    size_t place = make_room(cache);
    size_t *list = list_of(cache, hash);
    struct parsed_key *key = &cache->keys[place];

    key->hash = hash;
    key->next = *list;
    memcpy(key->der, der.data, der.len);
    key->der_len = der.len;
    key->num_uses = 0;
    key->context = context;
    *list = place;
}

EVP_PKEY_CTX *
trivet_verifier_cache_get(
    struct trivet_verifier_cache *cache, struct trivet_slice der)
{
    const uint64_t hash = trivet_hash_add(TRIVET_HASH_START, der);
    struct parsed_key *key = find(cache, der, hash);
    EVP_PKEY_CTX *context;

    if (key != NULL) {
        if (key->num_uses < MAX_USES) {
            key->num_uses++;
        }
        return key->context;
    }

    cache->num_misses++;
    context = make_context(der);
    if (context != NULL) {
        put(cache, der, hash, context);
    }

    return context;
}
