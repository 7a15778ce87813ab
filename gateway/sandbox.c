/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - the sandbox's state: its clock, its incidents */
#include "gateway/sandbox.h"

#include "authority/determinism.h"
#include "gateway/conf.h"


/* What this process goes by; the clock and the authority have no request to
 * ask. NULL outside the sandbox. */
static const struct trivet_sandbox *ngx_http_trivet_sandbox;


ngx_int_t
ngx_http_trivet_is_on(
    ngx_http_trivet_main_conf_t *tmcf, enum trivet_incident incident)
{
    return tmcf->sandbox_state != NULL
           && trivet_sandbox_has(tmcf->sandbox_state, incident);
}


int64_t
ngx_http_trivet_clock_offset_us(void)
{
    return ngx_http_trivet_sandbox == NULL
               ? 0
               : trivet_sandbox_offset_us(ngx_http_trivet_sandbox);
}


int64_t
ngx_http_trivet_clock_offset_s(ngx_http_trivet_main_conf_t *tmcf)
{
    return tmcf->sandbox_state == NULL
               ? 0
               : trivet_sandbox_offset_us(tmcf->sandbox_state) / 1000000;
}


int64_t
ngx_http_trivet_last_session_to_end(void)
{
    return ngx_http_trivet_sandbox == NULL
               ? 0
               : trivet_sandbox_last_session_to_end(ngx_http_trivet_sandbox);
}


bool
ngx_http_trivet_is_server_key_rotated(void)
{
    return ngx_http_trivet_sandbox != NULL
           && trivet_sandbox_has(
               ngx_http_trivet_sandbox, TRIVET_INCIDENT_SERVER_KEY_ROTATES);
}


bool
ngx_http_trivet_has_lost_installation(int64_t id)
{
    return ngx_http_trivet_sandbox != NULL
           && trivet_sandbox_has_lost_installation(ngx_http_trivet_sandbox, id);
}


bool
ngx_http_trivet_has_lost_api_key(int64_t id)
{
    return ngx_http_trivet_sandbox != NULL
           && trivet_sandbox_has_lost_api_key(ngx_http_trivet_sandbox, id);
}


void
ngx_http_trivet_flip_address(
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_address *address)
{
    if (ngx_http_trivet_is_on(tmcf, TRIVET_INCIDENT_IP_FLIP)) {
        (void) !trivet_address_parse(
            trivet_slice_text(TRIVET_INCIDENT_ADDRESS), address);
    }
}


static void
ngx_http_trivet_close_sandbox(void *data)
{
    ngx_http_trivet_main_conf_t *tmcf = data;

    trivet_determinism_close(tmcf->determinism);
    trivet_sandbox_close(tmcf->sandbox_state);
}


static ngx_int_t
ngx_http_trivet_map_determinism(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    struct trivet_error err;

    if (tmcf->deterministic_path.len == 0) {
        return NGX_OK;
    }

    if (ngx_conf_full_name(cf->cycle, &tmcf->deterministic_path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (trivet_determinism_open((const char *) tmcf->deterministic_path.data,
            &tmcf->determinism, &err)
        != TRIVET_OK)
    {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_deterministic: %s", err.detail);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The master maps it, its workers inherit that. */
ngx_int_t
ngx_http_trivet_map_sandbox(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_pool_cleanup_t *cln;
    struct trivet_error err;

    if (ngx_conf_full_name(cf->cycle, &tmcf->sandbox_path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (trivet_sandbox_open((const char *) tmcf->sandbox_path.data, false,
            &tmcf->sandbox_state, &err)
        != TRIVET_OK)
    {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_sandbox_state: %s", err.detail);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_trivet_close_sandbox;
    cln->data = tmcf;

    return ngx_http_trivet_map_determinism(cf, tmcf);
}


void
ngx_http_trivet_take_sandbox(ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_http_trivet_sandbox = tmcf->sandbox_state;
    trivet_determinism_use(tmcf->determinism);
}
