/* SPDX-License-Identifier: Apache-2.0 */
/* server_keys_home.c - which data directory goes with a store */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/server_keys.h"

enum { MAX_CONF = 262144 /* bytes of nginx.conf, with the NUL */ };

/* The two name one file, each by "sqlite:PATH". */
static bool
is_same_store(const char *one, const char *other)
{
    static const char scheme[] = "sqlite:";
    size_t len = sizeof scheme - 1;
    struct stat a;
    struct stat b;

    if (strcmp(one, other) == 0) {
        return true;
    }

    return strncmp(one, scheme, len) == 0 && strncmp(other, scheme, len) == 0
           && stat(one + len, &a) == 0 && stat(other + len, &b) == 0
           && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The store that the directory's nginx.conf names; false when none does. */
static bool
find_store(const char *conf, char out[CLI_MAX_PATH])
{
    static const char directive[] = " trivet_store \"";
    const char *at = strstr(conf, directive);
    size_t len;

    if (at == NULL) {
        return false;
    }

    at += sizeof directive - 1;
    len = strcspn(at, "\"");
    if (len >= CLI_MAX_PATH) {
        return false;
    }

    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

static bool
serves(const char *dir, const char *store)
{
    char path[CLI_MAX_PATH];
    char named[CLI_MAX_PATH];
    char *conf = malloc(MAX_CONF);
    bool does = conf != NULL
                && cli_data_path(dir, "nginx.conf", path, NULL) == TRIVET_OK
                && cli_read_file(path, conf, MAX_CONF, NULL) == TRIVET_OK
                && find_store(conf, named) && is_same_store(named, store);

    free(conf);
    return does;
}

enum trivet_status
cli_server_keys_find_home(const struct cli_data_options *options,
    char dir[CLI_MAX_PATH], struct cli_server_keys_home *out,
    struct trivet_error *err)
{
    char own[CLI_MAX_PATH + sizeof "sqlite:/trivet.db"];
    enum trivet_status status = cli_data_dir(options, dir, err);

    out->is_own_store = options->store == NULL;
    out->dir = dir;
    if (out->is_own_store) {
        return status;
    }

    if (status != TRIVET_OK || !serves(dir, options->store)) {
        out->dir = NULL;
        return TRIVET_OK;
    }

    (void) snprintf(own, sizeof own, "sqlite:%s/trivet.db", dir);
    out->is_own_store = is_same_store(own, options->store);
    return TRIVET_OK;
}
