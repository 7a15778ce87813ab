/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the location trivet_console: an operator's calls and pages
 *
 * On a listener of its own. Only names of this machine in Host, so that no page
 * of elsewhere reaches it by a name of its own; who is logged in has a cookie
 * that no page of elsewhere sends, and a change has a field that none can set.
 */
#ifndef TRIVET_GATEWAY_CONSOLE_H
#define TRIVET_GATEWAY_CONSOLE_H

#include "gateway/conf.h"
#include "gateway/request.h"
#include "gateway/threads.h"

#include "authority/operator/logins.h"
#include "authority/operator/answer.h"

/* What trivet_console says. */
typedef struct ngx_http_trivet_console_s {
    ngx_str_t tokens;  /* a file                               */
    ngx_str_t gateway; /* where clients find it; empty: unsaid */
    ngx_str_t ca;      /* a certificate's file; likewise       */
    ngx_str_t dir;     /* the data directory; likewise         */
    ngx_int_t idle_s;
    ngx_uint_t has_calls; /* the server answers those of the protocol, too */
    ngx_shm_zone_t *zone; /* of logins */
    struct trivet_operator_config config; /* filled in at the first request */
} ngx_http_trivet_console_t;

/* The directive. */
char *ngx_http_trivet_console(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* ---- for the files of the console alone ---------------------------------- */

typedef struct ngx_http_trivet_asked_s ngx_http_trivet_asked_t;

/* One call that is answered. */
struct ngx_http_trivet_asked_s {
    ngx_http_trivet_console_t *console;
    ngx_http_trivet_main_conf_t *tmcf;
    const struct trivet_profile *profile; /* the location's */
    const struct trivet_operator_call *call;
    struct trivet_operator_request request; /* what the request says */
    struct trivet_operator_answer answer;
    ngx_chain_t *body;
    struct trivet_login login;               /* role NONE: nobody       */
    unsigned char digest[TRIVET_DIGEST_LEN]; /* of both secrets         */
    struct trivet_secret cookie;             /* a new one; len 0: none  */
    struct trivet_secret page_key;           /* likewise                */
    ngx_uint_t is_cookie_dropped;
};

/* Whether Host is a name of this machine, and whether a change comes from a
 * page of ours (console_guard.c). */
ngx_uint_t ngx_http_trivet_is_local_name(ngx_http_request_t *r);
ngx_uint_t ngx_http_trivet_is_own_change(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
ngx_uint_t ngx_http_trivet_is_json(ngx_http_request_t *r);

/* Who is logged in, by the cookie and the page's key; and what a cookie becomes
 * (console_login.c). */
ngx_int_t ngx_http_trivet_add_logins(
    ngx_conf_t *cf, ngx_http_trivet_console_t *console);
void ngx_http_trivet_find_login(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked);
ngx_int_t ngx_http_trivet_set_cookie(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked);
/* The calls login, logout and me; on a pool thread. */
ngx_uint_t ngx_http_trivet_answer_login(ngx_http_trivet_asked_t *asked);

/* The fields that every answer of the console has (console_send.c). */
ngx_int_t ngx_http_trivet_add_guards(ngx_http_request_t *r);
/* Sends bytes that live as long as the request, with those fields. */
ngx_int_t ngx_http_trivet_send_page(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, struct trivet_slice body);
ngx_int_t ngx_http_trivet_send_console(
    ngx_http_request_t *r, ngx_http_trivet_asked_t *asked);
ngx_int_t ngx_http_trivet_send_complaint(
    ngx_http_request_t *r, ngx_uint_t status, const char *text);

#endif
