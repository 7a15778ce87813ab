/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - who may touch a file, and files that are written whole */
#define _GNU_SOURCE /* O_PATH, mkfifo */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

static const struct trivet_file_rule private_rule = {
    .owner = TRIVET_FILE_OURS_OR_ROOTS,
    .forbidden_mode = 077,
    .content = "the private key",
};

static struct scratch scratch;
static char path[MAX_SCRATCH_PATH];

static int
make_folder(void **state)
{
    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "file", path);
    return 0;
}

static int
remove_folder(void **state)
{
    (void) state;
    scratch_remove(&scratch);
    return 0;
}

#define FOLDER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

static void
make_file(const char *text, mode_t mode)
{
    scratch_write(path, text, strlen(text));
    assert_int_equal(chmod(path, mode), 0);
}

static void
assert_text(const char *expected)
{
    struct trivet_buffer text = trivet_buffer_make(4096);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(trivet_file_read_all(fd, path, &text, NULL), TRIVET_OK);
    assert_true(trivet_slice_is(trivet_buffer_slice(&text), expected));
    trivet_buffer_free(&text);
    (void) close(fd);
}

static size_t
count_files(void)
{
    DIR *dir = opendir(scratch.dir);
    size_t num = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        num++;
    }
    (void) closedir(dir);
    return num - 2;
}

static mode_t
mode_of_it(void)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

/* ---- owner and mode ----------------------------------------------------- */

static enum trivet_status
open_it(const struct trivet_file_rule *rule, struct trivet_error *err)
{
    int fd = -1;
    enum trivet_status status = trivet_file_open_private(path, rule, &fd, err);

    assert_int_equal(fd >= 0, status == TRIVET_OK);
    if (fd >= 0) {
        (void) close(fd);
    }
    /* By name the answer is the same. */
    assert_int_equal(trivet_file_check_name(path, rule, NULL), status);
    return status;
}

static void
a_mode_is_refused_by_each_forbidden_bit(void **state)
{
    static const struct {
        unsigned forbidden;
        mode_t mode;
        enum trivet_status status;
    } rows[] = {
        {077, 0600, TRIVET_OK},
        {077, 0400, TRIVET_OK},
        {077, 0700, TRIVET_OK},
        {077, 0640, TRIVET_E_USAGE},
        {077, 0620, TRIVET_E_USAGE},
        {077, 0610, TRIVET_E_USAGE},
        {077, 0604, TRIVET_E_USAGE},
        {077, 0602, TRIVET_E_USAGE},
        {077, 0601, TRIVET_E_USAGE},
        {077, 0666, TRIVET_E_USAGE},
        {027, 0640, TRIVET_OK},
        {027, 0440, TRIVET_OK},
        {027, 0660, TRIVET_E_USAGE},
        {027, 0604, TRIVET_E_USAGE},
        {0, 0666, TRIVET_OK},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_file_rule rule = private_rule;
        struct trivet_error err = {.status = TRIVET_OK};
        char mode[8];

        rule.forbidden_mode = rows[i].forbidden;
        make_file("text", 0600);
        assert_int_equal(chmod(path, rows[i].mode), 0);
        if (open_it(&rule, &err) != rows[i].status) {
            fail_msg("%03o against %04o", rows[i].forbidden,
                (unsigned) rows[i].mode);
        }
        if (rows[i].status != TRIVET_OK) {
            (void) snprintf(mode, sizeof mode, "%04o", (unsigned) rows[i].mode);
            assert_non_null(strstr(err.detail, mode));
            assert_non_null(strstr(err.detail, "the private key"));
            assert_non_null(strstr(err.detail, "chmod 600"));
        }
        assert_int_equal(unlink(path), 0);
    }
}

static void
what_is_no_regular_file_is_refused_by_every_rule(void **state)
{
    const struct trivet_file_rule any = {
        .owner = TRIVET_FILE_ANY_OWNER, .accepts_read_only_mount = true};
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_it(&any, &err), TRIVET_E_USAGE);
    assert_non_null(strstr(err.detail, "not a regular file"));
    assert_int_equal(rmdir(path), 0);

    /* Without waiting for somebody to write. */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_it(&any, &err), TRIVET_E_USAGE);
    assert_int_equal(unlink(path), 0);
}

