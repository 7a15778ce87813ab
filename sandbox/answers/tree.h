/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - which file answers which path: folders in memory
 *
 * A folder's name is a part of the path; "_" is any id: a number, or a UUID. A
 * name that is said wins over "_".
 *
 * Pure. Once it is made, several threads may ask at once.
 */
#ifndef TRIVET_SANDBOX_ANSWERS_TREE_H
#define TRIVET_SANDBOX_ANSWERS_TREE_H

#include "sandbox/answers/template.h"

enum trivet_answer_method {
    TRIVET_ANSWER_GET = 0,
    TRIVET_ANSWER_POST,
    TRIVET_ANSWER_PUT,
    TRIVET_ANSWER_DELETE,
    TRIVET_NUM_ANSWER_METHODS
};

enum { TRIVET_MAX_ANSWER_NAME = 64 /* bytes of a part of a path */ };

struct trivet_answer_folder {
    char name[TRIVET_MAX_ANSWER_NAME + 1];
    struct trivet_answer_folder *child;
    struct trivet_answer_folder *next; /* beside it */
    struct trivet_template *answers[TRIVET_NUM_ANSWER_METHODS];
    struct trivet_template *object; /* what is kept; NULL: what POST answers */
    bool has_settings;
    bool is_store; /* what a POST makes is kept */
    bool is_list;  /* GET is answered a page at a time */
};

/* The parts of a path. */
struct trivet_answer_path {
    struct trivet_slice segments[TRIVET_MAX_ANSWER_SEGMENTS];
    size_t num;
};

/* "GET" of a method, and the other way round; false: not one of the four. HEAD
 * is found as GET. */
const char *trivet_answer_method_name(enum trivet_answer_method method);
bool trivet_answer_method_find(
    struct trivet_slice name, enum trivet_answer_method *out);

/* Whether bytes may be a part of a path: letters, digits, "-", "_", ".", not
 * "." or "..". */
bool trivet_answer_is_segment(struct trivet_slice name);

/* Cuts a path such as "/v1/user/12" into its parts below /v1. One slash at its
 * end is passed over. False: not below /v1, too many parts, or other bytes. */
bool trivet_answer_path_read(
    struct trivet_slice path, struct trivet_answer_path *out);

/* The folder for the first num parts that answers anything; NULL: none. */
const struct trivet_answer_folder *trivet_answer_find(
    const struct trivet_answer_folder *root,
    const struct trivet_answer_path *path, size_t num);

/* The folder's child of that name, which is made when there is none. NULL:
 * memory ran out. */
struct trivet_answer_folder *trivet_answer_child(
    struct trivet_answer_folder *folder, const char *name);

/* Frees what is below a folder and in it, not the folder. */
void trivet_answer_folder_release(struct trivet_answer_folder *folder);

#endif
