/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - counters that all workers share, told in Prometheus' text form;
 * probes
 *
 * Each request is counted once, in the log phase, by atomic adds to shared
 * memory: nobody waits for anybody. The zone is there only when a location has
 * trivet_metrics, and lives on over a reload.
 */
#include "module.h"

#include "base/timestamp.h"


#define NGX_HTTP_TRIVET_NUM_BOUNDS 11

/* How long a count of sessions is good for: scrapes cost no more than that. */
enum { NGX_HTTP_TRIVET_COUNT_MS = 5000 };


/* Upper ends of a histogram's buckets, in microseconds and as Prometheus wants
 * them; what is longer is in the last one, +Inf. */
static const struct {
    int64_t us;
    const char *seconds;
} ngx_http_trivet_bounds[NGX_HTTP_TRIVET_NUM_BOUNDS] = {
    {25, "0.000025"},
    {50, "0.00005"},
    {100, "0.0001"},
    {250, "0.00025"},
    {500, "0.0005"},
    {1000, "0.001"},
    {2500, "0.0025"},
    {5000, "0.005"},
    {10000, "0.01"},
    {50000, "0.05"},
    {250000, "0.25"},
};


typedef struct {
    ngx_atomic_t buckets[NGX_HTTP_TRIVET_NUM_BOUNDS + 1];
    ngx_atomic_t sum_ns;
} ngx_http_trivet_histogram_t;


struct ngx_http_trivet_metrics_s {
    ngx_http_trivet_histogram_t verifying;
    ngx_http_trivet_histogram_t signing;
    ngx_atomic_t cache_misses;
    ngx_atomic_t known_right; /* nothing was verified: it had been before */
    ngx_atomic_t known_signatures;
    ngx_atomic_t store_errors;
    ngx_atomic_t sessions;   /* as they were counted last */
    ngx_atomic_t counted_ms; /* when; 0: never            */
    ngx_atomic_t requests[]; /* a row of reasons for each call */
};


/* What a scrape or a probe waits for. */
typedef struct {
    enum trivet_status status;
    int64_t sessions;
    int64_t behind_s; /* the clock is, the latest time that was seen */
} ngx_http_trivet_work_t;


/* Several reasons have one id, which is what is told: the first of them. */
static ngx_uint_t ngx_http_trivet_same_id[TRIVET_NUM_REASONS];


/* ---- the zone ---------------------------------------------------------- */

/* The rows: the calls of the table, those of the API behind, what was neither
 * (no such path, a wrong method). */
static ngx_uint_t
ngx_http_trivet_num_rows(void)
{
    return trivet_call_num() + 2;
}


static size_t
ngx_http_trivet_metrics_size(void)
{
    return sizeof(ngx_http_trivet_metrics_t)
           + ngx_http_trivet_num_rows() * TRIVET_NUM_REASONS
                 * sizeof(ngx_atomic_t);
}


static ngx_int_t
ngx_http_trivet_init_zone(ngx_shm_zone_t *zone, void *old)
{
    ngx_slab_pool_t *pool;

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* A reload, by the same module: nginx makes a new zone for another. */
    if (old != NULL) {
        zone->data = old;
        return NGX_OK;
    }

    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }

    zone->data = ngx_slab_calloc(pool, ngx_http_trivet_metrics_size());
    pool->data = zone->data;

    return zone->data == NULL ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_trivet_find_same_ids(void)
{
    ngx_uint_t i, j;

    for (i = 0; i < TRIVET_NUM_REASONS; i++) {
        for (j = 0; j < i; j++) {
            if (ngx_strcmp(trivet_reason_row(i)->id, trivet_reason_row(j)->id)
                == 0) {
                break;
            }
        }

        ngx_http_trivet_same_id[i] = j;
    }
}


