/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_cancel.c - has the server stop what nobody waits for any more
 *
 * A server does not notice that the other end has gone while it works or waits
 * for a lock. libpq can only ask it to stop over a connection of its own, and
 * waits for that as long as the network does: so a thread does it, and is left
 * alone when it takes long. There are a few at most: when a whole network is
 * gone, no more of them help.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_REQUESTS = 4, WAIT_MS = 250 };

struct request {
    PGcancel *what;
    bool is_over; /* the thread has done it     */
    bool is_left; /* nobody waits for it        */
};

/* Of the process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_is_over = PTHREAD_COND_INITIALIZER;
static int num_requests;

static void
free_request(struct request *request)
{
    PQfreeCancel(request->what);
    free(request);
}

/* ---- the thread --------------------------------------------------------- */

static void *
send_request(void *opaque)
{
    struct request *request = opaque;
    char text[256];
    bool is_left;

    (void) PQcancel(request->what, text, sizeof text);

    (void) pthread_mutex_lock(&lock);
    num_requests--;
    request->is_over = true;
    is_left = request->is_left;
    (void) pthread_cond_broadcast(&one_is_over);
    (void) pthread_mutex_unlock(&lock);

    if (is_left) {
        free_request(request);
    }
    return NULL;
}

/* The program's signals are for its own threads. */
static bool
start(struct request *request)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    bool is_started;

    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }

    (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &before);
    is_started =
        pthread_create(&thread, &attributes, send_request, request) == 0;
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void) pthread_attr_destroy(&attributes);

    return is_started;
}

/* ---- who wants it ------------------------------------------------------- */

static bool
take_place(void)
{
    bool is_free;

    (void) pthread_mutex_lock(&lock);
    is_free = num_requests < MAX_REQUESTS;
    num_requests += is_free;
    (void) pthread_mutex_unlock(&lock);

    return is_free;
}

static void
give_place(void)
{
    (void) pthread_mutex_lock(&lock);
    num_requests--;
    (void) pthread_mutex_unlock(&lock);
}

/* So that a program that ends now has sent it; the thread frees what is left.
 */
static void
await(struct request *request)
{
    struct timespec end;
    int failure = 0;
    bool is_over;

    (void) clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += WAIT_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;

    (void) pthread_mutex_lock(&lock);
    while (!request->is_over && failure == 0) {
        failure = pthread_cond_timedwait(&one_is_over, &lock, &end);
    }
    is_over = request->is_over;
    request->is_left = !is_over;
    (void) pthread_mutex_unlock(&lock);

    if (is_over) {
        free_request(request);
    }
}

void
trivet_pg_cancel(struct trivet_pg_connection *connection)
{
    struct request *request;

    if (!take_place()) {
        return;
    }

    request = calloc(1, sizeof *request);
    if (request == NULL) {
        give_place();
        return;
    }

    request->what = PQgetCancel(connection->conn);
    if (request->what == NULL || !start(request)) {
        free_request(request);
        give_place();
        return;
    }

    await(request);
}
