/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - a path resolved part by part into an open folder and a name
 *
 * A link that another user made in a folder that many may write to (/tmp) must
 * not make us read or overwrite what its maker chose. So a link on the way is
 * followed only when it belongs to us or to root. The folder stays open: nobody
 * can replace it by another one afterwards.
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
    int folder;                      /* open (O_PATH)                       */
    char name[TRIVET_MAX_FILE_NAME]; /* in it; no link; may be missing yet  */
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

/* Whether errno_value, of a call that failed, says that no file can be made or
 * replaced in that folder, also at a later try. */
bool trivet_place_is_fixed(int errno_value);

#endif