static void
a_pipe_is_accepted_where_any_kind_is(void **state)
{
    struct trivet_file_rule rule = private_rule;

    (void) state;

    rule.accepts_any_kind = true;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_it(&rule, NULL), TRIVET_OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(open_it(&rule, NULL), TRIVET_E_USAGE);
}

static void
a_file_with_two_names_is_refused_where_that_is_asked(void **state)
{
    struct trivet_file_rule rule = private_rule;
    char second[MAX_SCRATCH_PATH];
    struct trivet_error err = {.status = TRIVET_OK};
    int fd;

    (void) state;

    make_file("text", 0600);
    scratch_name(&scratch, "second", second);
    assert_int_equal(link(path, second), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(trivet_file_check(fd, path, &rule, NULL), TRIVET_OK);
    rule.refuses_two_names = true;
    assert_int_equal(trivet_file_check(fd, path, &rule, &err), TRIVET_E_USAGE);
    assert_non_null(strstr(err.detail, "second name"));
    assert_int_equal(unlink(second), 0);
    assert_int_equal(trivet_file_check(fd, path, &rule, NULL), TRIVET_OK);
    (void) close(fd);
}

static enum trivet_status
check_folder(struct trivet_error *err)
{
    return trivet_file_check_folder(path, "the data directory", err);
}

static void
a_folder_that_others_may_write_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        enum trivet_status status;
    } rows[] = {
        {0700, TRIVET_OK},
        {0755, TRIVET_OK},
        {0500, TRIVET_OK},
        {0720, TRIVET_E_USAGE},
        {0702, TRIVET_E_USAGE},
        {01777, TRIVET_E_USAGE},
    };
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    assert_int_equal(check_folder(NULL), TRIVET_E_NOT_FOUND);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(check_folder(&err), rows[i].status);
    }
    assert_non_null(strstr(err.detail, "the data directory must be yours"));
    assert_int_equal(rmdir(path), 0);

    make_file("text", 0600);
    assert_int_equal(check_folder(&err), TRIVET_E_USAGE);
    assert_non_null(strstr(err.detail, "not a directory"));
}

static void
what_others_may_do_with_a_file_is_taken_from_them(void **state)
{
    char name[MAX_SCRATCH_PATH];
    bool is_done = false;

    (void) state;

    assert_int_equal(trivet_file_take_from_others(path, &is_done), 0);
    assert_true(is_done);

    make_file("text", 0600);
    assert_int_equal(trivet_file_take_from_others(path, &is_done), 0);
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(trivet_file_take_from_others(path, &is_done), 0664);
    assert_true(is_done);
    assert_int_equal(mode_of_it(), 0600);

    /* By way of a link, too; a folder is left alone. */
    assert_int_equal(chmod(path, 0640), 0);
    scratch_name(&scratch, "link", name);
    assert_int_equal(symlink(path, name), 0);
    assert_int_equal(trivet_file_take_from_others(name, &is_done), 0640);
    assert_int_equal(mode_of_it(), 0600);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(mkdir(name, 0755), 0);
    assert_int_equal(trivet_file_take_from_others(name, &is_done), 0);
}

static void
a_file_that_is_missing_is_told_apart(void **state)
{
    (void) state;

    assert_int_equal(open_it(&private_rule, NULL), TRIVET_E_NOT_FOUND);
}

/* Run as root alone: who else can give files away? */
static void
another_users_file_is_refused(void **state)
{
    struct trivet_file_rule rule = private_rule;
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    if (geteuid() != 0) {
        skip();
    }

    make_file("text", 0600);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_int_equal(open_it(&rule, &err), TRIVET_E_USAGE);
    assert_non_null(strstr(err.detail, "another user"));
    rule.owner = TRIVET_FILE_OURS;
    assert_int_equal(open_it(&rule, &err), TRIVET_E_USAGE);
    rule.owner = TRIVET_FILE_ANY_OWNER;
    assert_int_equal(open_it(&rule, &err), TRIVET_OK);

    /* Root's, while we are another. */
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(scratch.dir, 0755), 0);
    assert_int_equal(seteuid(12345), 0);
    rule.forbidden_mode = 022;
    rule.owner = TRIVET_FILE_OURS;
    assert_int_equal(open_it(&rule, &err), TRIVET_E_USAGE);
    rule.owner = TRIVET_FILE_OURS_OR_ROOTS;
    assert_int_equal(open_it(&rule, &err), TRIVET_OK);
    rule.forbidden_mode = 077;
    rule.accepts_read_only_mount = true;
    assert_int_equal(open_it(&rule, &err), TRIVET_E_USAGE);
    assert_non_null(strstr(err.detail, "read-only"));
    assert_int_equal(seteuid(0), 0);
}

