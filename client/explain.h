/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - why a signature does not fit
 *
 * Opens the signature, so that it is known which digest was signed, and then
 * tries the ways in which a body is known to get changed until one has that
 * digest. Blocks: no.
 */
#ifndef TRIVET_CLIENT_EXPLAIN_H
#define TRIVET_CLIENT_EXPLAIN_H

#include "core/canonical.h"
#include "core/slice.h"
#include "crypto/key.h"
#include "trivet/status.h"

/* What is known of the message. */
struct trivet_explain_input {
    struct trivet_slice body;
    struct trivet_slice signature; /* as it stands in the header */
    const struct trivet_public_key *key;
    const struct trivet_public_key *other_key; /* NULL: none. The other side's
                                                  of the same installation */
    /* For the scheme before April 2020; method and status "" and 0: unknown */
    struct trivet_slice method;
    struct trivet_slice target;
    unsigned status;
    const struct trivet_field *fields;
    size_t num_fields;
};

/* What was found. Texts are static. */
struct trivet_explanation {
    bool fits;
    const char *id;   /* a stable word, such as "trailing-newline"  */
    const char *text; /* what is wrong, and what to do              */
    const char *hash; /* of "wrong-digest": which; else NULL        */
};

TRIVET_MUST_USE enum trivet_status trivet_explain(
    const struct trivet_explain_input *input, struct trivet_explanation *out,
    struct trivet_error *err);

#endif
