/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeping.c - the first answer to a call with a key is kept */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timestamp.h"
#include "sidecar/keeping.h"

#define NOW (INT64_C(1800000000) * TRIVET_US_PER_S)
#define DAY (INT64_C(86400) * TRIVET_US_PER_S)

static char folder[64];

static int
make_folder(void **state)
{
    (void) state;
    (void) snprintf(folder, sizeof folder, "/tmp/trivet-keeping-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static size_t
count_files(void)
{
    DIR *dir = opendir(folder);
    size_t num = 0;

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        num += entry->d_name[0] != '.';
    }
    (void) closedir(dir);

    return num;
}

static int
remove_folder(void **state)
{
    char path[512];
    DIR *dir = opendir(folder);

    (void) state;
    for (struct dirent *entry = readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        (void) snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void) unlink(path);
    }
    (void) closedir(dir);

    return rmdir(folder);
}

static enum trivet_kept
claim(const char *key, const char *request, int64_t now_us,
    struct trivet_keeping *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    enum trivet_kept kept;
    struct trivet_error err;

    assert_int_equal(
        trivet_sha256(trivet_slice_text(request), digest), TRIVET_OK);
    assert_int_equal(trivet_keeping_claim(folder, trivet_slice_text(key),
                         digest, now_us, out, &kept, &err),
        TRIVET_OK);

    return kept;
}

static const struct trivet_header fields[] = {
    {"Content-Type", "application/json"}, {"X-A", "\xc3\xa9"}, {"X-B", "\xff"}};

static const struct trivet_answer an_answer = {
    .status = 201,
    .body = "a\0b\n{}",
    .body_len = 6,
    .headers = fields,
    .num_headers = 3,
    .is_verified = true,
};

static void
answer(struct trivet_keeping *keeping)
{
    struct trivet_error err;

    assert_int_equal(
        trivet_keeping_answer(keeping, &an_answer, &err), TRIVET_OK);
    trivet_keeping_release(keeping);
}

static void
a_repetition_gets_the_first_answer(void **state)
{
    struct trivet_keeping one;
    struct trivet_keeping two;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    answer(&one);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            claim("k", "r", NOW + DAY - 1, &two), TRIVET_KEPT_ANSWER);
        assert_int_equal(two.answer.status, 201);
        assert_true(two.answer.is_verified);
        assert_int_equal(two.answer.body_len, 6);
        assert_memory_equal(two.answer.body, "a\0b\n{}", 6);
        assert_int_equal(two.answer.num_headers, 2); /* \xff is no UTF-8 */
        assert_string_equal(two.answer.headers[1].value, "\xc3\xa9");
        trivet_keeping_release(&two);
    }
}

static void
other_calls_are_told_apart(void **state)
{
    struct trivet_keeping one;
    struct trivet_keeping two;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    answer(&one);
    assert_int_equal(claim("k", "other", NOW, &two), TRIVET_KEPT_OTHER);
    trivet_keeping_release(&two);
    assert_int_equal(claim("K", "r", NOW, &two), TRIVET_KEPT_NOTHING);
    trivet_keeping_drop(&two);
    trivet_keeping_release(&two);
}

static void
while_it_is_made_it_is_in_use(void **state)
{
    struct trivet_keeping one;
    struct trivet_keeping two;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    assert_int_equal(claim("k", "r", NOW, &two), TRIVET_KEPT_IN_USE);
    trivet_keeping_release(&two);
    assert_int_equal(claim("k", "other", NOW, &two), TRIVET_KEPT_IN_USE);
    trivet_keeping_release(&two);
    answer(&one);
    assert_int_equal(claim("k", "r", NOW, &two), TRIVET_KEPT_ANSWER);
    trivet_keeping_release(&two);
}

/* Its process has died, or it got no answer. */
static void
without_an_answer_nobody_knows(void **state)
{
    struct trivet_keeping one;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    trivet_keeping_release(&one);
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_UNKNOWN);
    trivet_keeping_release(&one);
    assert_int_equal(claim("k", "r", NOW + 2 * DAY, &one), TRIVET_KEPT_NOTHING);
    trivet_keeping_release(&one);
}

static void
what_was_not_made_can_be(void **state)
{
    struct trivet_keeping one;

    (void) state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
        trivet_keeping_drop(&one);
        trivet_keeping_release(&one);
        assert_int_equal(count_files(), 0);
    }
    assert_int_equal(claim("k", "other", NOW, &one), TRIVET_KEPT_NOTHING);
    trivet_keeping_drop(&one);
    trivet_keeping_release(&one);
}

static void
after_a_day_it_is_forgotten(void **state)
{
    struct trivet_keeping one;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    answer(&one);
    assert_int_equal(claim("k", "r", NOW + DAY, &one), TRIVET_KEPT_ANSWER);
    trivet_keeping_release(&one);
    assert_int_equal(
        claim("k", "other", NOW + DAY + 1, &one), TRIVET_KEPT_NOTHING);
    answer(&one);
}

static void
read_file(const char *path, struct trivet_buffer *out)
{
    int fd = open(path, O_RDONLY);
    struct trivet_error err;

    *out = trivet_buffer_make(65536);
    assert_true(fd >= 0);
    assert_int_equal(trivet_file_read_all(fd, path, out, &err), TRIVET_OK);
    (void) close(fd);
}

