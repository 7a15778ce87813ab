/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_wait.c - waiting for a connection's socket */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/ticks.h"

bool
trivet_pg_await(PGconn *conn, short events, int64_t deadline_ms)
{
    struct pollfd one = {.fd = PQsocket(conn), .events = events};
    int num;

    do {
        int64_t left = deadline_ms - trivet_ticks_ms();

        if (left <= 0) {
            return false;
        }
        num = poll(&one, 1, left > INT_MAX ? INT_MAX : (int) left);
    } while (num == 0 || (num < 0 && errno == EINTR));

    return num > 0;
}
