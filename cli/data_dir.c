/* SPDX-License-Identifier: Apache-2.0 */
/* data_dir.c - where a gateway of one's own keeps its things */
#define _DEFAULT_SOURCE
#include "cli/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

enum { OPTION_DATA = 0x100, OPTION_STORE };

static const struct argp_option options_table[] = {
    {"data", OPTION_DATA, "DIR", 0,
        "the data directory (default: $TRIVET_DATA, or trivet in "
        "$XDG_DATA_HOME or ~/.local/share)",
        0},
    {"store", OPTION_STORE, "URL", 0,
        "the store, when it is not in the data directory: " TRIVET_STORE_SQLITE
        " or " TRIVET_STORE_POSTGRES,
        0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct cli_data_options *options = state->input;

    switch (key) {
    case OPTION_DATA:
        options->data = arg;
        return 0;
    case OPTION_STORE:
        options->store = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_data_argp = {
    .options = options_table,
    .parser = parse_option,
};

static enum trivet_status
join(const char *dir, const char *separator, const char *name,
    char out[CLI_MAX_PATH], struct trivet_error *err)
{
    int len = snprintf(out, CLI_MAX_PATH, "%s%s%s", dir, separator, name);

    if (len < 0 || len >= CLI_MAX_PATH) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "data_dir", "the path is too long");
    }

    return TRIVET_OK;
}

enum trivet_status
cli_data_path(const char *dir, const char *name, char out[CLI_MAX_PATH],
    struct trivet_error *err)
{
    return join(dir, "/", name, out, err);
}

enum trivet_status
cli_absolute_path(
    const char *path, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    char here[CLI_MAX_PATH];

    if (path[0] == '/') {
        return join(path, "", "", out, err);
    }
    if (getcwd(here, sizeof here) == NULL) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "data_dir",
            "the current directory: %s", strerror(errno));
    }

    return join(here, "/", path, out, err);
}

enum trivet_status
cli_data_dir(const struct cli_data_options *options, char out[CLI_MAX_PATH],
    struct trivet_error *err)
{
    const char *dir = options->data;
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");

    if (dir == NULL) {
        dir = getenv("TRIVET_DATA");
    }
    if (dir == NULL && xdg != NULL && xdg[0] == '/') {
        return join(xdg, "/", "trivet", out, err);
    }
    if (dir == NULL && home != NULL && home[0] == '/') {
        return join(home, "/", ".local/share/trivet", out, err);
    }
    if (dir == NULL || dir[0] == '\0') {
        return trivet_error_set(err, TRIVET_E_USAGE, "data_dir",
            "no data directory: give --data DIR, or set HOME");
    }

    return cli_absolute_path(dir, out, err);
}

enum trivet_status
cli_make_dir(const char *path, struct trivet_error *err)
{
    char part[CLI_MAX_PATH];

    TRIVET_TRY(join(path, "", "", part, err));

    for (char *p = part + 1;; p++) {
        char kept = *p;

        if (kept != '/' && kept != '\0') {
            continue;
        }

        *p = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "data_dir",
                "%s: %s", part, strerror(errno));
        }
        *p = kept;

        if (kept == '\0') {
            return TRIVET_OK;
        }
    }
}

static enum trivet_status
fail_on(const char *path, struct trivet_error *err)
{
    enum trivet_status status =
        errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_UNAVAILABLE;

    return trivet_error_set(
        err, status, "file", "%s: %s", path, strerror(errno));
}

enum trivet_status
cli_read_file(const char *path, char *out, size_t cap, struct trivet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    if (fd < 0) {
        return fail_on(path, err);
    }

    while (len < cap) {
        ssize_t n = read(fd, out + len, cap - len);

        if (n < 0) {
            enum trivet_status status = fail_on(path, err);

            (void) close(fd);
            return status;
        }
        if (n == 0) {
            break;
        }

        len += (size_t) n;
    }

    (void) close(fd);
    if (len == cap) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "file", "%s: too large", path);
    }

    out[len] = '\0';
    return strlen(out) == len ? TRIVET_OK
                              : trivet_error_set(err, TRIVET_E_USAGE, "file",
                                  "%s: a zero byte: not a text", path);
}