static void
write_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t) len);
    (void) close(fd);
}

/* Cut anywhere, or changed: it is no answer, and nothing is sent again. */
static void
a_broken_file_is_no_answer(void **state)
{
    struct trivet_keeping one;
    struct trivet_buffer whole;
    char path[4096];

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    (void) snprintf(path, sizeof path, "%s", one.path);
    answer(&one);
    read_file(path, &whole);

    for (size_t len = 1; len < whole.len; len++) {
        write_file(path, whole.data, len);
        assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_UNKNOWN);
        trivet_keeping_release(&one);
    }
    whole.data[whole.len - 1] ^= 1;
    write_file(path, whole.data, whole.len);
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_UNKNOWN);
    trivet_keeping_release(&one);
    trivet_buffer_free(&whole);
}

/* No file of ours grows past that. */
static void
limit_files(rlim_t len)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = len;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* However far the writing of the answer came, the call is not made again. */
static void
an_answer_on_a_full_disk(void **state)
{
    struct trivet_keeping one;
    struct trivet_error err;
    enum trivet_status status = TRIVET_E_UNAVAILABLE;

    (void) state;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (rlim_t len = 0; status != TRIVET_OK; len++) {
        char key[16];

        (void) snprintf(key, sizeof key, "k%d", (int) len);
        assert_int_equal(claim(key, "r", NOW, &one), TRIVET_KEPT_NOTHING);
        limit_files(len);
        status = trivet_keeping_answer(&one, &an_answer, &err);
        limit_files(RLIM_INFINITY);
        trivet_keeping_release(&one);

        assert_true(status == TRIVET_OK || status == TRIVET_E_UNAVAILABLE);
        assert_int_equal(claim(key, "r", NOW, &one),
            status == TRIVET_OK ? TRIVET_KEPT_ANSWER : TRIVET_KEPT_UNKNOWN);
        trivet_keeping_release(&one);
    }
}

static void
its_file_is_ones_own(void **state)
{
    struct trivet_keeping one;
    struct stat found;

    (void) state;
    assert_int_equal(claim("k", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    assert_int_equal(stat(one.path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_null(strstr(one.path, "/k"));
    answer(&one);
}

static void
what_cannot_be_written_is_not_made(void **state)
{
    unsigned char digest[TRIVET_DIGEST_LEN] = {0};
    struct trivet_keeping one;
    enum trivet_kept kept;
    struct trivet_error err;

    (void) state;
    assert_int_equal(
        trivet_keeping_claim("/nowhere/at/all", trivet_slice_text("k"), digest,
            NOW, &one, &kept, &err),
        TRIVET_E_UNAVAILABLE);
    trivet_keeping_release(&one);
}

static void
what_is_over_is_swept(void **state)
{
    struct trivet_keeping one;
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    (void) state;
    assert_int_equal(claim("a", "r", NOW, &one), TRIVET_KEPT_NOTHING);
    (void) utimensat(AT_FDCWD, one.path, old, 0);
    trivet_keeping_sweep(folder, NOW);
    assert_int_equal(count_files(), 1); /* somebody holds it */
    answer(&one);
    trivet_keeping_sweep(folder, time(NULL) * TRIVET_US_PER_S);
    assert_int_equal(count_files(), 1); /* it is of now */
    (void) utimensat(AT_FDCWD, one.path, old, 0);
    trivet_keeping_sweep(folder, NOW);
    assert_int_equal(count_files(), 0);
    trivet_keeping_sweep("/nowhere/at/all", NOW);
}

static void
what_a_key_is(void **state)
{
    char long_one[256];

    (void) state;
    memset(long_one, 'k', sizeof long_one);
    assert_true(trivet_keeping_is_key(trivet_slice_text("a")));
    assert_true(trivet_keeping_is_key(trivet_slice_text("~/../!\"")));
    assert_true(trivet_keeping_is_key(trivet_slice_make(long_one, 255)));
    assert_false(trivet_keeping_is_key(trivet_slice_make(long_one, 256)));
    assert_false(trivet_keeping_is_key(trivet_slice_text("")));
    assert_false(trivet_keeping_is_key(trivet_slice_text("a b")));
    assert_false(trivet_keeping_is_key(trivet_slice_text("\xc3\xa9")));
}

#define IN_A_FOLDER(test)                                                      \
    cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_repetition_gets_the_first_answer),
        IN_A_FOLDER(other_calls_are_told_apart),
        IN_A_FOLDER(while_it_is_made_it_is_in_use),
        IN_A_FOLDER(without_an_answer_nobody_knows),
        IN_A_FOLDER(what_was_not_made_can_be),
        IN_A_FOLDER(after_a_day_it_is_forgotten),
        IN_A_FOLDER(a_broken_file_is_no_answer),
        IN_A_FOLDER(an_answer_on_a_full_disk),
        IN_A_FOLDER(its_file_is_ones_own),
        IN_A_FOLDER(what_cannot_be_written_is_not_made),
        IN_A_FOLDER(what_is_over_is_swept),
        cmocka_unit_test(what_a_key_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