/* ---- reading --------------------------------------------------------------
 */

static void
a_file_is_read_to_its_end_and_no_longer_than_allowed(void **state)
{
    enum { LEN = 20000 };
    static char bytes[LEN];
    static const struct {
        size_t max;
        enum trivet_status status;
    } rows[] = {
        {LEN + 1, TRIVET_OK},
        {LEN, TRIVET_OK},
        {LEN - 1, TRIVET_E_LIMIT},
        {1, TRIVET_E_LIMIT},
        {0, TRIVET_E_LIMIT},
    };

    (void) state;

    memset(bytes, 'x', sizeof bytes);
    scratch_write(path, bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_buffer text = trivet_buffer_make(rows[i].max);
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_int_equal(
            trivet_file_read_all(fd, path, &text, NULL), rows[i].status);
        if (rows[i].status == TRIVET_OK) {
            assert_int_equal(text.len, LEN);
            assert_memory_equal(text.data, bytes, LEN);
            assert_int_equal(text.data[LEN], 0);
        }
        trivet_buffer_free(&text);
        (void) close(fd);
    }
}

static void
a_folder_cannot_be_read(void **state)
{
    struct trivet_buffer text = trivet_buffer_make(100);
    int fd = open(scratch.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void) state;

    assert_int_equal(
        trivet_file_read_all(fd, scratch.dir, &text, NULL), TRIVET_E_USAGE);
    trivet_buffer_free(&text);
    (void) close(fd);
}

/* ---- writing --------------------------------------------------------------
 */

static void
a_file_is_replaced_whole_and_gets_its_mode(void **state)
{
    static const mode_t modes[] = {0600, 0644, 0640};
    mode_t before = umask(0177);

    (void) state;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(trivet_file_replace_whole(path,
                             trivet_slice_text("new text"), modes[i], NULL),
            TRIVET_OK);
        assert_text("new text");
        assert_int_equal(mode_of_it(), modes[i]);
        assert_int_equal(
            trivet_file_replace_whole(path, trivet_slice_text(""), 0600, NULL),
            TRIVET_OK);
        assert_text("");
    }
    assert_int_equal(count_files(), 1);
    (void) umask(before);
}

