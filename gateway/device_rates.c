/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_rates.c - trivet_rate_limits 2026: memory that all workers share
 *
 * limit_req refills as time passes, and forgets after a minute; ten calls a day
 * need to be remembered. The counting is authority/limits/device_rates.h's.
 * The zone outlives reloads, not nginx itself.
 */
#include "gateway/device_rates.h"

#include "gateway/worker.h"
#include "gateway/zone.h"


char *
ngx_http_trivet_set_rate_limits(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value = cf->args->elts;

    (void) cmd;

    if (tmcf->has_device_rates != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "2026") == 0) {
        tmcf->has_device_rates = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "classic") == 0) {
        tmcf->has_device_rates = 0;
        tmcf->counts_openings = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        tmcf->has_device_rates = 0;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
        "trivet_rate_limits: \"%V\" is none of \"classic\", \"2026\" and "
        "\"off\"",
        &value[1]);

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_trivet_init_device_rates_zone(ngx_shm_zone_t *zone, void *old)
{
    if (ngx_http_trivet_zone_is_kept(zone, old)) {
        return NGX_OK;
    }

    return ngx_http_trivet_zone_make(zone, sizeof(struct trivet_device_rates))
                       == NGX_OK
                   && trivet_device_rates_init(zone->data) == TRIVET_OK
               ? NGX_OK
               : NGX_ERROR;
}


ngx_int_t
ngx_http_trivet_add_device_rates(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    if (!tmcf->has_device_rates) {
        return NGX_OK;
    }

    tmcf->device_rates = ngx_http_trivet_zone_add(cf, "trivet_device_rates",
        sizeof(struct trivet_device_rates),
        ngx_http_trivet_init_device_rates_zone);

    return tmcf->device_rates == NULL ? NGX_ERROR : NGX_OK;
}


void
ngx_http_trivet_take_device_rates(ngx_http_trivet_main_conf_t *tmcf)
{
    if (tmcf->device_rates != NULL) {
        tmcf->worker->authority.device_rates = tmcf->device_rates->data;
    }
}
