/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation.h - an operator's calls (authority/operator/call.h), as commands
 * run them
 */
#ifndef TRIVET_CLI_OPERATION_H
#define TRIVET_CLI_OPERATION_H

#include "authority/operator/call.h"
#include "authority/operator/place.h"
#include "cli/data_dir.h"

/* Who asks what of which store. Zeroes but data and store will do. */
struct cli_operation {
    const struct cli_data_options *data;
    struct trivet_store *store; /* NULL for calls that need none */

    /* as of struct trivet_operation */
    enum trivet_status (*show)(
        void *user, const json_t *row, struct trivet_error *err);
    void *user;
    bool is_lost;
};

/*
 * Runs the call of that name. given is taken over; NULL: it could not be made,
 * and the call fails by TRIVET_E_MEMORY. *out_rows,
 * also on failure: the rows, which are the caller's; NULL: there are none.
 */
TRIVET_MUST_USE enum trivet_status cli_operation_run(
    struct cli_operation *operation, const char *name, json_t *given,
    json_t **out_rows, struct trivet_error *err);

/* The name by which this user is in the audit log: $TRIVET_OPERATOR, $SUDO_USER
 * or the login name; "" when none is known. */
const char *cli_operator_name(void);

#endif
