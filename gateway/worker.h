/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - what a worker process keeps, and when it begins and ends
 *
 * In memory of the configuration, so that a worker of a new configuration
 * begins with an empty one. Used by the event loop; of what pool threads use as
 * well, the headers of authority/ say so.
 */
#ifndef TRIVET_GATEWAY_WORKER_H
#define TRIVET_GATEWAY_WORKER_H

#include "base/uuid.h"
#include "gateway/conf.h"

#include "crypto/lanes/lanes.h"

typedef struct ngx_http_trivet_chunk_s ngx_http_trivet_chunk_t;

struct ngx_http_trivet_worker_s {
    struct trivet_authority_config authority; /* of all its authorities */
    struct trivet_authority *authority_here;  /* of the event loop */
    struct trivet_group *group;               /* of its threads */
    struct trivet_request_ids request_ids;
    struct trivet_refusals refusals;
    struct trivet_explaining explaining;
    struct trivet_seen seen; /* the latest time */
    struct trivet_known_keys known_keys;

    /* following.c, store_cache.c */
    struct ngx_http_trivet_following_s *following; /* NULL: not here */
    ngx_msec_t list_told; /* when the log was told of the list */
    ngx_uint_t is_list_told;

    /* signature.c, answer_headers.c */
    struct trivet_signer *signers[TRIVET_NUM_KEY_PLACES];
    struct trivet_digest *digest;
    u_char uuids[64 * TRIVET_UUID_LEN];
    size_t uuids_left; /* bytes that were not used yet */

    /* turns.c */
    struct trivet_lanes *lanes; /* NULL: OpenSSL signs */
    struct trivet_lane_key *lane_keys[TRIVET_MAX_SERVER_KEYS];
    ngx_queue_t turns;
    ngx_uint_t num_turns;
    ngx_event_t turn_event;
    ngx_http_trivet_main_conf_t *turn_conf;
    ngx_uint_t is_in_batch;

    /* checks.c */
    ngx_queue_t checks;
    ngx_uint_t num_checks;
    ngx_event_t check_event;
    ngx_uint_t is_checking;

    /* spool.c */
    off_t temp_used; /* of temp_limit, in bytes */

    /* chunks.c */
    size_t chunks_used; /* of answer_memory, in bytes */
    ngx_http_trivet_chunk_t *spare_chunks;
    ngx_uint_t num_spare_chunks;

    /* chores.c */
    ngx_thread_task_t *chore;
    ngx_event_t chore_timer;
    ngx_uint_t is_chore_posted;
    ngx_msec_t time_checked; /* by a chore */
    ngx_msec_t time_told; /* when the log was told that the clock is behind */
    ngx_uint_t is_time_told;
};

/* In the master, once it listens. */
ngx_int_t ngx_http_trivet_init_module(ngx_cycle_t *cycle);
/* In the worker. NGX_ERROR: logged, and nginx does not start it again. */
ngx_int_t ngx_http_trivet_init_process(ngx_cycle_t *cycle);
void ngx_http_trivet_exit_process(ngx_cycle_t *cycle);

#endif
