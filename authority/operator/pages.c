/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c - the pages of the console: the files of console/, in the program */
#include "authority/operator/pages.h"

#include "console.h"

const struct trivet_page_file *
trivet_page_find(struct trivet_slice path)
{
    if (trivet_slice_is(path, "/")) {
        path = trivet_slice_text("/index.html");
    }

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (trivet_slice_is(path, files[i].path)) {
            return &files[i];
        }
    }

    return NULL;
}
