/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - runs a fuzz target over files: replay FOLDER...
 *
 * Also over each file's halves and with one byte changed here and there, so
 * that a short run without libFuzzer meets more than what is in the files.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { MAX_INPUT = 1024 * 1024, NUM_CHANGES = 16 };

static void
run_variants(uint8_t *data, size_t len)
{
    (void) LLVMFuzzerTestOneInput(data, len);
    (void) LLVMFuzzerTestOneInput(data, len / 2);
    (void) LLVMFuzzerTestOneInput(data + len / 2, len - len / 2);

    for (size_t i = 0; i < NUM_CHANGES && len > 0; i++) {
        size_t at = i * len / NUM_CHANGES;
        uint8_t was = data[at];

        data[at] = (uint8_t) (was ^ (1u << (i % 8)));
        (void) LLVMFuzzerTestOneInput(data, len);
        data[at] = was;
    }
}

static int
run_file(const char *path)
{
    static uint8_t whole[MAX_INPUT];
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    size_t len;

    if (file == NULL) {
        (void) fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        return -1;
    }
    len = fread(whole, 1, sizeof(whole), file);
    (void) fclose(file);

    /* Of the exact size: a read past the end is then seen. */
    data = malloc(len + 1);
    if (data == NULL) {
        return -1;
    }
    memcpy(data, whole, len);
    run_variants(data, len);
    free(data);
    return 0;
}

/* The number of files that were run; -1 on failure. */
static int
run_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int num_files = 0;

    if (dir == NULL) {
        return errno == ENOENT ? 0 : -1;
    }

    while ((entry = readdir(dir)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void) snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (run_file(path) != 0) {
            (void) closedir(dir);
            return -1;
        }
        num_files++;
    }

    (void) closedir(dir);
    return num_files;
}

int
main(int argc, char **argv)
{
    int num_files = 0;

    (void) LLVMFuzzerTestOneInput((const uint8_t *) "", 0);

    for (int i = 1; i < argc; i++) {
        int found = run_folder(argv[i]);

        if (found < 0) {
            (void) fprintf(stderr, "replay: %s cannot be read\n", argv[i]);
            return 1;
        }
        num_files += found;
    }

    if (num_files == 0) {
        (void) fprintf(stderr, "replay: no input\n");
        return 1;
    }
    return 0;
}
