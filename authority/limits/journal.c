/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - the last requests, in memory that workers share */
#include "authority/limits/journal.h"

#include <string.h>

#include "authority/limits/shared_mutex.h"
#include "core/secret_names.h"

/* Shorter runs are ids and digests' parts, not our tokens. */
enum { MIN_TOKEN = 40 };

size_t
trivet_journal_size(size_t num_entries)
{
    return sizeof(struct trivet_journal)
           + num_entries * sizeof(struct trivet_journal_entry);
}

enum trivet_status
trivet_journal_init(struct trivet_journal *journal, size_t num_entries)
{
    journal->num_entries = num_entries;
    journal->last_id = 0;

    return trivet_shared_mutex_init(&journal->mutex);
}

static struct trivet_journal_entry *
place_of(struct trivet_journal *journal, int64_t id)
{
    return &journal->entries[(size_t) (id - 1) % journal->num_entries];
}

static void
clear(struct trivet_journal_entry *entry)
{
    /* what is before the texts */
    memset(entry, 0, offsetof(struct trivet_journal_entry, target));
}

struct trivet_journal_entry *
trivet_journal_begin(struct trivet_journal *journal)
{
    struct trivet_journal_entry *entry;

    if (!trivet_shared_mutex_lock(&journal->mutex)) {
        return NULL;
    }

    journal->last_id++;
    entry = place_of(journal, journal->last_id);
    clear(entry);
    entry->id = journal->last_id;
    return entry;
}

void
trivet_journal_end(struct trivet_journal *journal)
{
    trivet_shared_mutex_unlock(&journal->mutex);
}

static int64_t
first_id(const struct trivet_journal *journal)
{
    int64_t num = (int64_t) journal->num_entries;

    return journal->last_id > num ? journal->last_id - num + 1 : 1;
}

bool
trivet_journal_next(struct trivet_journal *journal, int64_t id,
    struct trivet_journal_entry *out)
{
    int64_t next = id + 1;
    bool is_there;

    if (!trivet_shared_mutex_lock(&journal->mutex)) {
        return false;
    }

    if (next < first_id(journal)) {
        next = first_id(journal);
    }
    is_there = next <= journal->last_id;
    if (is_there) {
        *out = *place_of(journal, next);
    }

    trivet_shared_mutex_unlock(&journal->mutex);
    return is_there;
}

int64_t
trivet_journal_before_last(struct trivet_journal *journal, int64_t num)
{
    int64_t id = 0;

    if (trivet_shared_mutex_lock(&journal->mutex)) {
        id = journal->last_id > num ? journal->last_id - num : 0;
        trivet_shared_mutex_unlock(&journal->mutex);
    }

    return id;
}

void
trivet_journal_put(struct trivet_journal_text *text, char *to, size_t cap,
    struct trivet_slice bytes)
{
    size_t room = cap - text->len;

    if (bytes.len > room) {
        bytes.len = room;
        text->is_cut = true;
    }
    if (bytes.len > 0) {
        memcpy(to + text->len, bytes.data, bytes.len);
    }
    text->len += bytes.len;
}

/* ---- secrets ----------------------------------------------------------- */

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
           || (c >= 'A' && c <= 'F');
}

static void
hide(struct trivet_journal_text *text, char *from, size_t len)
{
    memset(from, '*', len);
    text->is_cut = text->is_cut || len > 0;
}

static void
cut_tokens(struct trivet_journal_text *text, char *bytes)
{
    size_t begin = 0;

    for (size_t i = 0; i <= text->len; i++) {
        if (i < text->len && is_hex(bytes[i])) {
            continue;
        }
        if (i - begin >= MIN_TOKEN) {
            hide(text, bytes + begin, i - begin);
        }
        begin = i + 1;
    }
}

/* The end of the JSON text that begins behind a quote; len: it has none. */
static size_t
find_end(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '"') {
        at += text[at] == '\\' ? 2 : 1;
    }

    return at < len ? at : len;
}

static size_t
skip_blanks(const char *text, size_t len, size_t at)
{
    while (at < len && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
    {
        at++;
    }

    return at;
}

/* Where the value begins that a name is followed by; len: no value is. */
static size_t
find_value(const char *text, size_t len, size_t at)
{
    at = skip_blanks(text, len, at);
    if (at >= len || text[at] != ':') {
        return len;
    }

    return skip_blanks(text, len, at + 1);
}

/* A PIN or a card's number may be sent as a number. Gives its end; at: it is
 * none. */
static size_t
find_number_end(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '\0'
           && strchr("+-.0123456789Ee", text[at]) != NULL)
    {
        at++;
    }

    return at;
}

/* bytes[at] is the quote of a text. Gives where to go on. *is_seen: false when
 * its name is written with escapes, which are not seen through. */
static size_t
cut_field(
    struct trivet_journal_text *text, char *bytes, size_t at, bool *is_seen)
{
    size_t len = text->len;
    size_t end = find_end(bytes, len, at + 1);
    struct trivet_slice name = trivet_slice_make(bytes + at + 1, end - at - 1);
    size_t value = end < len ? find_value(bytes, len, end + 1) : len;
    size_t value_end;

    if (value == len) {
        return end + 1; /* no name */
    }
    if (memchr(name.data, '\\', name.len) != NULL) {
        *is_seen = false;
    }
    if (!trivet_secret_is_member(name)) {
        return value;
    }
    if (bytes[value] != '"') {
        value_end = find_number_end(bytes, len, value);
        hide(text, bytes + value, value_end - value);
        return value_end;
    }

    value_end = find_end(bytes, len, value + 1);
    hide(text, bytes + value + 1, value_end - value - 1);
    return value_end + 1;
}

void
trivet_journal_cut(struct trivet_journal_text *text, char *bytes)
{
    bool is_seen = true;
    size_t at = 0;

    cut_tokens(text, bytes);
    while (at < text->len) {
        if (bytes[at] == '"') {
            at = cut_field(text, bytes, at, &is_seen);
        } else {
            at++;
        }
    }

    if (!is_seen) {
        hide(text, bytes, text->len);
    }
}
