/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.c - how this machine signs: several at once, or one by one */
#include "cli/lanes.h"

#include "cli/output.h"
#include "crypto/lanes/lanes.h"

static enum trivet_status
try_key(const char *location, struct trivet_error *err)
{
    struct trivet_private_key *key;
    struct trivet_lanes *lanes;
    enum trivet_status status;

    if (trivet_private_key_is_uri(location)) {
        return trivet_error_set(
            err, TRIVET_E_UNAVAILABLE, "lanes", "the server key is of a URI");
    }

    TRIVET_TRY(trivet_private_key_load(location, &key, err));
    status = trivet_lanes_new(key, &lanes, err);
    trivet_private_key_free(key);
    if (status == TRIVET_OK) {
        trivet_lanes_free(lanes);
    }

    return status;
}

void
cli_lanes_tell(bool is_off, const char *key)
{
    struct trivet_error err;
    enum trivet_status status;

    if (is_off) {
        cli_print("signatures: OpenSSL, one at a time (--lanes off)\n");
        return;
    }

    status = trivet_lanes_probe(&err);
    if (status == TRIVET_OK && key != NULL) {
        status = try_key(key, &err);
    }

    if (status == TRIVET_OK) {
        cli_print("signatures: crypto_mb, up to eight at a time\n");
    } else {
        cli_print("signatures: OpenSSL, one at a time (%s)\n", err.detail);
    }
}
