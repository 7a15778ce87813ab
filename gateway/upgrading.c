/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upgrading.c - other protocols on the same connection
 *
 * After a 101 nginx passes bytes on and looks at none of them. In a protocol
 * that carries further requests (h2c) those would reach the API unverified,
 * with any identity in them. So only what the location names (trivet_upgrade)
 * is asked for, and only that is taken for an answer. WebSocket carries
 * messages of the one caller who was verified.
 */
#include "gateway/upgrading.h"

#include "gateway/conf.h"
#include "gateway/original.h"
#include "gateway/request.h"
char *
ngx_http_trivet_upgrade(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_loc_conf_t *tlcf = conf;

    ngx_str_t *value, *name;
    ngx_uint_t i;

    (void) cmd;

    if (tlcf->upgrades != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->upgrades = NULL;
        return NGX_CONF_OK;
    }

    tlcf->upgrades = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (tlcf->upgrades == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_strncasecmp(value[i].data, (u_char *) "h2c", 3) == 0
            || ngx_strncasecmp(value[i].data, (u_char *) "tls/", 4) == 0
            || ngx_strncasecmp(value[i].data, (u_char *) "http/", 5) == 0)
        {
            return "cannot be a protocol that carries requests: they would "
                   "reach the API unverified";
        }

        name = ngx_array_push(tlcf->upgrades);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


/* One field with one name in it. A list gives the API a choice, and no browser
 * sends one. */
ngx_str_t
ngx_http_trivet_asked_upgrade(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_str_t *name, none = ngx_null_string;
    ngx_uint_t i;
    ngx_table_elt_t *h;

    if (tlcf->upgrades == NULL || r != r->main || ctx->is_preflight
        || ngx_http_trivet_find_field(ctx, "upgrade", &h) != 1)
    {
        return none;
    }

    name = tlcf->upgrades->elts;

    for (i = 0; i < tlcf->upgrades->nelts; i++) {
        if (h->value.len == name[i].len
            && ngx_strncasecmp(h->value.data, name[i].data, h->value.len) == 0)
        {
            return h->value;
        }
    }

    return none;
}


ngx_uint_t
ngx_http_trivet_is_upgraded(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    ngx_uint_t i, num = 0, num_right = 0;
    ngx_list_part_t *part;
    ngx_table_elt_t *h;

    if (ctx->upgrade.len == 0) {
        return 0;
    }

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash == 0 || h[i].key.len != sizeof("Upgrade") - 1
                || ngx_strncasecmp(
                       h[i].key.data, (u_char *) "Upgrade", h[i].key.len)
                       != 0)
            {
                continue;
            }

            num++;
            num_right += h[i].value.len == ctx->upgrade.len
                         && ngx_strncasecmp(h[i].value.data, ctx->upgrade.data,
                                ctx->upgrade.len)
                                == 0;
        }
    }

    return num == 1 && num_right == 1;
}
