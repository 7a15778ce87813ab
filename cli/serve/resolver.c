/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.c - asks again and again where the APIs are */
#define _DEFAULT_SOURCE
#include "cli/serve/resolver.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"

enum { INTERVAL_S = 2, CALM_S = 30 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t is_found;
    bool is_running;
    bool has_found; /* each name was looked up */
    time_t taken;   /* by a clock that is never set */
    struct cli_upstreams found;
} resolver = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .is_found = PTHREAD_COND_INITIALIZER,
};

static time_t
now_s(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Only this thread writes `found`: it reads it without the mutex. */
static void
look_up_all(void)
{
    static struct cli_upstreams next; /* large */

    next = resolver.found;
    for (size_t i = 0; i < next.num; i++) {
        if (next.all[i].is_name) {
            cli_upstream_resolve(&next.all[i]);
        }
    }

    (void) pthread_mutex_lock(&resolver.mutex);
    resolver.found = next;
    resolver.has_found = true;
    (void) pthread_cond_broadcast(&resolver.is_found);
    (void) pthread_mutex_unlock(&resolver.mutex);
}

static void *
work(void *unused)
{
    const struct timespec interval = {.tv_sec = INTERVAL_S};

    for (;;) {
        look_up_all();
        (void) nanosleep(&interval, NULL);
    }

    return unused;
}

enum trivet_status
cli_resolver_start(
    const struct cli_upstreams *upstreams, struct trivet_error *err)
{
    pthread_t thread;
    bool has_names = false;
    int rc;

    for (size_t i = 0; i < upstreams->num; i++) {
        has_names |= upstreams->all[i].is_name;
    }
    if (!has_names) {
        return TRIVET_OK;
    }

    resolver.found = *upstreams;
    rc = pthread_create(&thread, NULL, work, NULL);
    if (rc != 0) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "resolver",
            "no thread can be started: %s", strerror(rc));
    }

    (void) pthread_detach(thread);
    resolver.is_running = true;
    return TRIVET_OK;
}

void
cli_resolver_wait(int timeout_ms)
{
    struct timespec until;

    if (!resolver.is_running) {
        return;
    }

    (void) clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;

    (void) pthread_mutex_lock(&resolver.mutex);
    while (
        !resolver.has_found
        && pthread_cond_timedwait(&resolver.is_found, &resolver.mutex, &until)
               == 0)
    {
    }
    (void) pthread_mutex_unlock(&resolver.mutex);
}

/* What was said before is in known. */
static void
tell(struct cli_upstream *known, const struct cli_upstream *found)
{
    if (strcmp(known->why, found->why) == 0) {
        return;
    }

    if (found->why[0] == '\0') {
        (void) fprintf(stderr, "trivet: %s: found\n", found->url.host);
    } else {
        (void) fprintf(stderr, "trivet: %s: %s; %s\n", found->url.host,
            found->why,
            cli_text_of(found->num_addresses > 0,
                "its last addresses are used until it is found again",
                "callers get 502 until it is found"));
    }

    memcpy(known->why, found->why, sizeof known->why);
}

/* With the mutex. */
static bool
has_news(struct cli_upstreams *known)
{
    bool differs = false;
    bool is_lost = false; /* where it is known to be, it is not */

    for (size_t i = 0; i < known->num; i++) {
        struct cli_upstream *old = &known->all[i];
        const struct cli_upstream *new = &resolver.found.all[i];

        tell(old, new);
        if (!cli_upstream_same_addresses(old, new)) {
            differs = true;
            is_lost |= !cli_upstream_overlaps(old, new);
        }
    }

    return is_lost || (differs && now_s() - resolver.taken >= CALM_S);
}

bool
cli_resolver_has_news(struct cli_upstreams *known)
{
    bool result;

    if (!resolver.is_running) {
        return false;
    }

    (void) pthread_mutex_lock(&resolver.mutex);
    result = resolver.has_found && has_news(known);
    (void) pthread_mutex_unlock(&resolver.mutex);

    return result;
}

void
cli_resolver_take(struct cli_upstreams *upstreams)
{
    if (!resolver.is_running) {
        return;
    }

    (void) pthread_mutex_lock(&resolver.mutex);
    if (resolver.has_found) {
        (void) has_news(upstreams);
        *upstreams = resolver.found;
        resolver.taken = now_s();
    }
    (void) pthread_mutex_unlock(&resolver.mutex);
}
