/* SPDX-License-Identifier: Apache-2.0 */
/* test_options_file.c - the options of a command from a file */
#define _GNU_SOURCE
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/options_file.h"
#include "tests/unit/scratch.h"

enum { MAX_FILE = 70000, MAX_WORDS_TEXT = 70000, SAFE = 0600 };

static const struct argp_option own[] = {
    {"port", 'p', "PORT", 0, "", 0},
    {"metrics", 'm', NULL, 0, "", 0},
    {"color", 'c', "WHEN", OPTION_ARG_OPTIONAL, "", 0},
    {0},
};

static const struct cli_shared_options shared[] = {
    {.argp = &cli_options_file_argp},
    {0},
};

static const struct cli_command command = {
    .name = "try", .options = own, .shared = shared};

static struct scratch scratch;
static char path[MAX_SCRATCH_PATH];

static int
make(void **state)
{
    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "options", path);
    return 0;
}

static int
clean(void **state)
{
    (void) state;
    scratch_remove(&scratch);
    return 0;
}

/* Expands "try -x --config PATH last"; all words, joined by '|', or what was
 * wrong, go to fd. */
static enum trivet_status
expand_into(int fd)
{
    char *given[] = {(char *) (uintptr_t) "try", (char *) (uintptr_t) "-x",
        (char *) (uintptr_t) "--config", path, (char *) (uintptr_t) "last",
        NULL};
    char **argv = given;
    int argc = 5;
    struct trivet_error err = {.detail = ""};
    enum trivet_status status =
        cli_options_file_expand(&command, &argc, &argv, &err);

    if (status != TRIVET_OK) {
        (void) dprintf(fd, "%s", err.detail);
        return status;
    }
    for (int i = 0; i < argc; i++) {
        (void) dprintf(fd, "%s%s", i == 0 ? "" : "|", argv[i]);
    }
    return argv[argc] == NULL ? TRIVET_OK : TRIVET_E_INTERNAL;
}

/* In a process of its own, since it is once in a process. */
static enum trivet_status
expand(char out[MAX_WORDS_TEXT])
{
    FILE *said = tmpfile();
    int status;
    pid_t child;
    size_t len;

    assert_non_null(said);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit((int) expand_into(fileno(said)));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));

    rewind(said);
    len = fread(out, 1, MAX_WORDS_TEXT - 1, said);
    out[len] = '\0';
    (void) fclose(said);
    return (enum trivet_status) WEXITSTATUS(status);
}

static enum trivet_status
expand_bytes(const char *bytes, size_t len, char out[MAX_WORDS_TEXT])
{
    scratch_write(path, bytes, len);
    assert_int_equal(chmod(path, SAFE), 0);
    return expand(out);
}

static void
becomes(const char *text, const char *words)
{
    static char out[MAX_WORDS_TEXT];
    enum trivet_status status = expand_bytes(text, strlen(text), out);

    if (status != TRIVET_OK || strcmp(out, words) != 0) {
        fail_msg("%s: %d: %s", text, (int) status, out);
    }
}

static void
is_refused(const char *bytes, size_t len, const char *why)
{
    static char out[MAX_WORDS_TEXT];
    enum trivet_status status = expand_bytes(bytes, len, out);

    if (status == TRIVET_OK || strstr(out, why) == NULL) {
        fail_msg("%.100s: %d: %.200s", bytes, (int) status, out);
    }
}

static void
a_line_is_an_option(void **state)
{
    (void) state;
    becomes("", "try|-x|last");
    becomes("\n\n  \n# port 1\n", "try|-x|last");
    becomes("port 1", "try|--port=1|-x|last");
    becomes("\tport \t 1 2 \t\nmetrics\n", "try|--port=1 2|--metrics|-x|last");
    becomes("color\ncolor red\n", "try|--color|--color=red|-x|last");
    becomes("port --metrics\n", "try|--port=--metrics|-x|last");
    becomes("port \"1\" # 2\n", "try|--port=\"1\" # 2|-x|last");
    /* as other systems end their lines */
    becomes(
        "port 1\r\n\r\n# a\r\nmetrics\r\n", "try|--port=1|--metrics|-x|last");
    becomes("port \xc3\xa9\xff\x01\n", "try|--port=\xc3\xa9\xff\x01|-x|last");
}

static void
a_credential_is_in_the_services_folder(void **state)
{
    (void) state;
    (void) unsetenv("CREDENTIALS_DIRECTORY");
    becomes("port $CREDENTIALS_DIRECTORY/a\n",
        "try|--port=$CREDENTIALS_DIRECTORY/a|-x|last");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/c%s", 1), 0);
    becomes("port $CREDENTIALS_DIRECTORY/a\n", "try|--port=/run/c%s/a|-x|last");
    becomes("port x$CREDENTIALS_DIRECTORY/a\n",
        "try|--port=x$CREDENTIALS_DIRECTORY/a|-x|last");
    becomes("port $CREDENTIALS_DIRECTORY\n",
        "try|--port=$CREDENTIALS_DIRECTORY|-x|last");
    (void) unsetenv("CREDENTIALS_DIRECTORY");
}

