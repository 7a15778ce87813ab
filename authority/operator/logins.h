/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logins.h - who is logged in at the console: a table that workers share
 *
 * A login is known by the digest of a secret, which its browser has in a
 * cookie. It ends when it was not used for idle_ms, or is max_ms old; when the
 * table is full, the one that was not used for the longest time goes.
 *
 * Zeroed memory, once its mutex is made, is ready for use. Locks are held for
 * microseconds. Times are milliseconds of a clock that never goes back.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_LOGINS_H
#define TRIVET_AUTHORITY_OPERATOR_LOGINS_H

#include <pthread.h>
#include <stdint.h>

#include "authority/operator/call.h"
#include "crypto/digest.h"
#include "store/store.h"

enum { TRIVET_MAX_LOGINS = 64 };

struct trivet_login {
    unsigned char digest[TRIVET_DIGEST_LEN];
    enum trivet_operator_role role; /* TRIVET_ROLE_NONE: no login */
    char name[TRIVET_MAX_OPERATOR];
    int64_t begun_ms;
    int64_t used_ms;
};

struct trivet_logins {
    pthread_mutex_t mutex; /* trivet_shared_mutex_init */
    int64_t idle_ms;
    int64_t max_ms;
    struct trivet_login logins[TRIVET_MAX_LOGINS];
};

/* False: the table could not be locked; nothing is there then. */
bool trivet_logins_add(struct trivet_logins *logins,
    const unsigned char digest[TRIVET_DIGEST_LEN], const char *name,
    enum trivet_operator_role role, int64_t now_ms);

/* Whose login it is; false: nobody's, or it has ended. It counts as used. */
bool trivet_logins_find(struct trivet_logins *logins,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t now_ms,
    struct trivet_login *out);

void trivet_logins_end(struct trivet_logins *logins,
    const unsigned char digest[TRIVET_DIGEST_LEN]);

#endif
