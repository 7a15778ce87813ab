/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection_slots.c - the connections of each address, counted
 *
 * Every worker counts in a slot of its own in memory that all share, so that
 * nobody waits; the sum is what counts. A slot is a sketch: two rows of
 * counters, in which an address has one place each, that a secret decides;
 * the smaller of the two is its number, or, when other addresses share both
 * places, more than that: with as many connections as a worker has, one address
 * in thousands. A slot is held by a robust mutex for as long as its worker
 * lives: that of a killed worker is found free, and emptied, by the next that
 * begins.
 */
#include "gateway/connection_slots.h"

#include "gateway/conf.h"
#include "gateway/zone.h"

#include "authority/limits/shared_mutex.h"
#include "crypto/token.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>


enum {
    NGX_HTTP_TRIVET_SLOTS = 128, /* workers, with those that shut down */
    NGX_HTTP_TRIVET_ROWS = 2,
    NGX_HTTP_TRIVET_COLUMNS = 8192,
    NGX_HTTP_TRIVET_COUNT_TRIES = 3
};


typedef struct {
    pthread_mutex_t is_mine;
    volatile ngx_uint_t is_used;
    volatile uint32_t counts[NGX_HTTP_TRIVET_ROWS][NGX_HTTP_TRIVET_COLUMNS];
} ngx_http_trivet_slot_t;


typedef struct {
    unsigned char secret[TRIVET_DIGEST_LEN];
    ngx_atomic_t num_refused;
    ngx_http_trivet_slot_t slots[NGX_HTTP_TRIVET_SLOTS];
} ngx_http_trivet_connections_t;


/* The place of an address in each row. */
typedef struct {
    ngx_http_trivet_slot_t *slot; /* of the worker */
    uint32_t columns[NGX_HTTP_TRIVET_ROWS];
} ngx_http_trivet_place_t;


/* Of this worker. One without a slot counts what it has itself. */
static ngx_http_trivet_slot_t ngx_http_trivet_lone_slot;
static ngx_http_trivet_slot_t *ngx_http_trivet_slot;
static struct trivet_digest *ngx_http_trivet_place_digest;


