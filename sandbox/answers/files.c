/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - reads the folders of answers, and says what is wrong in them
 *
 * Links are not followed, but the folder itself may be one: only what stands
 * below it is served.
 */
#define _GNU_SOURCE /* O_DIRECTORY, O_NOFOLLOW */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/json.h"
#include "sandbox/answers/own.h"

enum { MAX_FILE_PATH = 1024, MAX_NAMES = 4096 };

#define SUFFIX   ".json"
#define SETTINGS "settings.json"
#define OBJECT   "object.json"

/* Where the reading is. */
struct loading {
    struct trivet_answers *answers;
    struct trivet_error *err;
    char path[MAX_FILE_PATH]; /* of the folder; for errors alone */
};

/* name: of a file in the folder; "": the folder itself. line 0: none. */
static enum trivet_status
refuse(const struct loading *l, const char *name, size_t line, const char *why)
{
    const char *slash = name[0] == '\0' ? "" : "/";
    char at[24] = "";

    if (line > 0) {
        (void) snprintf(at, sizeof at, ":%zu", line);
    }

    return trivet_error_set(l->err, TRIVET_E_USAGE, "answers",
        "%.100s%s%.70s%s: %.200s", l->path, slash, name, at, why);
}

static enum trivet_status
fail_for_memory(const struct loading *l)
{
    return trivet_error_set(
        l->err, TRIVET_E_MEMORY, "answers", "out of memory");
}

/* ---- one file ---------------------------------------------------------- */

static enum trivet_status
read_file(
    struct loading *l, int dir, const char *name, struct trivet_buffer *out)
{
    struct stat info;
    enum trivet_status status;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        const char *why =
            errno == ELOOP ? "a link; links are not followed" : strerror(errno);

        return refuse(l, name, 0, why);
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void) close(fd);
        return refuse(l, name, 0, "not a regular file");
    }

    status = trivet_file_read_all(fd, name, out, NULL);
    (void) close(fd);

    if (status == TRIVET_E_MEMORY) {
        return fail_for_memory(l);
    }
    if (status != TRIVET_OK) {
        const char *why = status == TRIVET_E_LIMIT ? "larger than 65536 bytes"
                                                   : "it cannot be read";

        return refuse(l, name, 0, why);
    }

    l->answers->num_files++;
    l->answers->num_bytes += out->len;
    if (l->answers->num_files > TRIVET_MAX_ANSWER_FILES
        || l->answers->num_bytes > TRIVET_MAX_ANSWER_BYTES)
    {
        return refuse(
            l, name, 0, "more than 1000 files, or 8 MB, in all folders");
    }

    return TRIVET_OK;
}

static enum trivet_status
take_template(struct loading *l, int dir, const char *name, size_t depth,
    struct trivet_template **out)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_TEMPLATE);
    struct trivet_template_fault fault;
    enum trivet_status status;

    if (*out != NULL) {
        return refuse(l, name, 0, "another folder has this file, too");
    }

    status = read_file(l, dir, name, &text);
    if (status == TRIVET_OK) {
        status = trivet_template_parse(
            trivet_buffer_slice(&text), depth, out, &fault);
        if (status == TRIVET_E_MEMORY) {
            status = fail_for_memory(l);
        } else if (status != TRIVET_OK) {
            status = refuse(l, name, fault.line, fault.text);
        }
    }

    trivet_buffer_free(&text);
    return status;
}

/* {"store": true, "list": true}, each of them if at all. */
static enum trivet_status
take_settings(struct loading *l, int dir, struct trivet_answer_folder *folder)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_TEMPLATE);
    enum trivet_status status = read_file(l, dir, SETTINGS, &text);
    json_error_t why;
    const char *key;
    json_t *value;
    json_t *root;
    size_t line;

    if (status != TRIVET_OK) {
        trivet_buffer_free(&text);
        return status;
    }

    memset(&why, 0, sizeof why);
    root = trivet_json_load(
        trivet_buffer_slice(&text), JSON_REJECT_DUPLICATES, &why);
    trivet_buffer_free(&text);

    if (folder->has_settings) {
        status = refuse(l, SETTINGS, 0, "another folder has this file, too");
    } else if (root == NULL) {
        line = why.line > 0 ? (size_t) why.line : 1;
        status = refuse(l, SETTINGS, line, "not JSON");
    } else if (!json_is_object(root)) {
        status = refuse(l, SETTINGS, 1, "not a JSON object, {...}");
    }
    folder->has_settings = true;

    json_object_foreach(root, key, value)
    {
        bool is_store = strcmp(key, "store") == 0;

        if (status == TRIVET_OK
            && ((!is_store && strcmp(key, "list") != 0)
                || !json_is_boolean(value)))
        {
            status = refuse(l, SETTINGS, 1,
                "\"store\" and \"list\" are known, each true or false");
        }
        folder->is_store |= is_store && json_is_true(value);
        folder->is_list |= json_is_true(value);
    }

    json_decref(root);
    return status;
}

