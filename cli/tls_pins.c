/* SPDX-License-Identifier: Apache-2.0 */
/* tls_pins.c - the file `pins` of a data directory */
#include "cli/tls_pins.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define FILE_NAME "pins"

enum { MAX_TEXT = 512 };

enum trivet_status
cli_tls_pins_write(
    const char *dir, const struct cli_tls_pins *pins, struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    char text[MAX_TEXT];
    int len;

    TRIVET_TRY(cli_data_path(dir, FILE_NAME, path, err));

    len = snprintf(text, sizeof text, "%s served\n", pins->served);
    if (pins->next[0] != '\0') {
        (void) snprintf(
            text + len, sizeof text - (size_t) len, "%s next\n", pins->next);
    }

    return trivet_file_replace_whole(path, trivet_slice_text(text), 0644, err);
}

/* Reads "PIN role\n" at *at, which moves behind it. */
static bool
read_line(const char **at, const char *role, char *out, size_t size)
{
    size_t len = strcspn(*at, " \n");
    size_t role_len = strlen(role);
    const char *rest = *at + len;
    struct trivet_pin pin;

    if (len >= size || rest[0] != ' ' || strncmp(rest + 1, role, role_len) != 0
        || rest[1 + role_len] != '\n')
    {
        return false;
    }

    memcpy(out, *at, len);
    out[len] = '\0';
    *at = rest + role_len + 2;

    return trivet_pin_parse(out, &pin, NULL) == TRIVET_OK;
}

enum trivet_status
cli_tls_pins_read(
    const char *dir, struct cli_tls_pins *out, struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    char text[MAX_TEXT];
    const char *at = text;
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    TRIVET_TRY(cli_data_path(dir, FILE_NAME, path, err));

    status = cli_read_file(path, text, sizeof text, err);
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "pins",
            "%s: not there: no gateway has served from this data directory",
            path);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    if (!read_line(&at, "served", out->served, sizeof out->served)
        || (*at != '\0' && !read_line(&at, "next", out->next, sizeof out->next))
        || *at != '\0')
    {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "pins",
            "%s: not as \"trivet serve\" writes it; start that again", path);
    }

    return TRIVET_OK;
}