/* Of the location's directives: counters are kept from now on. */
static ngx_int_t
ngx_http_trivet_add_zone(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    size_t size;
    ngx_str_t name = ngx_string("trivet_metrics");

    if (tmcf->metrics != NULL) {
        return NGX_OK;
    }

    ngx_http_trivet_find_same_ids();

    /* The slab allocator wants pages for itself. */
    size = ngx_align(ngx_http_trivet_metrics_size(), ngx_pagesize)
           + 8 * ngx_pagesize;

    tmcf->metrics =
        ngx_shared_memory_add(cf, &name, size, &ngx_http_trivet_module);
    if (tmcf->metrics == NULL) {
        return NGX_ERROR;
    }

    tmcf->metrics->init = ngx_http_trivet_init_zone;

    return NGX_OK;
}


/* ---- counting ---------------------------------------------------------- */

static void
ngx_http_trivet_observe(ngx_http_trivet_histogram_t *histogram, int64_t ns)
{
    ngx_uint_t i;

    ns = ngx_max(ns, 0);

    for (i = 0; i < NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        if (ns <= ngx_http_trivet_bounds[i].us * 1000) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&histogram->buckets[i], 1);
    (void) ngx_atomic_fetch_add(&histogram->sum_ns, (ngx_atomic_int_t) ns);
}


static ngx_uint_t
ngx_http_trivet_row_of(ngx_http_trivet_ctx_t *ctx)
{
    if (ctx->request.call != NULL) {
        return trivet_call_index(ctx->request.call);
    }

    return trivet_call_num() + (ctx->state == NGX_HTTP_TRIVET_NEW ? 1 : 0);
}


ngx_int_t
ngx_http_trivet_log_handler(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_loc_conf_t *tlcf;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);

    if (tmcf->metrics == NULL || ctx == NULL
        || (ctx->judged_by == NULL && !tlcf->calls && !tlcf->protect))
    {
        return NGX_OK;
    }

    if (ctx->state != NGX_HTTP_TRIVET_JUDGED
        && ctx->reason == TRIVET_REASON_NONE) {
        return NGX_OK; /* the caller went away before it was judged */
    }

    metrics = tmcf->metrics->data;

    (void) ngx_atomic_fetch_add(
        &metrics->requests[ngx_http_trivet_row_of(ctx) * TRIVET_NUM_REASONS
                           + ngx_http_trivet_same_id[ctx->reason]],
        1);

    if (ctx->answer.verdict.reason == TRIVET_REASON_STORE_UNAVAILABLE) {
        (void) ngx_atomic_fetch_add(&metrics->store_errors, 1);
    }

    if (ctx->answer.measures.has_verified) {
        ngx_http_trivet_observe(
            &metrics->verifying, ctx->answer.measures.verifying_ns);
    }

    if (ctx->answer.measures.knew_right) {
        (void) ngx_atomic_fetch_add(&metrics->known_right, 1);
    }

    if (ctx->answer.measures.knew_signature) {
        (void) ngx_atomic_fetch_add(&metrics->known_signatures, 1);
    }

    if (ctx->answer.measures.had_to_parse_key) {
        (void) ngx_atomic_fetch_add(&metrics->cache_misses, 1);
    }

    if (ctx->answer.measures.has_signed) {
        ngx_http_trivet_observe(
            &metrics->signing, ctx->answer.measures.signing_ns);
    }

    return NGX_OK;
}


/* ---- telling ----------------------------------------------------------- */

static u_char *
ngx_http_trivet_tell_requests(
    u_char *p, u_char *end, const ngx_atomic_uint_t *requests)
{
    const char *method, *path;
    ngx_uint_t row, reason;
    ngx_atomic_uint_t num;

    p = ngx_slprintf(p, end,
        "# HELP trivet_requests_total Requests, by call and why they were "
        "refused.\n"
        "# TYPE trivet_requests_total counter\n");

    for (row = 0; row < ngx_http_trivet_num_rows(); row++) {
        method = "";
        path = row == trivet_call_num() ? "proxied" : "other";

        if (row < trivet_call_num()) {
            trivet_call_name(row, &method, &path);
        }

        for (reason = 0; reason < TRIVET_NUM_REASONS; reason++) {
            num = requests[row * TRIVET_NUM_REASONS + reason];

            if (num == 0) {
                continue;
            }

            p = ngx_slprintf(p, end,
                "trivet_requests_total{call=\"%s%s%s\",reason=\"%s\"} %uA\n",
                method, *method == '\0' ? "" : " ", path,
                trivet_reason_row(reason)->id, num);
        }
    }

    return p;
}


