/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serving.h - a gateway that serves a data directory, and who changes what it
 * is configured with
 *
 * Whoever serves holds a lock (cli/serving.h). Who changed something asks the
 * holder, by SIGUSR1, to take it in; the holder says how that went in a file.
 * Blocks.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_SERVING_H
#define TRIVET_AUTHORITY_OPERATOR_SERVING_H

#include "authority/operator/place.h"

enum { TRIVET_MAX_DATA_PATH = 4096 /* bytes, with the NUL */ };

/* dir/name; TRIVET_E_LIMIT when that is too long. */
TRIVET_MUST_USE enum trivet_status trivet_data_path(const char *dir,
    const char *name, char out[TRIVET_MAX_DATA_PATH], struct trivet_error *err);

/*
 * Waits for others, processes or threads, that change the same things. The
 * caller ends it by trivet_serving_end_change(*out_fd), or by its own end. The
 * lock of a directory that is not there, or not known (NULL), is nobody's:
 * *out_fd is -1 then.
 */
TRIVET_MUST_USE enum trivet_status trivet_serving_begin_change(
    const char *dir, int *out_fd, struct trivet_error *err);
void trivet_serving_end_change(int fd);

/* Has the gateway of the place, if any, take in what was changed, and waits for
 * that. *out: what became of it. Otherwise how it went. */
TRIVET_MUST_USE enum trivet_status trivet_serving_reload(
    const char *dir, enum trivet_operator_told *out, struct trivet_error *err);

/* Whether a gateway serves dir now. */
bool trivet_serving_is_running(const char *dir);

/* Whether the nginx.conf that the gateway of dir was last started, or reloaded,
 * with has this text. */
bool trivet_serving_is_configured(const char *dir, const char *text);

#endif
