/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.c - the file of a private key */
#include "cli/serve/key_file.h"

#include "base/file.h"

enum trivet_status
cli_serve_check_key_mode(const char *path, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_ANY_OWNER,
        .forbidden_mode = 077,
        .accepts_read_only_mount = true,
        .accepts_any_kind = true,
        .content = "the private key",
    };
    enum trivet_status status = trivet_file_check_name(path, &rule, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}
