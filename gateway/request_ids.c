/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ids.c - memory for the ids of requests, shared by all workers
 *
 * It lives on over a reload, not over a restart, and is there only when a
 * profile wants it. What is in it: authority/request_ids.h.
 */
#include "module.h"


static ngx_int_t
ngx_http_trivet_init_request_ids(ngx_shm_zone_t *zone, void *old)
{
    ngx_slab_pool_t *pool;

    /* A reload, by the same module: nginx makes a new zone for another. */
    if (old != NULL) {
        zone->data = old;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }

    zone->data = ngx_slab_alloc(pool, sizeof(struct trivet_request_ids));
    pool->data = zone->data;

    return zone->data != NULL
                   && trivet_request_ids_init(zone->data) == TRIVET_OK
               ? NGX_OK
               : NGX_ERROR;
}


ngx_int_t
ngx_http_trivet_add_request_ids(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    size_t size;
    ngx_str_t name = ngx_string("trivet_request_ids");

    /* The slab allocator wants pages for itself. */
    size = ngx_align(sizeof(struct trivet_request_ids), ngx_pagesize)
           + 32 * ngx_pagesize;

    tmcf->request_ids =
        ngx_shared_memory_add(cf, &name, size, &ngx_http_trivet_module);
    if (tmcf->request_ids == NULL) {
        return NGX_ERROR;
    }

    tmcf->request_ids->init = ngx_http_trivet_init_request_ids;

    return NGX_OK;
}
