/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memos.c - signatures that all workers remember together
 *
 * One zone of shared memory for both: those that were made, and the clients'
 * that were found right. It lives on over a reload of the same size; what it
 * holds is told apart by keys and installations, so nothing in it is ever
 * stale.
 */
#include "gateway/memos.h"

#include "gateway/conf.h"
/* Of 64 parts of the zone, those of the clients' signatures. */
enum { NGX_HTTP_TRIVET_RIGHT_PARTS = 8 };


static struct trivet_memo *
ngx_http_trivet_make_memo(ngx_slab_pool_t *pool, size_t size, size_t value_len)
{
    void *memory;
    size_t num;

    /* Not calloc: new memory is zero, and pages that nobody touches take
     * none. */
    num = trivet_memo_fit(size, value_len);
    memory = num == 0 ? NULL
                      : ngx_slab_alloc(pool, trivet_memo_size(num, value_len));

    return memory == NULL ? NULL : trivet_memo_init(memory, num, value_len);
}


static ngx_int_t
ngx_http_trivet_init_memos(ngx_shm_zone_t *zone, void *old)
{
    struct trivet_memos *memos = zone->data;

    size_t size, right;
    ngx_slab_pool_t *pool;

    if (old != NULL) {
        *memos = *(struct trivet_memos *) old;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* The slab allocator gives whole pages, and keeps some of its own. */
    size = (size_t) pool->pfree * ngx_pagesize - 2 * ngx_pagesize;
    right = size / 64 * NGX_HTTP_TRIVET_RIGHT_PARTS;

    memos->right = ngx_http_trivet_make_memo(pool, right, 0);
    memos->made = ngx_http_trivet_make_memo(
        pool, size - right, TRIVET_SIGNATURE_TEXT_LEN);

    return memos->right == NULL || memos->made == NULL ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_trivet_add_memos(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_str_t name = ngx_string("trivet_memo");
    ngx_shm_zone_t *zone;

    if (tmcf->memo_size == 0) {
        return NGX_OK;
    }

    if (tmcf->memo_size < 16 * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"trivet_memo_size\" must be 0 or at least %uz",
            16 * ngx_pagesize);
        return NGX_ERROR;
    }

    zone = ngx_shared_memory_add(
        cf, &name, tmcf->memo_size, &ngx_http_trivet_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_trivet_init_memos;
    zone->data = &tmcf->memos;

    return NGX_OK;
}
