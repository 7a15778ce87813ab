/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_reader.c - reads the list of changes, and drops what was changed
 *
 * The age of what is remembered is counted from before the reading was sent:
 * what was committed by then is in it. So the order is: take the time, read,
 * drop, publish.
 */
#include "authority/list_reader.h"

#include <stdlib.h>

#include "authority/clock.h"
#include "authority/gaps.h"
#include "base/ticks.h"
#include "store/store.h"

/* So long after the last reading nothing is known of what was. */
enum { MAX_PAUSE_MS = 60000 };

struct trivet_list_reader {
    const struct trivet_authority_config *config;
    struct trivet_store *store; /* NULL: to be opened */
    bool is_begun;              /* there was a reading on this connection */
    int64_t read_ms;            /* the last                               */
    struct trivet_gaps gaps;
    size_t num_rows; /* of this reading */
};

enum trivet_status
trivet_list_reader_new(const struct trivet_authority_config *config,
    struct trivet_list_reader **out, struct trivet_error *err)
{
    struct trivet_list_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "list_reader", "out of memory");
    }

    reader->config = config;
    *out = reader;
    return TRIVET_OK;
}

static void
close_store(struct trivet_list_reader *reader)
{
    trivet_store_close(reader->store);
    reader->store = NULL;
    reader->is_begun = false;
}

void
trivet_list_reader_free(struct trivet_list_reader *reader)
{
    if (reader == NULL) {
        return;
    }

    close_store(reader);
    free(reader);
}

/* ---- one reading ------------------------------------------------------- */

static void
take_change(void *opaque, const struct trivet_change *row)
{
    struct trivet_list_reader *reader = opaque;

    reader->num_rows++;
    if (trivet_gaps_see(&reader->gaps, row->id, trivet_ticks_ms())
        && reader->is_begun)
    {
        trivet_session_cache_drop(
            reader->config->session_cache, row->kind, row->subject);
    }
}

/* *out: of the last of them; they are as many as there are rows for. */
static enum trivet_status
read_all(struct trivet_list_reader *reader, struct trivet_list_reading *out,
    struct trivet_error *err)
{
    const struct trivet_gaps *gaps = &reader->gaps;
    struct trivet_store_clock clock = {.database_us = 0};
    struct trivet_distance distance;

    do {
        int64_t before_us = trivet_authority_true_us(reader->config);

        out->begun_ms = trivet_ticks_ms();
        reader->num_rows = 0;
        TRIVET_TRY(trivet_store_change_read(reader->store, gaps->latest_id,
            gaps->all, gaps->num, take_change, reader, &clock, err));
        distance = trivet_distance_measure(before_us, clock.database_us,
            trivet_authority_true_us(reader->config));
    } while (reader->num_rows >= TRIVET_MAX_CHANGES_READ);

    out->distance_us = distance.us;
    out->doubt_us = distance.doubt_us;
    out->epoch = clock.epoch;
    out->latest_us = clock.latest_us;

    return TRIVET_OK;
}

/* Whoever knows nothing of what was has all dropped: what was put in before
 * this moment is not used any more, and what changes from now on is read. */
static enum trivet_status
begin(struct trivet_list_reader *reader, struct trivet_list_reading *out,
    struct trivet_error *err)
{
    reader->gaps = (struct trivet_gaps){.num = 0};
    reader->is_begun = false;

    TRIVET_TRY(read_all(reader, out, err));

    trivet_session_cache_drop(
        reader->config->session_cache, TRIVET_CHANGE_ALL, 0);
    reader->is_begun = true;

    return TRIVET_OK;
}

/* While a row could come that is not looked for any more, each reading is a
 * beginning: what was put in before it is not used. */
static void
drop_unsure(struct trivet_list_reader *reader)
{
    if (trivet_gaps_are_lossy(&reader->gaps, trivet_ticks_ms())) {
        trivet_session_cache_drop(
            reader->config->session_cache, TRIVET_CHANGE_ALL, 0);
    }
}

static enum trivet_status
read_list(struct trivet_list_reader *reader, struct trivet_error *err)
{
    const struct trivet_authority_config *config = reader->config;
    struct trivet_list_reading reading;
    int64_t now_ms = trivet_ticks_ms();

    if (reader->store == NULL) {
        TRIVET_TRY(trivet_store_open(
            config->store_url, TRIVET_STORE_EXISTING, &reader->store, err));
    }

    if (!reader->is_begun || now_ms - reader->read_ms > MAX_PAUSE_MS) {
        TRIVET_TRY(begin(reader, &reading, err));
    } else {
        trivet_gaps_expire(&reader->gaps, now_ms);
        TRIVET_TRY(read_all(reader, &reading, err));
        drop_unsure(reader);
    }

    reader->read_ms = reading.begun_ms;
    trivet_session_cache_publish(config->session_cache,
        trivet_session_cache_tag(config->store_url), &reading);

    return TRIVET_OK;
}

enum trivet_status
trivet_list_reader_read(
    struct trivet_list_reader *reader, struct trivet_error *err)
{
    enum trivet_status status;

    if (reader->store != NULL && !trivet_store_is_current(reader->store)) {
        close_store(reader);
    }

    status = read_list(reader, err);
    if (status != TRIVET_OK) {
        close_store(reader);
    }

    return status;
}