static void
a_file_that_is_there_is_not_created(void **state)
{
    struct trivet_error err = {.status = TRIVET_OK};
    char other[MAX_SCRATCH_PATH];

    (void) state;

    assert_int_equal(
        trivet_file_create_whole(path, trivet_slice_text("one"), 0600, NULL),
        TRIVET_OK);
    assert_text("one");
    assert_int_equal(mode_of_it(), 0600);
    assert_int_equal(
        trivet_file_create_whole(path, trivet_slice_text("two"), 0600, &err),
        TRIVET_E_CONFLICT);
    assert_non_null(strstr(err.detail, path));
    assert_text("one");
    assert_int_equal(count_files(), 1);

    /* A link to nothing is something, too. */
    assert_int_equal(unlink(path), 0);
    scratch_name(&scratch, "nothing", other);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(
        trivet_file_create_whole(path, trivet_slice_text("two"), 0600, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(count_files(), 1);
}

static void
a_write_that_fails_leaves_what_was_there(void **state)
{
    char folder[MAX_SCRATCH_PATH];
    char inside[MAX_SCRATCH_PATH + 8];
    static char endless[5000];

    (void) state;

    scratch_name(&scratch, "missing", folder);
    (void) snprintf(inside, sizeof inside, "%s/file", folder);
    assert_int_equal(
        trivet_file_replace_whole(inside, trivet_slice_text("x"), 0600, NULL),
        TRIVET_E_NOT_FOUND);

    /* A folder cannot be replaced by a file. */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(
        trivet_file_replace_whole(path, trivet_slice_text("x"), 0600, NULL),
        TRIVET_E_UNAVAILABLE);
    assert_int_equal(
        trivet_file_create_whole(path, trivet_slice_text("x"), 0600, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(count_files(), 1);

    memset(endless, 'x', sizeof endless - 1);
    assert_int_equal(
        trivet_file_replace_whole(endless, trivet_slice_text("x"), 0600, NULL),
        TRIVET_E_LIMIT);
}

static void
under_a_lock_a_temporary_file_of_before_is_removed(void **state)
{
    char temporary[MAX_SCRATCH_PATH];
    int folder = open(scratch.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void) state;

    scratch_name(&scratch, "file.tmp", temporary);
    scratch_write(temporary, "half a te", 9);
    assert_true(trivet_file_replace_at(
        folder, "file.tmp", "file", trivet_slice_text("text")));
    assert_true(trivet_file_sync_folder(folder));
    assert_text("text");
    assert_int_equal(mode_of_it(), 0600);
    assert_int_equal(count_files(), 1);

    /* A folder in its way stays, and so does the file. */
    assert_int_equal(mkdir(temporary, 0700), 0);
    assert_false(trivet_file_replace_at(
        folder, "file.tmp", "file", trivet_slice_text("more")));
    assert_int_equal(errno, EEXIST);
    assert_text("text");
    (void) close(folder);
}

static void
a_file_is_moved_over_another(void **state)
{
    char written[MAX_SCRATCH_PATH];

    (void) state;

    make_file("old", 0600);
    scratch_name(&scratch, "written", written);
    scratch_write(written, "new", 3);
    assert_int_equal(trivet_file_move_over(written, path, NULL), TRIVET_OK);
    assert_text("new");
    assert_int_equal(count_files(), 1);

    assert_int_equal(
        trivet_file_move_over(written, path, NULL), TRIVET_E_NOT_FOUND);
    assert_text("new");

    assert_int_equal(mkdir(written, 0700), 0);
    assert_int_equal(
        trivet_file_move_over(written, path, NULL), TRIVET_E_UNAVAILABLE);
    assert_text("new");
}

static void
a_file_that_others_write_gets_its_name_when_that_is_free(void **state)
{
    char written[MAX_SCRATCH_PATH];
    struct stat info;

    (void) state;

    assert_int_equal(
        trivet_file_make_beside(path, written, sizeof written, NULL),
        TRIVET_OK);
    assert_int_equal(stat(written, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, 0);
    scratch_write(written, "new", 3);
    assert_int_equal(trivet_file_sync(written, NULL), TRIVET_OK);
    assert_int_equal(trivet_file_put_new(written, path, NULL), TRIVET_OK);
    assert_text("new");
    assert_int_equal(count_files(), 1);

    assert_int_equal(
        trivet_file_make_beside(path, written, sizeof written, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_file_put_new(written, path, NULL), TRIVET_E_CONFLICT);
    assert_text("new");
    assert_int_equal(count_files(), 2);

    assert_int_equal(
        trivet_file_make_beside(path, written, 4, NULL), TRIVET_E_LIMIT);
    assert_int_equal(trivet_file_sync("/none", NULL), TRIVET_E_NOT_FOUND);
    assert_int_equal(
        trivet_file_make_beside("/none/x", written, sizeof written, NULL),
        TRIVET_E_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_mode_is_refused_by_each_forbidden_bit),
        FOLDER_TEST(what_is_no_regular_file_is_refused_by_every_rule),
        FOLDER_TEST(a_pipe_is_accepted_where_any_kind_is),
        FOLDER_TEST(a_file_with_two_names_is_refused_where_that_is_asked),
        FOLDER_TEST(a_folder_that_others_may_write_is_refused),
        FOLDER_TEST(what_others_may_do_with_a_file_is_taken_from_them),
        FOLDER_TEST(a_file_that_is_missing_is_told_apart),
        FOLDER_TEST(another_users_file_is_refused),
        FOLDER_TEST(a_file_is_read_to_its_end_and_no_longer_than_allowed),
        FOLDER_TEST(a_folder_cannot_be_read),
        FOLDER_TEST(a_file_is_replaced_whole_and_gets_its_mode),
        FOLDER_TEST(a_file_that_is_there_is_not_created),
        FOLDER_TEST(a_write_that_fails_leaves_what_was_there),
        FOLDER_TEST(under_a_lock_a_temporary_file_of_before_is_removed),
        FOLDER_TEST(a_file_is_moved_over_another),
        FOLDER_TEST(a_file_that_others_write_gets_its_name_when_that_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
