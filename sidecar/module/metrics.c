/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - counters of the proxy, and their text for Prometheus */
#include "sidecar/module/metrics.h"


enum {
    NGX_HTTP_TRIVET_PROXY_CLASSES = 6,     /* of a status: 2xx is class 2 */
    NGX_HTTP_TRIVET_PROXY_MAX_TEXT = 16384 /* bytes, of all metrics       */
};


/* Zeroed memory is right. */
typedef struct {
    ngx_atomic_t answers[NGX_HTTP_TRIVET_PROXY_CLASSES];
    ngx_atomic_t failures[TRIVET_NUM_FAILURES];
    ngx_atomic_t unverified; /* answers: errors without a signature */
    ngx_atomic_t sessions;   /* opened                              */
    ngx_atomic_t pins;       /* not pinned, reported or refused     */
    ngx_atomic_t repeated;   /* answers to earlier calls            */
    ngx_atomic_t waits;      /* calls that waited for a turn        */
    ngx_atomic_t waited_ms;  /* all of them together                */
} ngx_http_trivet_proxy_metrics_t;


/* Of this worker. */
static ngx_uint_t ngx_http_trivet_proxy_num_running;
static ngx_uint_t ngx_http_trivet_proxy_num_waiting;


static ngx_int_t
ngx_http_trivet_proxy_init_metrics(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t *pool;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    zone->data = ngx_slab_calloc(pool, sizeof(ngx_http_trivet_proxy_metrics_t));

    return zone->data == NULL ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_trivet_proxy_add_metrics(
    ngx_conf_t *cf, ngx_http_trivet_proxy_conf_t *pcf)
{
    ngx_str_t name = ngx_string("trivet_proxy_metrics");

    pcf->metrics = ngx_shared_memory_add(
        cf, &name, 8 * ngx_pagesize, &ngx_http_trivet_proxy_module);
    if (pcf->metrics == NULL) {
        return NGX_ERROR;
    }

    pcf->metrics->init = ngx_http_trivet_proxy_init_metrics;

    return NGX_OK;
}


static ngx_http_trivet_proxy_metrics_t *
ngx_http_trivet_proxy_get_metrics(ngx_http_request_t *r)
{
    ngx_http_trivet_proxy_conf_t *pcf;

    pcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_proxy_module);

    return pcf->metrics->data;
}


static void
ngx_http_trivet_proxy_increment(ngx_atomic_t *counter)
{
    (void) ngx_atomic_fetch_add(counter, 1);
}


void
ngx_http_trivet_proxy_count_begin(void)
{
    ngx_http_trivet_proxy_num_running++;
}


/* By the name of the step that the library tells. */
static ngx_uint_t
ngx_http_trivet_proxy_is_session(const ngx_http_trivet_proxy_note_t *note)
{
    return note->kind == TRIVET_EVENT_STEP
           && ngx_strncmp(note->text, "session-server", 14) == 0;
}


void
ngx_http_trivet_proxy_count_end(const ngx_http_trivet_proxy_job_t *job)
{
    ngx_uint_t i;
    ngx_http_trivet_proxy_metrics_t *metrics;

    metrics = ngx_http_trivet_proxy_get_metrics(job->request);

    ngx_http_trivet_proxy_num_running--;

    for (i = 0; i < job->num_notes; i++) {
        if (ngx_http_trivet_proxy_is_session(&job->notes[i])) {
            ngx_http_trivet_proxy_increment(&metrics->sessions);
        }
        if (job->notes[i].kind == TRIVET_EVENT_PIN) {
            ngx_http_trivet_proxy_increment(&metrics->pins);
        }
    }

    if (job->failure == TRIVET_FAILURE_PIN) {
        ngx_http_trivet_proxy_increment(&metrics->pins);
    }
}


void
ngx_http_trivet_proxy_count_outcome(const ngx_http_trivet_proxy_job_t *job)
{
    ngx_http_trivet_proxy_metrics_t *metrics;

    metrics = ngx_http_trivet_proxy_get_metrics(job->request);

    if (job->is_repeated) {
        ngx_http_trivet_proxy_increment(&metrics->repeated);
    }

    if (job->failure != TRIVET_FAILURE_NONE || job->answer == NULL) {
        return;
    }

    ngx_http_trivet_proxy_increment(&metrics->answers[ngx_min(
        job->answer->status / 100, NGX_HTTP_TRIVET_PROXY_CLASSES - 1)]);
    if (!job->answer->is_verified) {
        ngx_http_trivet_proxy_increment(&metrics->unverified);
    }
}


void
ngx_http_trivet_proxy_count_waiting(void)
{
    ngx_http_trivet_proxy_num_waiting++;
}


void
ngx_http_trivet_proxy_count_wait(ngx_http_request_t *r, int64_t ms)
{
    ngx_http_trivet_proxy_metrics_t *metrics;

    ngx_http_trivet_proxy_num_waiting--;
    if (ms == 0) {
        return;
    }

    metrics = ngx_http_trivet_proxy_get_metrics(r);
    ngx_http_trivet_proxy_increment(&metrics->waits);
    (void) ngx_atomic_fetch_add(&metrics->waited_ms, (ngx_atomic_int_t) ms);
}


