/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auditing.c - signs the ends of the audit log's chains now and then
 *
 * Of all workers the first does it, on a pool thread. Other gateways on the
 * same store do the same: whoever finds that it is time does it for all. A
 * worker that shuts down begins none.
 */
#include "gateway/auditing.h"

#include "gateway/conf.h"
#include "gateway/slice.h"
#include "gateway/threads.h"

#include "base/duration.h"
#include "base/timestamp.h"


enum {
    NGX_HTTP_TRIVET_CHECKPOINT_EVERY_S = 60,
    NGX_HTTP_TRIVET_CHECKPOINT_MAX_S = 86400,
    NGX_HTTP_TRIVET_CHECKPOINT_AGAIN_MS = 10000 /* the task was not taken */
};


typedef struct {
    ngx_connection_t connection; /* none: nginx's debug log asks for one */
    ngx_http_trivet_main_conf_t *tmcf;
    ngx_thread_task_t *task;
    ngx_event_t timer;
    ngx_uint_t is_failing; /* the log knows */

    /* written by the pool thread */
    enum trivet_status status;
    struct trivet_error err;
} ngx_http_trivet_checkpoints_t;


char *
ngx_http_trivet_store_chain(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value;

    (void) cmd;

    if (tmcf->chain.len > 0) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!trivet_authority_takes_chain((const char *) value[1].data)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_store_chain: \"%V\" is not 1 to 32 letters, digits, dots, "
            "hyphens and underscores, or it is \"operator\"",
            &value[1]);
        return NGX_CONF_ERROR;
    }

    tmcf->chain = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_trivet_audit_checkpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    int64_t every_s;
    ngx_str_t *value;

    (void) cmd;

    if (tmcf->checkpoint_every_s != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->checkpoint_every_s = 0;
        return NGX_CONF_OK;
    }

    if (trivet_duration_parse(ngx_http_trivet_slice(value[1]),
            NGX_HTTP_TRIVET_CHECKPOINT_MAX_S, &every_s)
            != TRIVET_OK
        || every_s == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_audit_checkpoint: \"%V\" is neither \"off\" nor a time "
            "from 1s to 1d",
            &value[1]);
        return NGX_CONF_ERROR;
    }

    tmcf->checkpoint_every_s = every_s;

    return NGX_CONF_OK;
}


void
ngx_http_trivet_init_checkpoint_conf(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_conf_init_value(
        tmcf->checkpoint_every_s, NGX_HTTP_TRIVET_CHECKPOINT_EVERY_S);
}


/* On a pool thread: must not log. */
static void
ngx_http_trivet_make_checkpoint(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_checkpoints_t *checkpoints = data;

    if (authority == NULL) {
        checkpoints->status = trivet_error_set(
            &checkpoints->err, TRIVET_E_MEMORY, "checkpoint", "out of memory");
        return;
    }

    checkpoints->status = trivet_authority_checkpoint(authority,
        checkpoints->tmcf->checkpoint_every_s * TRIVET_US_PER_S,
        &checkpoints->err);
}


/* What goes on failing has one line in the log. */
static void
ngx_http_trivet_checkpoint_made(ngx_event_t *ev)
{
    ngx_http_trivet_checkpoints_t *checkpoints = ev->data;

    ngx_uint_t was_failing;

    was_failing = checkpoints->is_failing;
    checkpoints->is_failing = checkpoints->status != TRIVET_OK;

    if (checkpoints->is_failing && !was_failing) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
            "trivet: no checkpoint of the audit log: %s",
            checkpoints->err.detail);
    }

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    ngx_add_timer(&checkpoints->timer,
        (ngx_msec_t) checkpoints->tmcf->checkpoint_every_s * 1000);
}


static void
ngx_http_trivet_checkpoint_handler(ngx_event_t *ev)
{
    ngx_http_trivet_checkpoints_t *checkpoints = ev->data;

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    if (ngx_thread_task_post(checkpoints->tmcf->thread_pool, checkpoints->task)
        != NGX_OK)
    {
        ngx_add_timer(ev, NGX_HTTP_TRIVET_CHECKPOINT_AGAIN_MS);
    }
}


ngx_int_t
ngx_http_trivet_start_checkpoints(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_trivet_checkpoints_t *checkpoints;

    if (ngx_worker != 0 || tmcf->checkpoint_every_s == 0) {
        return NGX_OK;
    }

    checkpoints =
        ngx_pcalloc(cycle->pool, sizeof(ngx_http_trivet_checkpoints_t));
    if (checkpoints == NULL) {
        return NGX_ERROR;
    }

    checkpoints->tmcf = tmcf;
    checkpoints->task =
        ngx_http_trivet_make_chore(cycle, tmcf, ngx_http_trivet_make_checkpoint,
            ngx_http_trivet_checkpoint_made, checkpoints);
    if (checkpoints->task == NULL) {
        return NGX_ERROR;
    }

    checkpoints->connection.fd = (ngx_socket_t) -1;
    checkpoints->timer.handler = ngx_http_trivet_checkpoint_handler;
    checkpoints->timer.data = checkpoints;
    checkpoints->timer.log = cycle->log;
    checkpoints->timer.cancelable = 1; /* does not keep a worker waiting */

    ngx_add_timer(
        &checkpoints->timer, (ngx_msec_t) tmcf->checkpoint_every_s * 1000);

    return NGX_OK;
}