static u_char *
ngx_http_trivet_tell_histogram(u_char *p, u_char *end, const char *name,
    const char *help, const ngx_http_trivet_histogram_t *histogram)
{
    ngx_uint_t i;
    ngx_atomic_uint_t num = 0, sum_ns = histogram->sum_ns;

    p = ngx_slprintf(
        p, end, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);

    for (i = 0; i < NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        num += histogram->buckets[i];
        p = ngx_slprintf(p, end, "%s_bucket{le=\"%s\"} %uA\n", name,
            ngx_http_trivet_bounds[i].seconds, num);
    }

    num += histogram->buckets[i];

    return ngx_slprintf(p, end,
        "%s_bucket{le=\"+Inf\"} %uA\n%s_sum %uA.%09uA\n%s_count %uA\n", name,
        num, name, sum_ns / 1000000000, sum_ns % 1000000000, name, num);
}


static u_char *
ngx_http_trivet_tell_counter(u_char *p, u_char *end, const char *name,
    const char *kind, const char *help, int64_t num)
{
    return ngx_slprintf(p, end, "# HELP %s %s\n# TYPE %s %s\n%s %L\n", name,
        help, name, kind, name, num);
}


/* metrics is a copy that stands still. */
static u_char *
ngx_http_trivet_tell_all(u_char *p, u_char *end,
    const ngx_http_trivet_metrics_t *metrics, ngx_http_trivet_work_t *work)
{
    ngx_uint_t i;
    ngx_atomic_uint_t num = 0;

    p = ngx_http_trivet_tell_requests(
        p, end, (const ngx_atomic_uint_t *) metrics->requests);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_verifying_seconds",
        "Verifying a request's signature.", &metrics->verifying);
    p = ngx_http_trivet_tell_histogram(p, end, "trivet_signing_seconds",
        "Signing an answer.", &metrics->signing);

    for (i = 0; i <= NGX_HTTP_TRIVET_NUM_BOUNDS; i++) {
        num += metrics->verifying.buckets[i];
    }

    p = ngx_http_trivet_tell_counter(p, end, "trivet_key_cache_hits_total",
        "counter", "Client keys that were parsed already.",
        (int64_t) (num - metrics->cache_misses));
    p = ngx_http_trivet_tell_counter(p, end, "trivet_key_cache_misses_total",
        "counter", "Client keys that had to be parsed.",
        (int64_t) metrics->cache_misses);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_sign_memo_hits_total",
        "counter", "Answers whose signature was remembered.",
        (int64_t) metrics->known_signatures);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_verify_memo_hits_total",
        "counter", "Requests whose signature was known to be right.",
        (int64_t) metrics->known_right);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_errors_total",
        "counter", "Requests refused because the store failed.",
        (int64_t) metrics->store_errors);
    p = ngx_http_trivet_tell_counter(p, end, "trivet_store_up", "gauge",
        "Whether the sessions could be counted.", work->status == TRIVET_OK);

    if (work->status == TRIVET_OK) {
        p = ngx_http_trivet_tell_counter(p, end, "trivet_sessions_alive",
            "gauge", "Sessions that are alive, 100000 counted at most.",
            work->sessions);
    }

    return ngx_http_trivet_tell_counter(p, end, "trivet_clock_behind_seconds",
        "gauge", "How far the clock is behind the latest time that was seen.",
        work->behind_s);
}


