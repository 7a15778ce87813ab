/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest_request.h - of the requests that are recorded, the one that is most
 * like another: fewest letters to change in method and path
 *
 * Blocks: as the file system does. Threads: any.
 */
#ifndef TRIVET_SIDECAR_NEAREST_REQUEST_H
#define TRIVET_SIDECAR_NEAREST_REQUEST_H

#include "trivet/status.h"

/* TRIVET_E_NOT_FOUND, with err that names it. */
TRIVET_MUST_USE enum trivet_status trivet_nearest_request_tell(
    const char *folder, const char *method, const char *path,
    struct trivet_error *err);

#endif
