/* SPDX-License-Identifier: Apache-2.0 */
/* contexts.c - contexts by name */
#define _DEFAULT_SOURCE
#include "cli/contexts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "client/file_lock.h"
#include "client/secret_file.h"

static const char default_name[] = "default";

static const char *
get_variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static enum trivet_status
config_folder(char out[CLI_MAX_CONTEXT_PATH], struct trivet_error *err)
{
    static const struct {
        const char *variable;
        const char *below;
    } places[] = {
        {"TRIVET_CONFIG_DIR", ""},
        {"XDG_CONFIG_HOME", "/trivet"},
        {"HOME", "/.config/trivet"},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *value = get_variable(places[i].variable);

        if (value != NULL
            && snprintf(
                   out, CLI_MAX_CONTEXT_PATH, "%s%s", value, places[i].below)
                   < CLI_MAX_CONTEXT_PATH)
        {
            return TRIVET_OK;
        }
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "contexts",
        "no folder for contexts: set HOME or TRIVET_CONFIG_DIR");
}

/* folder + tail into out. */
static enum trivet_status
join(const char *folder, const char *tail, char out[CLI_MAX_CONTEXT_PATH],
    struct trivet_error *err)
{
    if (snprintf(out, CLI_MAX_CONTEXT_PATH, "%s%s", folder, tail)
        >= CLI_MAX_CONTEXT_PATH)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "contexts", "the path is too long");
    }

    return TRIVET_OK;
}

enum trivet_status
cli_context_folder(char out[CLI_MAX_CONTEXT_PATH], struct trivet_error *err)
{
    char config[CLI_MAX_CONTEXT_PATH];

    TRIVET_TRY(config_folder(config, err));

    return join(config, "/contexts", out, err);
}

/* Makes every folder of path, as `mkdir -p` does. */
static enum trivet_status
make_folders(const char *path, struct trivet_error *err)
{
    char part[CLI_MAX_CONTEXT_PATH];

    for (const char *slash = strchr(path + 1, '/');;
         slash = strchr(slash + 1, '/')) {
        size_t len = slash == NULL ? strlen(path) : (size_t) (slash - path);

        (void) snprintf(part, sizeof part, "%.*s", (int) len, path);
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return trivet_error_set(err, TRIVET_E_USAGE, "contexts", "%s: %s",
                part, strerror(errno));
        }
        if (slash == NULL) {
            return TRIVET_OK;
        }
    }
}

static bool
is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);

    return len > 0 && len < CLI_MAX_CONTEXT_NAME && text[0] != '.'
           && strspn(text, letters) == len;
}

void
cli_context_current(char out[CLI_MAX_CONTEXT_NAME])
{
    struct trivet_buffer text = {0};
    char folder[CLI_MAX_CONTEXT_PATH];
    char path[CLI_MAX_CONTEXT_PATH];
    const char *given = get_variable("TRIVET_CONTEXT");
    const char *name = given != NULL && is_name(given) ? given : default_name;

    (void) snprintf(out, CLI_MAX_CONTEXT_NAME, "%s", name);
    if (given != NULL || config_folder(folder, NULL) != TRIVET_OK
        || join(folder, "/current", path, NULL) != TRIVET_OK
        || trivet_secret_file_read(path, 0, &text, NULL) != TRIVET_OK)
    {
        return;
    }

    text.data[strcspn(text.data, "\n")] = '\0';
    if (is_name(text.data)) {
        (void) snprintf(out, CLI_MAX_CONTEXT_NAME, "%s", text.data);
    }
    trivet_buffer_free(&text);
}

enum trivet_status
cli_context_path(const char *given, bool makes_folders,
    char out[CLI_MAX_CONTEXT_PATH], struct trivet_error *err)
{
    char name[CLI_MAX_CONTEXT_NAME];
    char tail[CLI_MAX_CONTEXT_NAME + 8];
    char folder[CLI_MAX_CONTEXT_PATH];

    if (given == NULL) {
        given = get_variable("TRIVET_CONTEXT");
    }
    if (given != NULL && strchr(given, '/') != NULL) {
        return join(given, "", out, err);
    }
    if (given == NULL) {
        cli_context_current(name);
        given = name;
    }
    if (!is_name(given)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "contexts",
            "%.80s is not a name for a context: use letters, digits, . _ -",
            given);
    }

    TRIVET_TRY(cli_context_folder(folder, err));
    if (makes_folders) {
        TRIVET_TRY(make_folders(folder, err));
    }
    (void) snprintf(tail, sizeof tail, "/%s.json", given);

    return join(folder, tail, out, err);
}

/* For the file that names the current context. */
enum { MAX_LOCK_WAIT_S = 60 };

enum trivet_status
cli_context_use(const char *name, struct trivet_error *err)
{
    char folder[CLI_MAX_CONTEXT_PATH];
    char path[CLI_MAX_CONTEXT_PATH];
    char lock_path[CLI_MAX_CONTEXT_PATH];
    char line[CLI_MAX_CONTEXT_NAME + 1];
    struct trivet_file_lock lock;
    enum trivet_status status;

    if (!is_name(name)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "contexts",
            "%.80s is not a name for a context", name);
    }

    TRIVET_TRY(config_folder(folder, err));
    TRIVET_TRY(make_folders(folder, err));
    TRIVET_TRY(join(folder, "/current", path, err));
    TRIVET_TRY(join(path, ".lock", lock_path, err));
    (void) snprintf(line, sizeof line, "%s\n", name);

    TRIVET_TRY(
        trivet_file_lock_acquire(lock_path, MAX_LOCK_WAIT_S, &lock, err));
    status = trivet_secret_file_replace(path, trivet_slice_text(line), err);
    trivet_file_lock_release(&lock);

    return status;
}

static bool
starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
cli_context_is_meant(int argc, char **argv)
{
    char path[CLI_MAX_CONTEXT_PATH];

    for (int i = 1; i < argc; i++) {
        if (starts_with(argv[i], "--context") || starts_with(argv[i], "-c")) {
            return true;
        }
        if (starts_with(argv[i], "--data") || starts_with(argv[i], "--store")) {
            return false;
        }
    }

    return get_variable("TRIVET_DATA") == NULL
           && cli_context_path(NULL, false, path, NULL) == TRIVET_OK
           && access(path, F_OK) == 0;
}
