/* SPDX-License-Identifier: Apache-2.0 */
/* zone.c - memory that all workers share, of one structure each */
#include "gateway/zone.h"

#include "gateway/conf.h"


ngx_shm_zone_t *
ngx_http_trivet_zone_add(
    ngx_conf_t *cf, const char *name, size_t size, ngx_shm_zone_init_pt init)
{
    ngx_str_t text;
    ngx_shm_zone_t *zone;

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    /* The slab allocator wants pages for itself. */
    size = ngx_align(size, ngx_pagesize);
    size += size / 64 + 32 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &text, size, &ngx_http_trivet_module);
    if (zone != NULL) {
        zone->init = init;
    }

    return zone;
}


ngx_uint_t
ngx_http_trivet_zone_is_kept(ngx_shm_zone_t *zone, void *old)
{
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* A reload: workers that shut down still use it. */
    if (old != NULL) {
        zone->data = old;
        return 1;
    }

    if (zone->shm.exists) {
        zone->data = pool->data;
        return 1;
    }

    return 0;
}


ngx_int_t
ngx_http_trivet_zone_make(ngx_shm_zone_t *zone, size_t size)
{
    ngx_slab_pool_t *pool = (ngx_slab_pool_t *) zone->shm.addr;

    /* Not calloc: new memory is zero, and pages that nobody touches take
     * none. */
    zone->data = ngx_slab_alloc(pool, size);
    pool->data = zone->data;

    return zone->data == NULL ? NGX_ERROR : NGX_OK;
}