/* ---- a folder ---------------------------------------------------------- */

static enum trivet_status
take_file(struct loading *l, int dir, const char *name,
    struct trivet_answer_folder *folder, size_t depth)
{
    enum trivet_answer_method method;
    size_t len = strlen(name);
    size_t suffix = sizeof SUFFIX - 1;
    struct trivet_slice stem = trivet_slice_make(name, len);

    if (depth == 0) {
        return refuse(l, name, 0,
            "files stand in folders below, such as user/_/card/GET.json");
    }
    if (strcmp(name, SETTINGS) == 0) {
        return take_settings(l, dir, folder);
    }
    if (strcmp(name, OBJECT) == 0) {
        return take_template(l, dir, name, depth, &folder->object);
    }

    stem.len = len > suffix ? len - suffix : 0;
    if (stem.len == 0 || strcmp(name + stem.len, SUFFIX) != 0
        || trivet_slice_is(stem, "HEAD")
        || !trivet_answer_method_find(stem, &method))
    {
        return refuse(l, name, 0,
            "files are GET.json, POST.json, PUT.json, DELETE.json, "
            "object.json and settings.json");
    }

    return take_template(l, dir, name, depth, &folder->answers[method]);
}

/* Whether the file's Response has elements, and (of a list) each an id. */
static enum trivet_status
check_response(const struct loading *l, const char *name,
    const struct trivet_template *file, bool is_list)
{
    json_t *root = trivet_template_sample(file);
    const json_t *response = json_object_get(root, "Response");
    const char *why = NULL;
    json_t *element;
    size_t i;

    if (!json_is_array(response)) {
        why = "{\"Response\":[...]} is wanted here";
    } else if (!is_list && json_array_size(response) == 0) {
        why = "Response has no element that could be kept";
    }

    json_array_foreach(response, i, element)
    {
        const void *first = json_object_iter(element);

        if (is_list
            && (json_object_size(element) != 1 || first == NULL
                || !json_is_integer(json_object_get(
                    json_object_iter_value((void *) (uintptr_t) first), "id"))))
        {
            why = "each element of a list is {\"Type\":{\"id\":NUMBER,...}}";
        }
    }

    json_decref(root);
    return why == NULL ? TRIVET_OK : refuse(l, name, 1, why);
}

static enum trivet_status
check_folder(const struct loading *l, const struct trivet_answer_folder *folder)
{
    const struct trivet_template *get = folder->answers[TRIVET_ANSWER_GET];
    const struct trivet_template *post = folder->answers[TRIVET_ANSWER_POST];

    if (folder->is_store && post == NULL) {
        return refuse(l, SETTINGS, 1, "\"store\" without a POST.json");
    }
    if (folder->object != NULL && !folder->is_store) {
        return refuse(
            l, OBJECT, 0, "settings.json does not say \"store\": true");
    }
    if (folder->is_list && !folder->is_store && get == NULL) {
        return refuse(l, SETTINGS, 1, "\"list\" without a GET.json");
    }
    if (folder->is_list && get != NULL) {
        TRIVET_TRY(check_response(l, "GET.json", get, true));
    }

    return folder->is_store && folder->object == NULL
               ? check_response(l, "POST.json", post, false)
               : TRIVET_OK;
}

static enum trivet_status read_folder(struct loading *l, int dir,
    struct trivet_answer_folder *folder, size_t depth);

/* Whether name in dir is a folder; a link is refused. */
static enum trivet_status
look_at(const struct loading *l, int dir, const char *name, bool *out_is_dir)
{
    struct stat info;

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return refuse(l, name, 0, strerror(errno));
    }
    if (S_ISLNK(info.st_mode)) {
        return refuse(l, name, 0, "a link; links are not followed");
    }

    *out_is_dir = S_ISDIR(info.st_mode);
    return *out_is_dir || S_ISREG(info.st_mode)
               ? TRIVET_OK
               : refuse(l, name, 0, "neither a folder nor a regular file");
}

