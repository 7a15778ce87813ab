/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - a path walked by hand: folder and name, links judged on the way
 *
 * A link that somebody else made in a folder that many may write to (/tmp)
 * must not lead us to read or overwrite what its maker chose. So every link on
 * the way is followed only when it belongs to us or to root. What is open is
 * the folder itself: nobody can put another in its place afterwards.
 */
#ifndef TRIVET_CLIENT_PLACE_H
#define TRIVET_CLIENT_PLACE_H

#include <stdbool.h>

#include "trivet/status.h"

enum {
    TRIVET_MAX_FILE_PATH = 4096, /* bytes, with the NUL */
    TRIVET_MAX_FILE_NAME = 256   /* of one part of it   */
};

struct trivet_place {
    int folder; /* of the folder that the name is in          */
    char name[TRIVET_MAX_FILE_NAME]; /* no link; perhaps not there yet      */
    char path[TRIVET_MAX_FILE_PATH]; /* absolute, without links             */
};

/*
 * Close the folder after use (trivet_place_release). follows_last: a link at
 * the end is followed too; else it is refused.
 *
 * TRIVET_E_NOT_FOUND  a folder on the way is missing.
 * TRIVET_E_USAGE      a link of another user, or one at the end that is not to
 *                     be followed; err names it. Or no folder.
 * Blocks: as the file system does.
 */
TRIVET_MUST_USE enum trivet_status trivet_place_find(const char *path,
    bool follows_last, struct trivet_place *out, struct trivet_error *err);
void trivet_place_release(struct trivet_place *place);

#endif
