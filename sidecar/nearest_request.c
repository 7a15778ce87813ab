/* SPDX-License-Identifier: Apache-2.0 */
/* nearest_request.c - of the requests that are recorded, the nearest */
#define _DEFAULT_SOURCE
#include "sidecar/nearest_request.h"

#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_LINE = 96, /* of method and path; what is behind does not count */
    MAX_PATH_HERE = 4096,
    MAX_FILES = 10000
};

struct search {
    char wanted[MAX_LINE];
    char nearest[MAX_LINE];
    size_t distance;
};

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* Levenshtein's. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[MAX_LINE + 1];
    size_t len = strlen(b);

    for (size_t i = 0; i <= len; i++) {
        row[i] = i;
    }

    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t above = row[j + 1];
            size_t cost = a[i] == b[j] ? 0 : 1;

            row[j + 1] = least(row[j] + 1, above + 1, diagonal + cost);
            diagonal = above;
        }
    }

    return row[len];
}

static void
look_at(struct search *search, const char *path)
{
    char line[MAX_LINE];
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *request = json_object_get(root, "request");
    const char *method = json_string_value(json_object_get(request, "method"));
    const char *target = json_string_value(json_object_get(request, "path"));

    if (method != NULL && target != NULL) {
        size_t found;

        (void) snprintf(line, sizeof line, "%s %s", method, target);
        found = distance(search->wanted, line);
        if (found < search->distance) {
            search->distance = found;
            memcpy(search->nearest, line, sizeof line);
        }
    }

    json_decref(root);
}

static void
look_at_all(struct search *search, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int num = 0;

    while (dir != NULL && num < MAX_FILES && (entry = readdir(dir)) != NULL) {
        char path[MAX_PATH_HERE];
        const char *end = strrchr(entry->d_name, '.');

        if (end != NULL && strcmp(end, ".json") == 0
            && snprintf(path, sizeof path, "%s/%s", folder, entry->d_name)
                   < (int) sizeof path)
        {
            num++;
            look_at(search, path);
        }
    }

    if (dir != NULL) {
        (void) closedir(dir);
    }
}

enum trivet_status
trivet_nearest_request_tell(const char *folder, const char *method,
    const char *path, struct trivet_error *err)
{
    struct search search = {.distance = SIZE_MAX};

    (void) snprintf(search.wanted, sizeof search.wanted, "%s %s", method, path);
    look_at_all(&search, folder);

    if (search.distance == SIZE_MAX) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "recording",
            "%s is not recorded; nothing is", search.wanted);
    }
    if (strcmp(search.wanted, search.nearest) == 0) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "recording",
            "%s is recorded with another body only", search.wanted);
    }

    return trivet_error_set(err, TRIVET_E_NOT_FOUND, "recording",
        "%s is not recorded; the nearest is: %s", search.wanted,
        search.nearest);
}
