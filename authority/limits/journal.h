/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the last requests, in memory that workers share
 *
 * A ring of entries of one size: the oldest is written over. What was sent and
 * answered is kept in a sandbox alone, up to a maximum, and what lets somebody
 * in is cut out before it is kept.
 *
 * Zeroed memory of trivet_journal_size bytes, once trivet_journal_init has made
 * its mutex, is ready for use. Locks are held for as long as an entry is
 * copied.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_JOURNAL_H
#define TRIVET_AUTHORITY_LIMITS_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/limits.h"
#include "core/reason.h"
#include "crypto/digest.h"
#include "trivet/status.h"

enum {
    TRIVET_DEFAULT_JOURNAL = 1000,
    TRIVET_MAX_JOURNAL = 100000, /* entries */
    TRIVET_MAX_JOURNAL_METHOD = 16,
    TRIVET_MAX_JOURNAL_WORD = 64,
    TRIVET_MAX_JOURNAL_TARGET = 1024,
    TRIVET_MAX_JOURNAL_FIELDS = 4096,
    TRIVET_MAX_JOURNAL_BODY = 8192,
    TRIVET_MAX_JOURNAL_SIGNED =
        TRIVET_MAX_JOURNAL_FIELDS + TRIVET_MAX_JOURNAL_BODY
};

/* A text of at most its array's size; is_cut: it is not all, or not as it was:
 * there was more, or a secret was cut out. */
struct trivet_journal_text {
    size_t len;
    bool is_cut;
};

struct trivet_journal_entry {
    int64_t id; /* 1 is the first since the start; 0: none */
    int64_t at_us;
    int64_t took_ms; /* from the first byte to the last */
    int64_t verifying_ns;
    int64_t signing_ns;
    int64_t queued_ns;
    bool has_verified;
    bool has_signed;
    bool is_admitted;
    bool has_exchange; /* fields and bodies were kept */
    bool has_was_signed;
    bool has_digests; /* of what was signed, and of what should have been */
    unsigned status;  /* of the answer */
    enum trivet_reason reason;
    int64_t user_id;
    int64_t api_key_id;
    int64_t installation_id;
    int64_t device_id;
    int64_t session_id;
    char address[TRIVET_MAX_ADDRESS_TEXT];
    char method[TRIVET_MAX_JOURNAL_METHOD];
    char call[TRIVET_MAX_CALL_PATH
              + TRIVET_MAX_JOURNAL_METHOD]; /* of the
                         protocol's; "": of the API behind */
    char mistake[TRIVET_MAX_JOURNAL_WORD]; /* in the signature; "": not known */

    struct trivet_journal_text target_text;
    struct trivet_journal_text fields_text;
    struct trivet_journal_text body_text;
    struct trivet_journal_text signed_text; /* in front of the body */
    struct trivet_journal_text was_signed_text;
    struct trivet_journal_text answer_text;
    unsigned char signed_digest[TRIVET_DIGEST_LEN];
    unsigned char to_sign_digest[TRIVET_DIGEST_LEN];
    char target[TRIVET_MAX_JOURNAL_TARGET];
    char fields[TRIVET_MAX_JOURNAL_FIELDS]; /* "Name: value" LF, each */
    char signed_head[TRIVET_MAX_JOURNAL_FIELDS];
    char body[TRIVET_MAX_JOURNAL_BODY];
    char was_signed[TRIVET_MAX_JOURNAL_SIGNED];
    char answer[TRIVET_MAX_JOURNAL_BODY];
};

struct trivet_journal {
    pthread_mutex_t mutex;
    size_t num_entries;
    int64_t last_id;
    struct trivet_journal_entry entries[];
};

size_t trivet_journal_size(size_t num_entries);
TRIVET_MUST_USE enum trivet_status trivet_journal_init(
    struct trivet_journal *journal, size_t num_entries);

/* The entry to be filled, or NULL; then trivet_journal_end. Its texts are not
 * cleared, their lengths are. */
struct trivet_journal_entry *trivet_journal_begin(
    struct trivet_journal *journal);
void trivet_journal_end(struct trivet_journal *journal);

/* The first entry above id, copied; false: there is none. */
bool trivet_journal_next(struct trivet_journal *journal, int64_t id,
    struct trivet_journal_entry *out);
/* The id before the last num entries. */
int64_t trivet_journal_before_last(struct trivet_journal *journal, int64_t num);

/* Appends to a text of cap bytes what there is room for. */
void trivet_journal_put(struct trivet_journal_text *text, char *to, size_t cap,
    struct trivet_slice bytes);

/*
 * Cuts out, in place, by as many "*": runs of hex digits as long as tokens and
 * API keys are, and in JSON the texts and numbers of fields that hold secrets.
 * All of the text is cut out when a secret may be left in it, written in a way
 * that is not seen through.
 */
void trivet_journal_cut(struct trivet_journal_text *text, char *bytes);

#endif
