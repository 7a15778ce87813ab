/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - the protocol's own calls: ONE table
 *
 * Pure: may be asked from any thread.
 */
#ifndef TRIVET_AUTHORITY_CALLS_H
#define TRIVET_AUTHORITY_CALLS_H

#include "authority/path.h"
#include "core/decide.h"
#include "core/limits.h"

struct trivet_protocol_call;

enum trivet_call_match {
    TRIVET_CALL_NONE = 0,     /* no such path: a call of the API behind */
    TRIVET_CALL_WRONG_METHOD, /* the path exists, not with this method  */
    TRIVET_CALL_FOUND
};

enum { TRIVET_MAX_ALLOW = 64 /* bytes of an Allow header, with the NUL */ };

struct trivet_call_search {
    const struct trivet_protocol_call *call;
    long long path_ids[TRIVET_MAX_PATH_IDS];
    char allow[TRIVET_MAX_ALLOW]; /* of WRONG_METHOD: the methods there are */
};

/*
 * Looks a call up. path is without its query; one slash at its end is passed
 * over. HEAD is found as GET. Sandbox calls are found in the sandbox only.
 */
enum trivet_call_match trivet_call_find(struct trivet_slice method,
    struct trivet_slice path, bool is_sandbox, struct trivet_call_search *out);

/* For counting: how many calls there are, the place of one in the table, and
 * what stands there. */
size_t trivet_call_num(void);
size_t trivet_call_index(const struct trivet_protocol_call *call);
void trivet_call_name(
    size_t index, const char **out_method, const char **out_path);

/* The sandbox's accounts stand in for those of the API behind, for reading:
 * other methods on them are that API's to answer. */
bool trivet_call_stands_in(const struct trivet_protocol_call *call);

struct trivet_rule trivet_call_rule(const struct trivet_protocol_call *call);

/* The path that call was found with, without a last slash. */
void trivet_call_path(const struct trivet_protocol_call *call,
    const long long ids[TRIVET_MAX_PATH_IDS], char out[TRIVET_MAX_CALL_PATH]);

#endif
