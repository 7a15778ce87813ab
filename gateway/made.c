/* SPDX-License-Identifier: Apache-2.0 */
/* made.c - what POSTs made, in memory that all workers share; and whether files
 * answer a request */
#include "gateway/made.h"

#include "gateway/slice.h"
#include "gateway/zone.h"


static void
ngx_http_trivet_lock_made(void *data)
{
    ngx_shm_zone_t *zone = data;
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* When a worker dies with it, nginx's master releases it. */
    ngx_shmtx_lock(&pool->mutex);
}


static void
ngx_http_trivet_unlock_made(void *data)
{
    ngx_shm_zone_t *zone = data;
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) zone->shm.addr;

    ngx_shmtx_unlock(&pool->mutex);
}


static ngx_int_t
ngx_http_trivet_init_made(ngx_shm_zone_t *zone, void *old)
{
    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    if (ngx_http_trivet_zone_make(zone, trivet_made_size()) != NGX_OK) {
        return NGX_ERROR;
    }

    trivet_made_init(zone->data);

    return NGX_OK;
}


ngx_shm_zone_t *
ngx_http_trivet_add_made(ngx_conf_t *cf)
{
    return ngx_http_trivet_zone_add(
        cf, "trivet_answers", trivet_made_size(), ngx_http_trivet_init_made);
}


struct trivet_answers_memory
ngx_http_trivet_made_of(ngx_http_trivet_loc_conf_t *tlcf)
{
    return (struct trivet_answers_memory){
        .made = tlcf->made->data,
        .lock = ngx_http_trivet_lock_made,
        .unlock = ngx_http_trivet_unlock_made,
        .data = tlcf->made,
    };
}


ngx_uint_t
ngx_http_trivet_files_answer(
    ngx_http_request_t *r, ngx_http_trivet_loc_conf_t *tlcf, int64_t user_id)
{
    struct trivet_answers_memory memory = ngx_http_trivet_made_of(tlcf);
    struct trivet_answers_request request = {
        .method = ngx_http_trivet_slice(r->method_name),
        .path = ngx_http_trivet_slice(r->uri),
        .user_id = user_id,
    };

    return trivet_answers_answer(tlcf->answers, &memory, &request);
}