/* The longest that the text can be: every line of it. */
static size_t
ngx_http_trivet_max_text(const ngx_http_trivet_metrics_t *metrics)
{
    size_t num_lines = 64; /* all but the requests */
    ngx_uint_t i;

    for (i = 0; i < ngx_http_trivet_num_rows() * TRIVET_NUM_REASONS; i++) {
        num_lines += metrics->requests[i] != 0;
    }

    return num_lines * 256;
}


static ngx_int_t
ngx_http_trivet_send_text(
    ngx_http_request_t *r, ngx_uint_t status, u_char *text, size_t len)
{
    ngx_str_t type = ngx_string("text/plain; version=0.0.4; charset=utf-8");
    ngx_http_complex_value_t value;

    ngx_memzero(&value, sizeof(value));
    value.value.data = text;
    value.value.len = len;

    return ngx_http_send_response(r, status, &type, &value);
}


static ngx_int_t
ngx_http_trivet_send_metrics(
    ngx_http_request_t *r, ngx_http_trivet_work_t *work)
{
    size_t size, max;
    u_char *text, *end;
    ngx_http_trivet_metrics_t *copy;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);

    size = ngx_http_trivet_metrics_size();
    copy = ngx_palloc(r->pool, size);
    if (copy == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_memcpy(copy, tmcf->metrics->data, size);

    max = ngx_http_trivet_max_text(copy);
    text = ngx_pnalloc(r->pool, max);
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    work->behind_s =
        trivet_seen_behind_us(&tmcf->seen, ngx_http_trivet_now_us())
        / TRIVET_US_PER_S;
    end = ngx_http_trivet_tell_all(text, text + max, copy, work);
    if (tmcf->connections != NULL) {
        end = ngx_http_trivet_tell_counter(end, text + max,
            "trivet_connections_refused_total", "counter",
            "Connections of addresses that had too many.",
            ngx_http_trivet_num_refused(tmcf));
    }
    if (end == text + max) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
            "trivet: the metrics are longer than was thought");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_trivet_send_text(
        r, NGX_HTTP_OK, text, (size_t) (end - text));
}


/* ---- asking the store -------------------------------------------------- */

/* On a pool thread. */
static void
ngx_http_trivet_count_sessions(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_work_t *work = data;

    work->status = authority == NULL ? TRIVET_E_MEMORY
                                     : trivet_authority_count_sessions(
                                         authority, &work->sessions, NULL);
}


/* As above: another worker may have told the store a later time. */
static void
ngx_http_trivet_read_time(struct trivet_authority *authority, void *data)
{
    (void) data;

    if (authority != NULL) {
        trivet_authority_note_time(authority, TRIVET_SEEN_LATELY_US);
    }
}


/* As above. */
static void
ngx_http_trivet_check_store(struct trivet_authority *authority, void *data)
{
    ngx_http_trivet_work_t *work = data;

    work->status = authority == NULL
                       ? TRIVET_E_MEMORY
                       : trivet_authority_check_store(authority, NULL);
}


static void
ngx_http_trivet_metrics_counted(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);
    metrics = tmcf->metrics->data;
    work = ctx->work;

    if (work->status == TRIVET_OK) {
        metrics->sessions = (ngx_atomic_uint_t) work->sessions;
        metrics->counted_ms = ngx_current_msec;
    }

    ngx_http_finalize_request(r, ngx_http_trivet_send_metrics(r, work));
}


/* The sessions are as they were counted a moment ago. */
static void
ngx_http_trivet_time_read(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    ctx = ngx_http_trivet_get_ctx(r);
    metrics = tmcf->metrics->data;
    work = ctx->work;

    work->status = TRIVET_OK;
    work->sessions = (int64_t) metrics->sessions;

    ngx_http_finalize_request(r, ngx_http_trivet_send_metrics(r, work));
}