static void
what_is_no_option_is_refused(void **state)
{
    static const char *const lines[][2] = {
        {"prot 1", "options:1: no option \"prot\""},
        {"\nport", "options:2: port needs a value"},
        {"port\r\n", "options:1: port needs a value"},
        {"metrics on", "metrics has no value"},
        {"metrics\non", "options:2: no option \"on\""},
        {"--port 1", "no option"},
        {"port=1", "no option"},
        {"p 1", "no option"},
        {"config /etc/x", "no option \"config\""},
        {"\xef\xbb\xbfport 1", "options:1: no option"},
        {"port\v1", "no option"},
        {"%s%n 1", "no option \"%s%n\""},
    };

    (void) state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        is_refused(lines[i][0], strlen(lines[i][0]), lines[i][1]);
    }
}

/* It would hide the lines behind it. */
static void
a_zero_byte_is_refused(void **state)
{
    static const char text[] = "metrics\n\0port 1\n";

    (void) state;
    is_refused(text, sizeof text - 1, "zero byte");
    is_refused("\0", 1, "zero byte");
    is_refused("port 1\0", 7, "zero byte");
    is_refused("port 1\n\0", 8, "zero byte");
}

static void
a_file_has_a_most(void **state)
{
    static char text[MAX_FILE];
    size_t len = 0;

    (void) state;
    memset(text, '#', sizeof text);
    is_refused(text, 65536, "too large");
    text[65535] = '\0';
    becomes(text, "try|-x|last");

    memset(text, 0, sizeof text);
    for (int i = 0; i < 256; i++) {
        len += (size_t) sprintf(text + len, "metrics\n");
    }
    is_refused(text, len + (size_t) sprintf(text + len, "metrics\n"),
        "options:257: more than 256 options");

    memset(text, 'a', sizeof text); /* a name, and a value, without an end */
    is_refused(text, 65535, "options:1: no option \"aaaa");
    memcpy(text, "port ", 5);
    text[65535] = '\0';
    {
        static char out[MAX_WORDS_TEXT];

        assert_int_equal(expand_bytes(text, 65535, out), TRIVET_OK);
        assert_int_equal(strlen(out), strlen("try|--port=|-x|last") + 65530);
    }
}

/* Where a write was cut, each line is whole, or is refused, or is a shorter
 * value: nothing is read behind the end. */
static void
a_file_that_was_cut(void **state)
{
    static const char text[] = "port 12\r\n# x\nmetrics\n\tcolor  red\nport 3";
    static char out[MAX_WORDS_TEXT];

    (void) state;
    for (size_t len = 0; len < sizeof text; len++) {
        enum trivet_status status = expand_bytes(text, len, out);

        assert_true(status == TRIVET_OK || status == TRIVET_E_USAGE);
    }
}

static void
bytes_of_any_kind(void **state)
{
    static char out[MAX_WORDS_TEXT];
    unsigned seed = 1;

    (void) state;
    for (int i = 0; i < 200; i++) {
        char bytes[64];

        for (size_t at = 0; at < sizeof bytes; at++) {
            seed = seed * 1103515245 + 12345;
            bytes[at] =
                "\n\r\t #-=port1metrics\xff\x80\x7f\0$"[seed >> 16 & 31
                                                            ? seed >> 16 & 15
                                                            : 23];
        }
        assert_int_not_equal(
            expand_bytes(bytes, sizeof bytes, out), TRIVET_E_INTERNAL);
    }
}

static void
what_is_no_file_or_anybodys_is_refused(void **state)
{
    static char out[MAX_WORDS_TEXT];

    (void) state;
    becomes("port 1", "try|--port=1|-x|last");
    assert_int_equal(chmod(path, 0646), 0);
    assert_int_equal(expand(out), TRIVET_E_USAGE);
    assert_non_null(strstr(out, "chmod"));
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(expand(out), TRIVET_OK);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(expand(out), TRIVET_E_NOT_FOUND);
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(expand(out), TRIVET_E_USAGE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(expand(out), TRIVET_E_UNAVAILABLE);
    assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_option),
        cmocka_unit_test(a_credential_is_in_the_services_folder),
        cmocka_unit_test(what_is_no_option_is_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(a_file_has_a_most),
        cmocka_unit_test(a_file_that_was_cut),
        cmocka_unit_test(bytes_of_any_kind),
        cmocka_unit_test(what_is_no_file_or_anybodys_is_refused),
    };

    return cmocka_run_group_tests(tests, make, clean);
}
