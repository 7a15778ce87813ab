/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mistake.h - the known mistakes in making a signature: ONE table
 *
 * What each is called and how it is cured, and the bytes that were signed when
 * it was made. Pure: whoever can look into a signature (crypto/explain.h)
 * compares those bytes with what was signed.
 */
#ifndef TRIVET_CORE_MISTAKE_H
#define TRIVET_CORE_MISTAKE_H

#include "base/slice.h"
#include "base/writer.h"
#include "core/canonical.h"

enum trivet_mistake {
    TRIVET_MISTAKE_NONE = 0, /* the signature fits */

    /* how the signature is written */
    TRIVET_MISTAKE_NO_SIGNATURE,
    TRIVET_MISTAKE_SEVERAL_SIGNATURES,
    TRIVET_MISTAKE_TOO_MANY_FIELDS,
    TRIVET_MISTAKE_IGNORE,
    TRIVET_MISTAKE_HEX,
    TRIVET_MISTAKE_NOT_BASE64,
    TRIVET_MISTAKE_BASE64URL,
    TRIVET_MISTAKE_BASE64_FORM,
    TRIVET_MISTAKE_WRONG_SIZE,

    /* how, and with which key, it was made */
    TRIVET_MISTAKE_PSS,
    TRIVET_MISTAKE_NO_DIGEST_INFO,
    TRIVET_MISTAKE_WRONG_DIGEST,
    TRIVET_MISTAKE_OTHER_SIDE,
    TRIVET_MISTAKE_OTHER_INSTALLATION,
    TRIVET_MISTAKE_WRONG_KEY,

    /* what was signed: trivet_mistake_search_next */
    TRIVET_MISTAKE_NEWLINE_SENT,
    TRIVET_MISTAKE_NEWLINE_SIGNED,
    TRIVET_MISTAKE_CRLF_SIGNED_BEHIND,
    TRIVET_MISTAKE_LF_SIGNED,
    TRIVET_MISTAKE_CRLF_SIGNED,
    TRIVET_MISTAKE_BOM_SENT,
    TRIVET_MISTAKE_BOM_SIGNED,
    TRIVET_MISTAKE_EMPTY_BODY,
    TRIVET_MISTAKE_EMPTY_OBJECT,
    TRIVET_MISTAKE_DOUBLE_DIGEST,
    TRIVET_MISTAKE_HEX_DIGEST,
    TRIVET_MISTAKE_OLD_SCHEME,
    TRIVET_MISTAKE_BODY_ALONE,
    TRIVET_MISTAKE_NO_QUERY,
    TRIVET_MISTAKE_JSON_LAYOUT,

    /* none of these */
    TRIVET_MISTAKE_OTHER_BODY,
    TRIVET_MISTAKE_TOO_LARGE,

    TRIVET_NUM_MISTAKES
};

struct trivet_mistake_row {
    const char *id; /* a stable word, such as "trailing-newline"; several
                       ways of one mistake share it */
    const char
        *text; /* what is wrong, and the cure: no capital, no full stop */
};

/* The row of mistake. Static. */
const struct trivet_mistake_row *trivet_mistake_row(
    enum trivet_mistake mistake);

/* A sentence that says what was tried when nothing is right. Static. */
const char *trivet_mistake_tried(void);

/* A message whose signature does not fit. */
struct trivet_signed_message {
    enum trivet_scheme scheme;  /* by which it should have been signed      */
    struct trivet_slice method; /* of a request; "": not known              */
    struct trivet_slice target; /* path and query                           */
    unsigned status;            /* of an answer; 0: not known               */
    const struct trivet_field *fields; /* all of the header               */
    size_t num_fields;
    struct trivet_slice body;
};

/* Writes what should have been signed. False when out is full, or the scheme
 * asks for what is not known. */
bool trivet_signed_message_write(
    const struct trivet_signed_message *message, struct trivet_writer *out);

/*
 * Goes through what may have been signed instead, what is likely and cheap
 * first. Between start and end the message stays as it is. There are at most
 * TRIVET_MAX_MISTAKE_ATTEMPTS of them.
 */
enum { TRIVET_MAX_MISTAKE_ATTEMPTS = 40 };

struct trivet_mistake_search {
    const struct trivet_signed_message *message;
    struct trivet_slice digest; /* SHA-256 of what should have been signed */
    size_t work_left;
    bool has_given_up; /* the work was used up: not all was tried */
    size_t next;
    void *json; /* the body, when it has been parsed */
    bool is_parsed;
};

/* max_work: about the bytes that all attempts together may have, those of
 * JSON counted TRIVET_JSON_WORK times; 0: no limit. Hostile bodies cost no
 * more. */
enum { TRIVET_JSON_WORK = 8 };

void trivet_mistake_search_start(struct trivet_mistake_search *search,
    const struct trivet_signed_message *message, struct trivet_slice digest,
    size_t max_work);

/* Writes the next into out, from its beginning; what has no room is passed
 * over. False when there is none left. */
bool trivet_mistake_search_next(struct trivet_mistake_search *search,
    struct trivet_writer *out, enum trivet_mistake *out_mistake);

void trivet_mistake_search_end(struct trivet_mistake_search *search);

#endif