static enum trivet_status
take_folder(struct loading *l, int dir, const char *name,
    struct trivet_answer_folder *folder, size_t depth)
{
    struct trivet_answer_folder *child;
    size_t len = strlen(l->path);
    enum trivet_status status;
    int fd;

    if (!trivet_answer_is_segment(trivet_slice_text(name)) || name[0] == '.'
        || (name[0] == '_' && name[1] != '\0'))
    {
        return refuse(l, name, 0,
            "a folder's name is _ or a part of a path: letters, digits, "
            "\"-\", \"_\" and \".\", 64 at most");
    }
    if (depth == TRIVET_MAX_ANSWER_SEGMENTS
        || len + strlen(name) + 2 > sizeof l->path)
    {
        return refuse(l, name, 0, "16 folders in one another at most");
    }

    child = trivet_answer_child(folder, name);
    if (child == NULL) {
        return fail_for_memory(l);
    }

    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return refuse(l, name, 0, strerror(errno));
    }

    (void) snprintf(l->path + len, sizeof l->path - len, "/%s", name);
    status = read_folder(l, fd, child, depth + 1);
    l->path[len] = '\0';

    return status;
}

static int
compare_names(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static int
is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Takes dir over. The names in their order: the same fault is found first. */
static enum trivet_status
read_folder(struct loading *l, int dir, struct trivet_answer_folder *folder,
    size_t depth)
{
    struct dirent **entries = NULL;
    int num = scandirat(dir, ".", &entries, is_entry, compare_names);
    enum trivet_status status = TRIVET_OK;

    if (num < 0) {
        status = refuse(l, "", 0, strerror(errno));
    } else if (num > MAX_NAMES) {
        status = refuse(l, "", 0, "too many files");
    }

    for (int i = 0; i < num; i++) {
        const char *name = entries[i]->d_name;
        bool is_dir = false;

        if (status == TRIVET_OK) {
            status = look_at(l, dir, name, &is_dir);
        }
        if (status == TRIVET_OK) {
            status = is_dir ? take_folder(l, dir, name, folder, depth)
                            : take_file(l, dir, name, folder, depth);
        }
        free(entries[i]);
    }

    free(entries);
    (void) close(dir);

    return status == TRIVET_OK ? check_folder(l, folder) : status;
}

enum trivet_status
trivet_answers_add(
    struct trivet_answers *answers, const char *dir, struct trivet_error *err)
{
    struct loading l = {.answers = answers, .err = err};
    size_t len = strlen(dir);
    int fd;

    while (len > 1 && dir[len - 1] == '/') {
        len--;
    }
    (void) snprintf(l.path, sizeof l.path, "%.*s", (int) len, dir);

    if (answers->num_dirs++ == TRIVET_MAX_ANSWER_DIRS) {
        return refuse(&l, "", 0, "16 folders of answers at most");
    }

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(&l, "", 0, strerror(errno));
    }

    return read_folder(&l, fd, &answers->root, 0);
}

/* ---- what there is ----------------------------------------------------- */

struct each {
    enum trivet_status (*fn)(void *data, const char *method, const char *path);
    void *data;
    char path[MAX_FILE_PATH + TRIVET_MAX_ANSWER_SEGMENTS];
};

static enum trivet_status
each_below(struct each *each, const struct trivet_answer_folder *folder)
{
    size_t len = strlen(each->path);

    for (int i = 0; i < TRIVET_NUM_ANSWER_METHODS; i++) {
        const char *method =
            trivet_answer_method_name((enum trivet_answer_method) i);

        if (folder->answers[i] != NULL) {
            TRIVET_TRY(each->fn(each->data, method, each->path));
        }
    }

    for (const struct trivet_answer_folder *child = folder->child;
         child != NULL; child = child->next)
    {
        const char *name = strcmp(child->name, "_") == 0 ? "1" : child->name;
        enum trivet_status status;

        (void) snprintf(each->path + len, sizeof each->path - len, "/%s", name);
        status = each_below(each, child);
        each->path[len] = '\0';
        TRIVET_TRY(status);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_answers_each(const struct trivet_answers *answers,
    enum trivet_status (*fn)(void *data, const char *method, const char *path),
    void *data)
{
    struct each each = {.fn = fn, .data = data, .path = "/v1"};

    return each_below(&each, &answers->root);
}