static ngx_int_t
ngx_http_trivet_send_state(ngx_http_request_t *r, ngx_uint_t is_well)
{
    ngx_str_t well = ngx_string("ok\n");
    ngx_str_t unwell = ngx_string("the store cannot be read\n");

    return is_well
               ? ngx_http_trivet_send_text(r, NGX_HTTP_OK, well.data, well.len)
               : ngx_http_trivet_send_text(
                   r, NGX_HTTP_SERVICE_UNAVAILABLE, unwell.data, unwell.len);
}


static void
ngx_http_trivet_store_checked(ngx_http_request_t *r)
{
    ngx_http_trivet_ctx_t *ctx;
    ngx_http_trivet_work_t *work;

    ctx = ngx_http_trivet_get_ctx(r);
    work = ctx->work;

    ngx_http_finalize_request(
        r, ngx_http_trivet_send_state(r, work->status == TRIVET_OK));
}


static ngx_int_t
ngx_http_trivet_ask_store(ngx_http_request_t *r, ngx_http_trivet_work_pt ask,
    ngx_http_event_handler_pt answer)
{
    ngx_http_trivet_ctx_t *ctx;

    ctx = ngx_http_trivet_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->work = ngx_pcalloc(r->pool, sizeof(ngx_http_trivet_work_t));
    if (ctx->work == NULL
        || ngx_http_trivet_post_work(r, ask, ctx->work) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->write_event_handler = answer;
    r->main->count++;

    return NGX_DONE;
}


/* ---- locations --------------------------------------------------------- */

static ngx_int_t
ngx_http_trivet_begin_location(ngx_http_request_t *r)
{
    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    return ngx_http_discard_request_body(r);
}


static ngx_int_t
ngx_http_trivet_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_metrics_t *metrics;
    ngx_http_trivet_main_conf_t *tmcf;

    rc = ngx_http_trivet_begin_location(r);
    if (rc != NGX_OK) {
        return rc;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_trivet_module);
    metrics = tmcf->metrics->data;

    if (metrics->counted_ms != 0
        && ngx_current_msec - metrics->counted_ms < NGX_HTTP_TRIVET_COUNT_MS)
    {
        return ngx_http_trivet_ask_store(
            r, ngx_http_trivet_read_time, ngx_http_trivet_time_read);
    }

    return ngx_http_trivet_ask_store(
        r, ngx_http_trivet_count_sessions, ngx_http_trivet_metrics_counted);
}


static ngx_int_t
ngx_http_trivet_probe_handler(ngx_http_request_t *r)
{
    ngx_int_t rc;
    ngx_http_trivet_loc_conf_t *tlcf;

    rc = ngx_http_trivet_begin_location(r);
    if (rc != NGX_OK) {
        return rc;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_trivet_module);
    if (!tlcf->probes_store) {
        return ngx_http_trivet_send_state(r, 1);
    }

    return ngx_http_trivet_ask_store(
        r, ngx_http_trivet_check_store, ngx_http_trivet_store_checked);
}


/* ---- directives -------------------------------------------------------- */

static ngx_http_trivet_main_conf_t *
ngx_http_trivet_set_handler(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_main_conf_t *tmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_trivet_module);
    tmcf->is_used = 1;

    return tmcf;
}


char *
ngx_http_trivet_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf;

    (void) cmd;
    (void) conf;

    tmcf = ngx_http_trivet_set_handler(cf, ngx_http_trivet_metrics_handler);

    return ngx_http_trivet_add_zone(cf, tmcf) == NGX_OK ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}


char *
ngx_http_trivet_probe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_str_t *value;

    (void) cmd;

    value = cf->args->elts;
    tlcf->probes_store = ngx_strcmp(value[1].data, "ready") == 0;

    if (!tlcf->probes_store && ngx_strcmp(value[1].data, "live") != 0) {
        return "is neither \"live\" nor \"ready\"";
    }

    (void) ngx_http_trivet_set_handler(cf, ngx_http_trivet_probe_handler);

    return NGX_CONF_OK;
}