static ngx_int_t
ngx_http_trivet_make_slots(ngx_http_trivet_connections_t *connections)
{
    ngx_uint_t i;

    if (trivet_random(connections->secret, sizeof(connections->secret))
        != TRIVET_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_TRIVET_SLOTS; i++) {
        if (trivet_shared_mutex_init(&connections->slots[i].is_mine)
            != TRIVET_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_trivet_init_connections_zone(ngx_shm_zone_t *zone, void *old)
{
    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    if (ngx_http_trivet_zone_make(zone, sizeof(ngx_http_trivet_connections_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_trivet_make_slots(zone->data);
}


ngx_int_t
ngx_http_trivet_add_connection_slots(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    tmcf->connections = ngx_http_trivet_zone_add(cf, "trivet_connections",
        sizeof(ngx_http_trivet_connections_t),
        ngx_http_trivet_init_connections_zone);

    return tmcf->connections == NULL ? NGX_ERROR : NGX_OK;
}


static struct trivet_address
ngx_http_trivet_network(struct sockaddr *sockaddr)
{
    struct trivet_address address;

    if (sockaddr->sa_family == AF_INET6) {
        address = trivet_address_from_ipv6(
            &((struct sockaddr_in6 *) sockaddr)->sin6_addr);
    } else {
        address = trivet_address_from_ipv4(
            &((struct sockaddr_in *) sockaddr)->sin_addr);
    }

    return trivet_address_network(&address);
}


static ngx_int_t
ngx_http_trivet_find_place(ngx_http_trivet_connections_t *connections,
    struct sockaddr *sockaddr, ngx_http_trivet_place_t *place)
{
    ngx_uint_t row;
    struct trivet_address network;
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_digest *context = ngx_http_trivet_place_digest;

    network = ngx_http_trivet_network(sockaddr);

    trivet_digest_start(context);
    trivet_digest_add(context,
        trivet_slice_make(connections->secret, sizeof(connections->secret)));
    trivet_digest_add(
        context, trivet_slice_make(network.bytes, sizeof(network.bytes)));
    if (trivet_digest_finish(context, digest) != TRIVET_OK) {
        return NGX_ERROR;
    }

    for (row = 0; row < NGX_HTTP_TRIVET_ROWS; row++) {
        place->columns[row] = (digest[2 * row] | digest[2 * row + 1] << 8)
                              % NGX_HTTP_TRIVET_COLUMNS;
    }

    place->slot = ngx_http_trivet_slot;

    return NGX_OK;
}


static uint32_t
ngx_http_trivet_count_in(
    const ngx_http_trivet_slot_t *slot, const ngx_http_trivet_place_t *place)
{
    uint32_t least = UINT32_MAX;
    ngx_uint_t row;

    for (row = 0; row < NGX_HTTP_TRIVET_ROWS; row++) {
        least = ngx_min(least, slot->counts[row][place->columns[row]]);
    }

    return least;
}


static ngx_uint_t
ngx_http_trivet_count(const ngx_http_trivet_connections_t *connections,
    const ngx_http_trivet_place_t *place)
{
    ngx_uint_t i, num;

    num = place->slot == &ngx_http_trivet_lone_slot
              ? ngx_http_trivet_count_in(place->slot, place)
              : 0;

    for (i = 0; i < NGX_HTTP_TRIVET_SLOTS; i++) {
        if (connections->slots[i].is_used) {
            num += ngx_http_trivet_count_in(&connections->slots[i], place);
        }
    }

    return num;
}


static void
ngx_http_trivet_add_one(const ngx_http_trivet_place_t *place)
{
    ngx_uint_t row;

    for (row = 0; row < NGX_HTTP_TRIVET_ROWS; row++) {
        place->slot->counts[row][place->columns[row]]++;
    }
}


static void
ngx_http_trivet_take_one(const ngx_http_trivet_place_t *place)
{
    ngx_uint_t row;

    for (row = 0; row < NGX_HTTP_TRIVET_ROWS; row++) {
        if (place->slot->counts[row][place->columns[row]] > 0) {
            place->slot->counts[row][place->columns[row]]--;
        }
    }
}


/*
 * Counts one more, unless that makes too many. It is counted first and looked
 * at then: of two workers that have the last one at the same moment, at least
 * one sees the other. When both do, the one with the earlier slot looks again
 * first.
 */
static ngx_uint_t
ngx_http_trivet_count_one(const ngx_http_trivet_connections_t *connections,
    const ngx_http_trivet_place_t *place, ngx_uint_t max)
{
    ngx_uint_t tries, i;

    for (tries = 0; tries < NGX_HTTP_TRIVET_COUNT_TRIES; tries++) {
        ngx_http_trivet_add_one(place);
        atomic_thread_fence(memory_order_seq_cst);

        if (ngx_http_trivet_count(connections, place) <= max) {
            return 1;
        }

        ngx_http_trivet_take_one(place);

        for (i = 0; i <= (ngx_uint_t) (place->slot - connections->slots)
                    && i < NGX_HTTP_TRIVET_SLOTS;
             i++)
        {
            ngx_cpu_pause();
        }
    }

    return 0;
}


static void
ngx_http_trivet_connection_ends(void *data)
{
    ngx_http_trivet_place_t *place = data;

    if (place->slot == ngx_http_trivet_slot) { /* the worker has not left it */
        ngx_http_trivet_take_one(place);
    }
}


static ngx_int_t
ngx_http_trivet_connection_begins(
    ngx_connection_t *c, const ngx_http_trivet_place_t *place)
{
    ngx_pool_cleanup_t *cln;

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_trivet_place_t));
    if (cln == NULL) {
        ngx_http_trivet_take_one(place);
        return NGX_ERROR;
    }

    *(ngx_http_trivet_place_t *) cln->data = *place;
    cln->handler = ngx_http_trivet_connection_ends;

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_count_connection(
    ngx_connection_t *c, const ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_trivet_place_t place;
    ngx_http_trivet_connections_t *connections = tmcf->connections->data;

    if (ngx_http_trivet_find_place(connections, c->sockaddr, &place) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ngx_http_trivet_count_one(
            connections, &place, (ngx_uint_t) tmcf->max_connections))
    {
        (void) ngx_atomic_fetch_add(&connections->num_refused, 1);
        return NGX_DECLINED;
    }

    return ngx_http_trivet_connection_begins(c, &place);
}


/* Whether the slot was nobody's, or that of one who died: then it is ours. */
static ngx_uint_t
ngx_http_trivet_take_slot(ngx_http_trivet_slot_t *slot)
{
    int error;

    error = pthread_mutex_trylock(&slot->is_mine);
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&slot->is_mine);
    }

    return error == 0;
}


static void
ngx_http_trivet_empty_slot(ngx_http_trivet_slot_t *slot)
{
    slot->is_used = 0;
    ngx_memzero((void *) slot->counts, sizeof(slot->counts));
}


/* All slots are looked at: nobody else empties those of killed workers. */
ngx_int_t
ngx_http_trivet_take_connections(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_uint_t i;
    ngx_http_trivet_slot_t *slot;
    ngx_http_trivet_connections_t *connections;

    if (tmcf->connections == NULL) {
        return NGX_OK;
    }

    connections = tmcf->connections->data;

    /* Without a master one process has one cycle after the other. */
    if (ngx_http_trivet_slot >= connections->slots
        && ngx_http_trivet_slot < connections->slots + NGX_HTTP_TRIVET_SLOTS)
    {
        return NGX_OK;
    }

    ngx_http_trivet_slot = NULL;
    ngx_http_trivet_place_digest = trivet_digest_new();
    if (ngx_http_trivet_place_digest == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_TRIVET_SLOTS; i++) {
        slot = &connections->slots[i];

        if (!slot->is_used && ngx_http_trivet_slot != NULL) {
            continue;
        }

        if (!ngx_http_trivet_take_slot(slot)) {
            continue;
        }

        if (slot->is_used) {
            ngx_http_trivet_empty_slot(slot);
        }

        if (ngx_http_trivet_slot == NULL) {
            ngx_http_trivet_slot = slot;
            slot->is_used = 1;
        } else {
            (void) pthread_mutex_unlock(&slot->is_mine);
        }
    }

    if (ngx_http_trivet_slot == NULL) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
            "trivet: more than %d workers: this one counts only its own "
            "connections",
            (int) NGX_HTTP_TRIVET_SLOTS);
        ngx_http_trivet_slot = &ngx_http_trivet_lone_slot;
    }

    return NGX_OK;
}


/* The worker ends; connections that end after this are nobody's any more. */
void
ngx_http_trivet_leave_connections(void)
{
    ngx_http_trivet_slot_t *slot = ngx_http_trivet_slot;

    if (slot == NULL || slot == &ngx_http_trivet_lone_slot) {
        return;
    }

    ngx_http_trivet_empty_slot(slot);
    ngx_http_trivet_slot = &ngx_http_trivet_lone_slot;
    (void) pthread_mutex_unlock(&slot->is_mine);
    trivet_digest_free(ngx_http_trivet_place_digest);
    ngx_http_trivet_place_digest = NULL;
}


int64_t
ngx_http_trivet_num_refused(const ngx_http_trivet_main_conf_t *tmcf)
{
    const ngx_http_trivet_connections_t *connections;

    if (tmcf->connections == NULL) {
        return -1;
    }

    connections = tmcf->connections->data;

    return (int64_t) connections->num_refused;
}
