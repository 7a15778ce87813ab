/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_store.h - a folder for one test, and stores opened in it
 *
 * Whoever includes it defines _POSIX_C_SOURCE 200809L before.
 */
#ifndef TRIVET_TESTS_SQLITE_STORE_H
#define TRIVET_TESTS_SQLITE_STORE_H

#include "tests/unit/scratch.h"

#include <sys/stat.h>
#include <time.h>

#include "store/noun/user.h"
#include "store/store.h"

enum { NOW = 1700000000 };

static struct scratch scratch;

static inline int
set_up(void **state)
{
    (void) state;

    scratch_make(&scratch);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void) state;

    scratch_remove(&scratch);
    return 0;
}

static inline struct trivet_store *
open_store(enum trivet_store_mode mode)
{
    struct trivet_store *store;

    assert_int_equal(
        trivet_store_open(scratch.url, mode, &store, NULL), TRIVET_OK);
    return store;
}

/* Opening it must fail in this way, with a sentence about it. */
static inline void
assert_refused(
    const char *url, enum trivet_store_mode mode, enum trivet_status wanted)
{
    struct trivet_store *store = NULL;
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status = trivet_store_open(url, mode, &store, &err);

    if (status != wanted) {
        fail_msg("%s: %s, not %s", url, trivet_status_name(status),
            trivet_status_name(wanted));
    }
    assert_null(store);
    assert_int_equal(err.status, wanted);
    assert_true(err.detail[0] != '\0');
    assert_int_equal(trivet_store_open(url, mode, &store, NULL), wanted);
}

static inline void
assert_refused_in_both_modes(enum trivet_status wanted)
{
    assert_refused(scratch.url, TRIVET_STORE_EXISTING, wanted);
    assert_refused(scratch.url, TRIVET_STORE_MIGRATE, wanted);
}

static inline enum trivet_status
try_user(struct trivet_store *store, int number)
{
    struct trivet_user user = {.session_timeout_s = 60};

    (void) snprintf(user.public_uuid, sizeof user.public_uuid, "%d", number);
    return trivet_store_user_put(store, &user, NOW, NULL);
}

static inline void
put_user(struct trivet_store *store, int number)
{
    assert_int_equal(try_user(store, number), TRIVET_OK);
}

static inline bool
has_user(struct trivet_store *store, int64_t id)
{
    struct trivet_user user;
    enum trivet_status status = trivet_store_user_get(store, id, &user, NULL);

    assert_true(status == TRIVET_OK || status == TRIVET_E_NOT_FOUND);
    return status == TRIVET_OK;
}

static inline bool
is_there(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
