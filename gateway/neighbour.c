/* SPDX-License-Identifier: Apache-2.0 */
/*
 * neighbour.c - what other modules' directives would let past us
 *
 * "return" and "rewrite ... redirect" answer in the rewrite phase, before the
 * access phase, whoever asks. A protected location that has one is decided at
 * the beginning of that phase. A server's own answer before a location is
 * known, so before anybody knows what to ask for: where a location of it is
 * protected, that is a mistake in the configuration. (What answers early all
 * the same, a handler of another module, is held up by the header filter:
 * signing.c.)
 *
 * The configuration of the modules asked here is theirs alone; nginx has no
 * header for it. Each is known by its first member, which has been the same in
 * all versions of nginx that have the module. Their code is looked for by the
 * address of functions that nginx does declare (ngx_http_script.h).
 */
#include "gateway/neighbour.h"

#include "gateway/conf.h"
/* The configuration of the module of that name, at a level of the
 * configuration; NULL when nginx was built without it. */
static void *
ngx_http_trivet_neighbour(ngx_conf_t *cf, void **loc_conf, const char *name)
{
    ngx_uint_t i;
    ngx_module_t **modules = cf->cycle->modules;

    for (i = 0; modules[i] != NULL; i++) {
        if (modules[i]->type == NGX_HTTP_MODULE
            && ngx_strcmp(modules[i]->name, name) == 0)
        {
            return loc_conf[modules[i]->ctx_index];
        }
    }

    return NULL;
}


/* ---- rewrite ----------------------------------------------------------- */

/* What a piece of rewrite's code answers with; NULL when it does not. Errors
 * may be answered: they admit nobody. */
static const char *
ngx_http_trivet_answering_code(uintptr_t *code, uintptr_t *end)
{
    ngx_http_script_return_code_t *ret;

    if (*code == (uintptr_t) ngx_http_script_return_code
        && (u_char *) end - (u_char *) code >= (off_t) sizeof(*ret))
    {
        ret = (ngx_http_script_return_code_t *) code;

        return ret->status < NGX_HTTP_BAD_REQUEST ? "return" : NULL;
    }

#if (NGX_PCRE)
    if (*code == (uintptr_t) ngx_http_script_regex_end_code
        && (u_char *) end - (u_char *) code
               >= (off_t) sizeof(ngx_http_script_regex_end_code_t)
        && ((ngx_http_script_regex_end_code_t *) code)->redirect)
    {
        return "rewrite ... redirect";
    }
#endif

    return NULL;
}


/* The directive of a level that answers by itself; NULL when there is none. The
 * codes of its "if" blocks are among its own. All codes are aligned. */
static const char *
ngx_http_trivet_answering_directive(ngx_conf_t *cf, void **loc_conf)
{
    uintptr_t *code, *end;
    ngx_array_t **codes;
    const char *directive;

    codes = ngx_http_trivet_neighbour(cf, loc_conf, "ngx_http_rewrite_module");
    if (codes == NULL || *codes == NULL) {
        return NULL;
    }

    code = (*codes)->elts;
    end = code + (*codes)->nelts * (*codes)->size / sizeof(uintptr_t);

    for (/* void */; code < end; code++) {
        directive = ngx_http_trivet_answering_code(code, end);
        if (directive != NULL) {
            return directive;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_trivet_check_location(ngx_conf_t *cf, ngx_http_trivet_loc_conf_t *tlcf)
{
    ngx_str_t *uri;
    ngx_http_conf_ctx_t *ctx = cf->ctx;
    ngx_http_core_loc_conf_t *clcf;
    ngx_http_trivet_srv_conf_t *tscf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    tscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_trivet_module);

    uri = ngx_http_trivet_neighbour(
        cf, ctx->loc_conf, "ngx_http_auth_request_module");
    tlcf->is_asking = uri != NULL && uri->len > 0;

    if (!tlcf->calls && !tlcf->protect) {
        return NGX_OK;
    }

    /* "satisfy any" lets in whoever another access module lets in: past us. */
    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
            "\"satisfy any\" would let requests past \"trivet_protect\"");
        return NGX_ERROR;
    }

    if (!tlcf->protect) {
        return NGX_OK;
    }

    tscf->is_protected = 1;
    tlcf->is_early =
        ngx_http_trivet_answering_directive(cf, ctx->loc_conf) != NULL;

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_check_servers(ngx_conf_t *cf)
{
    ngx_uint_t i;
    const char *directive;
    ngx_http_core_srv_conf_t **cscfp;
    ngx_http_core_main_conf_t *cmcf;
    ngx_http_trivet_srv_conf_t *tscf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        tscf = cscfp[i]->ctx->srv_conf[ngx_http_trivet_module.ctx_index];

        if (!tscf->is_protected) {
            continue;
        }

        directive =
            ngx_http_trivet_answering_directive(cf, cscfp[i]->ctx->loc_conf);
        if (directive != NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                "\"%s\" at the level of a server, in %s:%ui, would answer "
                "without asking for a session, which a location of it wants "
                "(\"trivet_protect\")",
                directive, cscfp[i]->file_name, cscfp[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
