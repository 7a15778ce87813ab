/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pruning.c - removes now and then what nobody uses any more
 *
 * Of all workers the first does it, on a pool thread, so many rows in one
 * transaction that nobody waits long for his turn. While there is more, the
 * next run follows soon. A worker that shuts down begins none.
 */
#include "gateway/pruning.h"

#include "gateway/conf.h"
#include "gateway/slice.h"
#include "gateway/threads.h"

#include "base/duration.h"


enum {
    NGX_HTTP_TRIVET_PRUNE_MAX = 500, /* of each kind in a run */
    NGX_HTTP_TRIVET_PRUNE_SOON_MS = 500,
    NGX_HTTP_TRIVET_PRUNE_FIRST_MS = 10000,
    NGX_HTTP_TRIVET_PRUNE_EVERY_S = 600
};


typedef struct {
    ngx_connection_t connection; /* none: nginx's debug log asks for one */
    ngx_http_trivet_main_conf_t *tmcf;
    ngx_thread_task_t *task;
    ngx_event_t timer;

    /* written by the pool thread */
    enum trivet_status status;
    struct trivet_pruned pruned;
    struct trivet_error err;
} ngx_http_trivet_pruning_t;


char *
ngx_http_trivet_prune(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    int64_t every_s;
    ngx_str_t *value;
    ngx_uint_t i;
    enum trivet_status status;

    (void) cmd;

    if (tmcf->prune_every_s != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    tmcf->prune_every_s = NGX_HTTP_TRIVET_PRUNE_EVERY_S;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->prune_ages = trivet_prune_ages_never;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_strncmp(value[i].data, "every=", 6) == 0) {
            status = trivet_duration_parse(
                trivet_slice_make(value[i].data + 6, value[i].len - 6),
                TRIVET_MAX_PRUNE_EVERY_S, &every_s);
            if (status == TRIVET_OK && every_s > 0) {
                tmcf->prune_every_s = every_s;
                continue;
            }
        } else if (trivet_prune_ages_set(
                       &tmcf->prune_ages, ngx_http_trivet_slice(value[i]))
                   == TRIVET_OK)
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "trivet_prune: \"%V\" is none of installations=AGE, sessions=AGE, "
            "api-keys=AGE (such as 7d, 12h, off) and every=AGE",
            &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void
ngx_http_trivet_init_prune_conf(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_conf_init_value(tmcf->prune_every_s, NGX_HTTP_TRIVET_PRUNE_EVERY_S);
}


/* On a pool thread: must not log. */
static void
ngx_http_trivet_run_pruning(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_pruning_t *pruning = data;

    ngx_memzero(&pruning->pruned, sizeof(struct trivet_pruned));

    if (authority == NULL) {
        pruning->status = trivet_error_set(
            &pruning->err, TRIVET_E_MEMORY, "pruning", "out of memory");
        return;
    }

    pruning->status =
        trivet_authority_prune(authority, &pruning->tmcf->prune_ages,
            NGX_HTTP_TRIVET_PRUNE_MAX, &pruning->pruned, &pruning->err);
}


static void
ngx_http_trivet_pruning_done(ngx_event_t *ev)
{
    ngx_http_trivet_pruning_t *pruning = ev->data;

    ngx_msec_t wait_ms;
    const struct trivet_pruned *pruned = &pruning->pruned;

    if (pruning->status != TRIVET_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
            "trivet: pruning failed: %s", pruning->err.detail);

    } else if (!trivet_pruned_is_nothing(pruned)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
            "trivet: pruned: %L installations, %L sessions, %L API keys",
            pruned->num_installations, pruned->num_sessions,
            pruned->num_api_keys);
    }

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    wait_ms = (ngx_msec_t) pruning->tmcf->prune_every_s * 1000;

    if (pruning->status == TRIVET_OK
        && (pruned->num_installations >= NGX_HTTP_TRIVET_PRUNE_MAX
            || pruned->num_sessions >= NGX_HTTP_TRIVET_PRUNE_MAX
            || pruned->num_api_keys >= NGX_HTTP_TRIVET_PRUNE_MAX))
    {
        wait_ms = NGX_HTTP_TRIVET_PRUNE_SOON_MS; /* there is more */
    }

    ngx_add_timer(&pruning->timer, wait_ms);
}


static void
ngx_http_trivet_pruning_handler(ngx_event_t *ev)
{
    ngx_http_trivet_pruning_t *pruning = ev->data;

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    if (ngx_thread_task_post(pruning->tmcf->thread_pool, pruning->task)
        != NGX_OK) {
        ngx_add_timer(ev, NGX_HTTP_TRIVET_PRUNE_FIRST_MS);
    }
}


ngx_int_t
ngx_http_trivet_start_pruning(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_msec_t first;
    ngx_http_trivet_pruning_t *pruning;
    const struct trivet_prune_ages *ages = &tmcf->prune_ages;

    if (ngx_worker != 0
        || (ages->installations_s < 0 && ages->sessions_s < 0
            && ages->api_keys_s < 0))
    {
        return NGX_OK;
    }

    pruning = ngx_pcalloc(cycle->pool, sizeof(ngx_http_trivet_pruning_t));
    if (pruning == NULL) {
        return NGX_ERROR;
    }

    pruning->tmcf = tmcf;
    pruning->task = ngx_http_trivet_make_chore(cycle, tmcf,
        ngx_http_trivet_run_pruning, ngx_http_trivet_pruning_done, pruning);
    if (pruning->task == NULL) {
        return NGX_ERROR;
    }

    pruning->connection.fd = (ngx_socket_t) -1;
    pruning->timer.handler = ngx_http_trivet_pruning_handler;
    pruning->timer.data = pruning;
    pruning->timer.log = cycle->log;
    pruning->timer.cancelable = 1; /* does not keep a worker waiting */

    first = ngx_min((ngx_msec_t) tmcf->prune_every_s * 1000,
        (ngx_msec_t) NGX_HTTP_TRIVET_PRUNE_FIRST_MS);
    ngx_add_timer(&pruning->timer, first);

    return NGX_OK;
}
