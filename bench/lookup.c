/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookup.c - what an admission's look-up in the store costs
 *
 *   bench-lookup STORE SAMPLES SECONDS
 *
 * Looks sessions up by their tokens, one after another, as a worker does on its
 * event loop: the file's name every ten milliseconds, then the row. SAMPLES: a
 * line for each session, its token first. The first half of the time is not
 * counted. Prints "US NUMBER": CPU time of one look-up, and how many there
 * were.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"
#include "crypto/token.h"
#include "store/noun/admission.h"
#include "store/store.h"

enum { MAX_SAMPLES = 65536, CURRENT_EVERY = 500, PER_LOOK = 50 };

static unsigned char digests[MAX_SAMPLES][TRIVET_DIGEST_LEN];

static void
die(const char *what)
{
    (void) fprintf(stderr, "bench-lookup: %s\n", what);
    exit(EXIT_FAILURE);
}

static double
seconds_of(clockid_t clock)
{
    struct timespec now;

    (void) clock_gettime(clock, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static size_t
read_samples(const char *name)
{
    FILE *file = fopen(name, "r");
    char line[4096];
    size_t num = 0;

    if (file == NULL) {
        die(name);
    }

    while (num < MAX_SAMPLES && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, " \n")] = '\0';
        if (trivet_token_digest(trivet_slice_text(line), digests[num])
            != TRIVET_OK) {
            die("no digest");
        }
        num++;
    }
    (void) fclose(file);

    if (num == 0) {
        die("no samples");
    }

    return num;
}

static void
look_up(struct trivet_store *store, const unsigned char *digest)
{
    static const struct trivet_address address = {
        .bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
    struct trivet_session session;

    if (trivet_store_admission_find(
            store, digest, &address, &session, NULL, NULL)
            != TRIVET_OK
        || !session.is_address_permitted || session.key.der_len == 0)
    {
        die("a session is not there");
    }
}

/* Returns how many. */
static long
look_up_for(struct trivet_store *store, size_t num_samples, double seconds)
{
    static size_t next;
    double end = seconds_of(CLOCK_MONOTONIC) + seconds;
    long num = 0;

    while (seconds_of(CLOCK_MONOTONIC) < end) {
        if (num % CURRENT_EVERY == 0 && !trivet_store_is_current(store)) {
            die("the store was exchanged");
        }
        for (int i = 0; i < PER_LOOK; i++) {
            look_up(store, digests[next++ % num_samples]);
        }
        num += PER_LOOK;
    }

    return num;
}

int
main(int argc, char **argv)
{
    struct trivet_store *store;
    struct trivet_error err = {.detail = ""};
    char url[4096];
    double seconds;
    double begin;
    size_t num_samples;
    long num;

    if (argc != 4) {
        die("STORE SAMPLES SECONDS");
    }

    seconds = strtod(argv[3], NULL) / 2;
    num_samples = read_samples(argv[2]);
    (void) snprintf(url, sizeof url, "sqlite:%s", argv[1]);
    if (trivet_store_open(url, TRIVET_STORE_EXISTING, &store, &err)
        != TRIVET_OK) {
        die(err.detail);
    }

    (void) look_up_for(store, num_samples, seconds);
    begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    num = look_up_for(store, num_samples, seconds);
    (void) printf("%.2f %ld\n",
        (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin) * 1e6 / (double) num,
        num);

    trivet_store_close(store);
    return EXIT_SUCCESS;
}
