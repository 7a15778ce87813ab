/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c - a bounded memory of answers that were worked out before
 *
 * Sets of a few slots. A slot has a sequence number, odd while somebody writes:
 * a reader that finds it odd, or changed under its eyes, has found nothing; a
 * writer that finds it odd takes another slot. A writer that dies in the middle
 * leaves its slot odd for good: that costs the slot.
 */
#include "core/memo.h"

#include <stdatomic.h>
#include <string.h>

enum {
    NUM_WAYS = 4,
    NUM_KEY_WORDS = 1 + TRIVET_MEMO_DIGEST_LEN / 8,
    LINE = 64 /* bytes that processors share at once */
};

/* All words, so that no read is ever of half a word. */
struct slot {
    _Atomic uint64_t sequence; /* 0: empty; odd: being written */
    _Atomic uint64_t is_used;  /* asked for since it was last passed over */
    _Atomic uint64_t words[];  /* the key, then the value */
};

struct trivet_memo {
    uint64_t num_sets;
    uint64_t num_value_words;
    uint64_t slot_size;
    _Atomic uint64_t hand; /* where the next search for room begins */
    unsigned char padding[LINE - 4 * sizeof(uint64_t)];
    unsigned char slots[];
};

static size_t
size_of_slot(size_t value_len)
{
    size_t size = sizeof(struct slot) + NUM_KEY_WORDS * 8 + value_len;

    return (size + LINE - 1) / LINE * LINE;
}

static size_t
sets_for(size_t num_entries)
{
    return (num_entries + NUM_WAYS - 1) / NUM_WAYS;
}

size_t
trivet_memo_size(size_t num_entries, size_t value_len)
{
    return sizeof(struct trivet_memo)
           + sets_for(num_entries) * NUM_WAYS * size_of_slot(value_len);
}

size_t
trivet_memo_fit(size_t size, size_t value_len)
{
    if (size < sizeof(struct trivet_memo)) {
        return 0;
    }

    return (size - sizeof(struct trivet_memo))
           / (NUM_WAYS * size_of_slot(value_len)) * NUM_WAYS;
}

struct trivet_memo *
trivet_memo_init(void *memory, size_t num_entries, size_t value_len)
{
    struct trivet_memo *memo = memory;

    memo->num_sets = sets_for(num_entries);
    memo->num_value_words = value_len / 8;
    memo->slot_size = size_of_slot(value_len);

    return memo;
}

static void
key_words(const struct trivet_memo_key *key, uint64_t out[NUM_KEY_WORDS])
{
    out[0] = key->tag;
    memcpy(&out[1], key->digest, TRIVET_MEMO_DIGEST_LEN);
}

/* The digest is as good as random, whatever it is of. */
static struct slot *
slot_at(struct trivet_memo *memo, const uint64_t *words, size_t way)
{
    uint64_t set = (words[1] ^ words[0]) % memo->num_sets;

    return (
        struct slot *) (void *) (memo->slots
                                 + (set * NUM_WAYS + way) * memo->slot_size);
}

static bool
has_key(struct slot *slot, const uint64_t *words)
{
    for (size_t i = 0; i < NUM_KEY_WORDS; i++) {
        if (atomic_load_explicit(&slot->words[i], memory_order_relaxed)
            != words[i]) {
            return false;
        }
    }

    return true;
}

/* Whether slot holds the key; its value, then, to out unless NULL. */
static bool
read_slot(const struct trivet_memo *memo, struct slot *slot,
    const uint64_t *words, unsigned char *out)
{
    uint64_t sequence =
        atomic_load_explicit(&slot->sequence, memory_order_acquire);

    if (sequence == 0 || sequence % 2 != 0 || !has_key(slot, words)) {
        return false;
    }

    for (size_t i = 0; out != NULL && i < memo->num_value_words; i++) {
        uint64_t word = atomic_load_explicit(
            &slot->words[NUM_KEY_WORDS + i], memory_order_relaxed);

        memcpy(out + i * 8, &word, 8);
    }

    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&slot->sequence, memory_order_relaxed)
           == sequence;
}

bool
trivet_memo_get(
    struct trivet_memo *memo, const struct trivet_memo_key *key, void *out)
{
    uint64_t words[NUM_KEY_WORDS];

    key_words(key, words);

    for (size_t way = 0; way < NUM_WAYS; way++) {
        struct slot *slot = slot_at(memo, words, way);

        if (read_slot(memo, slot, words, out)) {
            /* Written only when it changes: readers share the line. */
            if (!atomic_load_explicit(&slot->is_used, memory_order_relaxed)) {
                atomic_store_explicit(&slot->is_used, 1, memory_order_relaxed);
            }
            return true;
        }
    }

    return false;
}

static bool
write_slot(const struct trivet_memo *memo, struct slot *slot,
    const uint64_t *words, const unsigned char *value)
{
    uint64_t sequence =
        atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    if (sequence % 2 != 0
        || !atomic_compare_exchange_strong_explicit(&slot->sequence, &sequence,
            sequence + 1, memory_order_acquire, memory_order_relaxed))
    {
        return false;
    }

    atomic_thread_fence(memory_order_release);

    for (size_t i = 0; i < NUM_KEY_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
    }

    for (size_t i = 0; i < memo->num_value_words; i++) {
        uint64_t word;

        memcpy(&word, value + i * 8, 8);
        atomic_store_explicit(
            &slot->words[NUM_KEY_WORDS + i], word, memory_order_relaxed);
    }

    atomic_store_explicit(&slot->is_used, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
    return true;
}

/* A slot that has the key, and may be written anew; or one that is empty. */
static bool
write_own_slot(struct trivet_memo *memo, const uint64_t *words,
    const void *value, bool is_changed)
{
    for (size_t way = 0; way < NUM_WAYS; way++) {
        struct slot *slot = slot_at(memo, words, way);

        if (read_slot(memo, slot, words, NULL)) {
            if (!is_changed || write_slot(memo, slot, words, value)) {
                return true;
            }
        }
        if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) == 0
            && write_slot(memo, slot, words, value))
        {
            return true;
        }
    }

    return false;
}

static void
write_value(struct trivet_memo *memo, const struct trivet_memo_key *key,
    const void *value, bool is_changed)
{
    uint64_t words[NUM_KEY_WORDS];
    uint64_t hand;

    key_words(key, words);
    if (write_own_slot(memo, words, value, is_changed)) {
        return;
    }

    /* Twice around: those that were asked for are passed over once. */
    hand = atomic_fetch_add_explicit(&memo->hand, 1, memory_order_relaxed);

    for (size_t i = 0; i < 2 * NUM_WAYS; i++) {
        struct slot *slot = slot_at(memo, words, (hand + i) % NUM_WAYS);

        if (atomic_exchange_explicit(&slot->is_used, 0, memory_order_relaxed)
            == 0) {
            if (write_slot(memo, slot, words, value)) {
                return;
            }
        }
    }
}

void
trivet_memo_put(struct trivet_memo *memo, const struct trivet_memo_key *key,
    const void *value)
{
    write_value(memo, key, value, false);
}

void
trivet_memo_set(struct trivet_memo *memo, const struct trivet_memo_key *key,
    const void *value)
{
    write_value(memo, key, value, true);
}
