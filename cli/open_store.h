/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_store.h - the store that --data and --store name
 *
 * An open store sets the time to decide by (cli/clock.h). When the machine's
 * clock is behind the latest time that the store has seen, standard error
 * reports it.
 */
#ifndef TRIVET_CLI_OPEN_STORE_H
#define TRIVET_CLI_OPEN_STORE_H

#include "cli/data_dir.h"
#include "store/store.h"
#include "trivet/status.h"

/* Opens the store of these options; *out is to be closed. The clock of the
 * data directory's sandbox counts. The store of a data directory must exist
 * ("trivet serve" makes it: TRIVET_E_NOT_FOUND); one of --store is made when
 * mode says so. */
TRIVET_MUST_USE enum trivet_status cli_open_store(
    const struct cli_data_options *options, enum trivet_store_mode mode,
    struct trivet_store **out, struct trivet_error *err);

/* The same for a URL, without a sandbox's clock. */
TRIVET_MUST_USE enum trivet_status cli_open_store_at(const char *url,
    enum trivet_store_mode mode, struct trivet_store **out,
    struct trivet_error *err);

#endif