void
ngx_http_trivet_proxy_count_failure(
    ngx_http_request_t *r, enum trivet_failure failure)
{
    ngx_http_trivet_proxy_increment(
        &ngx_http_trivet_proxy_get_metrics(r)->failures[failure]);
}


/* ---- the text ----------------------------------------------------------- */

typedef struct {
    u_char *at;
    u_char *end;
} ngx_http_trivet_proxy_text_t;


static void
ngx_http_trivet_proxy_put_head(ngx_http_trivet_proxy_text_t *to,
    const char *name, const char *type, const char *help)
{
    to->at = ngx_slprintf(to->at, to->end,
        "# HELP trivet_proxy_%s %s\n# TYPE trivet_proxy_%s %s\n", name, help,
        name, type);
}


static void
ngx_http_trivet_proxy_put_one(ngx_http_trivet_proxy_text_t *to,
    const char *name, const char *type, const char *help, int64_t value)
{
    ngx_http_trivet_proxy_put_head(to, name, type, help);
    to->at = ngx_slprintf(to->at, to->end, "trivet_proxy_%s %L\n", name, value);
}


static void
ngx_http_trivet_proxy_put_answers(ngx_http_trivet_proxy_text_t *to,
    const ngx_http_trivet_proxy_metrics_t *metrics)
{
    ngx_uint_t i;

    ngx_http_trivet_proxy_put_head(to, "answers_total", "counter",
        "Answers of the server that were handed on.");

    for (i = 2; i < NGX_HTTP_TRIVET_PROXY_CLASSES; i++) {
        to->at = ngx_slprintf(to->at, to->end,
            "trivet_proxy_answers_total{status=\"%uixx\"} %uA\n", i,
            metrics->answers[i]);
    }
}


static void
ngx_http_trivet_proxy_put_failures(ngx_http_trivet_proxy_text_t *to,
    const ngx_http_trivet_proxy_metrics_t *metrics)
{
    int i;

    ngx_http_trivet_proxy_put_head(to, "failures_total", "counter",
        "Requests without an answer of the server, by reason.");

    for (i = TRIVET_FAILURE_NONE + 1; i < TRIVET_NUM_FAILURES; i++) {
        to->at = ngx_slprintf(to->at, to->end,
            "trivet_proxy_failures_total{reason=\"%s\"} %uA\n",
            trivet_failure_row((enum trivet_failure) i)->reason,
            metrics->failures[i]);
    }
}


ngx_str_t
ngx_http_trivet_proxy_tell_metrics(ngx_http_request_t *r, int64_t session_s)
{
    ngx_str_t text = ngx_null_string;
    ngx_http_trivet_proxy_text_t to;
    const ngx_http_trivet_proxy_metrics_t *metrics;

    metrics = ngx_http_trivet_proxy_get_metrics(r);

    to.at = ngx_pnalloc(r->pool, NGX_HTTP_TRIVET_PROXY_MAX_TEXT);
    if (to.at == NULL) {
        return text;
    }

    text.data = to.at;
    to.end = to.at + NGX_HTTP_TRIVET_PROXY_MAX_TEXT;

    ngx_http_trivet_proxy_put_answers(&to, metrics);
    ngx_http_trivet_proxy_put_failures(&to, metrics);
    ngx_http_trivet_proxy_put_one(&to, "unverified_total", "counter",
        "Answers that were errors without a signature.",
        (int64_t) metrics->unverified);
    ngx_http_trivet_proxy_put_one(&to, "sessions_total", "counter",
        "Sessions that were opened.", (int64_t) metrics->sessions);
    ngx_http_trivet_proxy_put_one(&to, "pin_mismatches_total", "counter",
        "Connections with a key that is not pinned, refused or reported.",
        (int64_t) metrics->pins);
    ngx_http_trivet_proxy_put_one(&to, "repeated_total", "counter",
        "Answers of earlier calls with the same key.",
        (int64_t) metrics->repeated);
    ngx_http_trivet_proxy_put_one(&to, "waits_total", "counter",
        "Calls that waited for a turn.", (int64_t) metrics->waits);
    ngx_http_trivet_proxy_put_one(&to, "waited_milliseconds_total", "counter",
        "How long they waited.", (int64_t) metrics->waited_ms);
    ngx_http_trivet_proxy_put_one(&to, "calls_waiting", "gauge",
        "Calls that wait for a turn now.",
        (int64_t) ngx_http_trivet_proxy_num_waiting);
    ngx_http_trivet_proxy_put_one(&to, "calls_running", "gauge",
        "Calls that are made now.",
        (int64_t) ngx_http_trivet_proxy_num_running);
    ngx_http_trivet_proxy_put_one(&to, "session_seconds", "gauge",
        "Until the session ends; -1: there is none.", session_s);

    text.len = (size_t) (to.at - text.data);

    return text;
}
