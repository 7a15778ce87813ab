/* SPDX-License-Identifier: Apache-2.0 */
/* logins.c - who is logged in at the console: a table that workers share */
#include "authority/operator/logins.h"

#include <stdio.h>

#include "authority/limits/shared_mutex.h"
#include "base/secret.h"

static bool
is_alive(const struct trivet_logins *logins, const struct trivet_login *login,
    int64_t now_ms)
{
    return login->role != TRIVET_ROLE_NONE
           && now_ms - login->used_ms < logins->idle_ms
           && now_ms - login->begun_ms < logins->max_ms;
}

/* NULL: there is none. */
static struct trivet_login *
find(struct trivet_logins *logins, const unsigned char *digest)
{
    for (size_t i = 0; i < TRIVET_MAX_LOGINS; i++) {
        struct trivet_login *login = &logins->logins[i];

        if (login->role != TRIVET_ROLE_NONE
            && trivet_ct_equal(login->digest, digest, TRIVET_DIGEST_LEN))
        {
            return login;
        }
    }

    return NULL;
}

/* One that has ended, or the one that was not used for the longest time. */
static struct trivet_login *
find_place(struct trivet_logins *logins, int64_t now_ms)
{
    struct trivet_login *oldest = &logins->logins[0];

    for (size_t i = 0; i < TRIVET_MAX_LOGINS; i++) {
        struct trivet_login *login = &logins->logins[i];

        if (!is_alive(logins, login, now_ms)) {
            return login;
        }
        if (login->used_ms < oldest->used_ms) {
            oldest = login;
        }
    }

    return oldest;
}

bool
trivet_logins_add(struct trivet_logins *logins,
    const unsigned char digest[TRIVET_DIGEST_LEN], const char *name,
    enum trivet_operator_role role, int64_t now_ms)
{
    struct trivet_login *login;

    if (!trivet_shared_mutex_lock(&logins->mutex)) {
        return false;
    }

    login = find_place(logins, now_ms);
    memcpy(login->digest, digest, sizeof login->digest);
    login->role = role;
    (void) snprintf(login->name, sizeof login->name, "%s", name);
    login->begun_ms = now_ms;
    login->used_ms = now_ms;

    trivet_shared_mutex_unlock(&logins->mutex);
    return true;
}

bool
trivet_logins_find(struct trivet_logins *logins,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t now_ms,
    struct trivet_login *out)
{
    struct trivet_login *login;
    bool is_found;

    if (!trivet_shared_mutex_lock(&logins->mutex)) {
        return false;
    }

    login = find(logins, digest);
    is_found = login != NULL && is_alive(logins, login, now_ms);
    if (is_found) {
        login->used_ms = now_ms;
        *out = *login;
    } else if (login != NULL) {
        login->role = TRIVET_ROLE_NONE;
    }

    trivet_shared_mutex_unlock(&logins->mutex);
    return is_found;
}

void
trivet_logins_end(
    struct trivet_logins *logins, const unsigned char digest[TRIVET_DIGEST_LEN])
{
    struct trivet_login *login;

    if (!trivet_shared_mutex_lock(&logins->mutex)) {
        return;
    }

    login = find(logins, digest);
    if (login != NULL) {
        login->role = TRIVET_ROLE_NONE;
    }

    trivet_shared_mutex_unlock(&logins->mutex);
}
