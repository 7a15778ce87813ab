/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - the pages of the console: the files of console/, in the program
 *
 * So that they are always those of the program that answers them.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_PAGES_H
#define TRIVET_AUTHORITY_OPERATOR_PAGES_H

#include "base/slice.h"

struct trivet_page_file {
    const char *path; /* such as "/app.css" */
    const char *type; /* of the content     */
    const unsigned char *data;
    size_t len;
};

/* NULL: there is none of that path. "/" is index.html. */
const struct trivet_page_file *trivet_page_find(struct trivet_slice path);

#endif
