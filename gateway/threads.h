/* SPDX-License-Identifier: Apache-2.0 */
/* threads.h - what a thread of nginx's pool keeps, and work for no request */
#ifndef TRIVET_GATEWAY_THREADS_H
#define TRIVET_GATEWAY_THREADS_H

#include "gateway/conf.h"

/* A connection to the store with signers and parsed keys; a digest; a buffer of
 * NGX_HTTP_TRIVET_READ_SIZE bytes. */
typedef struct {
    struct trivet_authority *authority;
    struct trivet_digest *digest;
    u_char *buffer;
} ngx_http_trivet_thread_t;

/* On a pool thread: must not log, nor touch a request. authority is NULL when
 * memory ran out. */
typedef void (*ngx_http_trivet_work_pt)(
    struct trivet_authority *authority, void *data);

/* nginx's debug log asks each timer's data for its connection's socket. */
extern ngx_connection_t ngx_http_trivet_no_connection;

/* When a worker begins, and when it ends (whether all threads did). */
ngx_int_t ngx_http_trivet_init_threads(void);
ngx_uint_t ngx_http_trivet_end_threads(void);

/* What the calling thread keeps; NULL when memory ran out. */
ngx_http_trivet_thread_t *ngx_http_trivet_get_thread(void);
/* Makes what is missing in it; thread may be NULL. */
enum trivet_status ngx_http_trivet_init_thread(ngx_http_trivet_thread_t *thread,
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_error *err);

/* A task that runs work on a pool thread for no request, to be posted again and
 * again; done runs on the event loop with data in ev->data. NULL: no memory. */
ngx_thread_task_t *ngx_http_trivet_make_chore(ngx_cycle_t *cycle,
    ngx_http_trivet_main_conf_t *tmcf, ngx_http_trivet_work_pt work,
    ngx_event_handler_pt done, void *data);

#endif
