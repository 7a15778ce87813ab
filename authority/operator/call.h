/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.h - what an operator can do: the form of one call
 *
 * The commands of trivet(1) and the console run the same calls, so that
 * nothing can be done in one that the other does not check and audit. A call
 * takes a JSON object and gives rows, JSON objects too; both have the fields
 * that its tables name, and no others. docs/openapi/console.json is made from
 * these tables.
 *
 * Blocks (disk, database). Threads: one for each operation and its store.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_CALL_H
#define TRIVET_AUTHORITY_OPERATOR_CALL_H

#include <jansson.h>

#include "core/page.h"
#include "store/store.h"

struct trivet_operator_place; /* authority/operator/place.h */

/* Who may do it. */
enum trivet_operator_role {
    TRIVET_ROLE_NONE = 0,
    TRIVET_ROLE_VIEW,   /* looks     */
    TRIVET_ROLE_OPERATE /* and changes */
};

enum trivet_operator_type {
    TRIVET_TYPE_INTEGER = 0, /* from min to max                               */
    TRIVET_TYPE_ID,          /* above 0                                       */
    TRIVET_TYPE_TEXT,        /* from min to max bytes of UTF-8, no NUL        */
    TRIVET_TYPE_FLAG,        /* true or false                                 */
    TRIVET_TYPE_WORD,        /* one of words                                  */
    TRIVET_TYPE_MOMENT,      /* RFC 3339, in UTC; shown alone                 */
    TRIVET_TYPE_LIST,        /* of objects with the fields of items, or, when
                                there are none, of texts; shown alone         */
    TRIVET_NUM_TYPES
};

/* The last one of a table has no name. */
struct trivet_operator_field {
    const char *name;
    enum trivet_operator_type type;
    bool is_optional; /* given: it may be left out; shown: it may be null */
    int64_t min;
    int64_t max;
    const char *const *words; /* NULL at the end */
    const struct trivet_operator_field *items;
    const char *meaning;
};

/* One run of a call. */
struct trivet_operation {
    struct trivet_store *store;
    const struct trivet_operator_place *place; /* what goes with the store */
    int64_t now_us;                 /* that is written, and decided by       */
    int64_t (*clock_us)(void);      /* the machine's, with a sandbox's offset */
    const json_t *given;            /* borrowed; NULL: out of memory         */
    const struct trivet_page *page; /* of a list; NULL: all, in the order of
                                       ids                                   */
    json_t *rows; /* an array of what was found or done; the caller's, also
                     on failure: then of what can be told of it             */

    /* Is given what was made before it is there for others (NULL: nobody is
     * asked). Anything but TRIVET_OK: nothing is made. */
    enum trivet_status (*show)(
        void *data, const json_t *row, struct trivet_error *err);
    void *data;
    bool is_lost;  /* it was shown, but the commit failed */
    bool is_short; /* memory ran out: the rows lack something */

    struct trivet_error *err;
};

struct trivet_operator_call {
    const char *name;   /* such as "key.create"                       */
    const char *method; /* of the console                             */
    const char *path;   /* likewise; {NAME}: the field of that name   */
    const char *noun;   /* of a row in an answer, such as "ApiKey"    */
    enum trivet_operator_role role;
    bool is_of_sandbox;
    bool is_paged;
    const struct trivet_operator_field *given;
    const struct trivet_operator_field *shown;
    enum trivet_status (*run)(
        struct trivet_operation *operation); /* NULL: of the console itself */
    const char *summary;
};

/* The table; the last one has no name. */
extern const struct trivet_operator_call trivet_operator_calls[];

/* By its name, which is in the table. */
const struct trivet_operator_call *trivet_operator_call(const char *name);

/*
 * Checks what is given by the call's table, and runs it.
 *
 * TRIVET_E_USAGE      a field is missing, unknown or of another type; or as the
 *                     call says.
 * TRIVET_E_NOT_FOUND  there is no such thing; or no sandbox, for its calls.
 * TRIVET_E_CONFLICT   it cannot be done as things are.
 * Others              as of store.h.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_run(
    const struct trivet_operator_call *call,
    struct trivet_operation *operation);

#endif
