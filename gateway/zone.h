/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.h - memory that all workers share, of one structure each
 *
 * nginx keeps a zone over a reload, and makes a new one for another size or
 * another module. In the master alone, while it reads a configuration.
 */
#ifndef TRIVET_GATEWAY_ZONE_H
#define TRIVET_GATEWAY_ZONE_H

#include <ngx_config.h>
#include <ngx_core.h>

/* A zone with room for a structure of size bytes; init makes what is in it.
 * NULL: nginx could not, and has logged why. */
ngx_shm_zone_t *ngx_http_trivet_zone_add(
    ngx_conf_t *cf, const char *name, size_t size, ngx_shm_zone_init_pt init);

/* In init: whether the structure is there already, from before a reload; then
 * zone->data is it. */
ngx_uint_t ngx_http_trivet_zone_is_kept(ngx_shm_zone_t *zone, void *old);

/* In init, when it is not: zone->data, of size bytes that are zero. */
ngx_int_t ngx_http_trivet_zone_make(ngx_shm_zone_t *zone, size_t size);

#endif
