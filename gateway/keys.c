/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c - the server's keys, from the configuration to the workers
 *
 * A key file is read once, by the process that reads the configuration. A key
 * of a URI is of this process alone: what a token's library has opened does
 * not survive a fork, and may break the children of whoever has it open. So a
 * process of its own is asked for the public half, and each worker opens the
 * key for itself.
 */
#include "gateway/keys.h"

#include "gateway/conf.h"
#include "gateway/worker.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>


/* What the process of its own says. */
typedef struct {
    enum trivet_status status;
    struct trivet_error err;
    struct trivet_public_key public_key;
    char public_pem[TRIVET_MAX_PEM];
} ngx_http_trivet_told_t;


static void
ngx_http_trivet_tell_key(const char *uri, int fd)
{
    static ngx_http_trivet_told_t told;

    ssize_t n;
    struct trivet_server_key key;

    told.status = trivet_server_key_load(uri, &key, &told.err);

    if (told.status == TRIVET_OK) {
        told.public_key = key.public_key;
        ngx_memcpy(told.public_pem, key.public_pem, sizeof(told.public_pem));
    }

    n = write(fd, &told, sizeof(told));

    /* Nothing else: what is registered for exit is our parent's. */
    _exit(n == (ssize_t) sizeof(told) ? 0 : 1);
}


static size_t
ngx_http_trivet_read_told(int fd, ngx_http_trivet_told_t *told)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, (u_char *) told + len, sizeof(*told) - len);
        if (n > 0) {
            len += (size_t) n;
        }
    } while ((n > 0 && len < sizeof(*told)) || (n < 0 && errno == EINTR));

    return len;
}


static enum trivet_status
ngx_http_trivet_ask_key(
    const char *uri, struct trivet_server_key *out, struct trivet_error *err)
{
    int ends[2];
    pid_t pid;
    size_t len;
    ngx_http_trivet_told_t told;

    if (pipe(ends) != 0) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "gateway.keys", "pipe() failed");
    }

    pid = fork();

    if (pid == 0) {
        (void) close(ends[0]);
        ngx_http_trivet_tell_key(uri, ends[1]);
    }

    (void) close(ends[1]);
    len = ngx_http_trivet_read_told(ends[0], &told);
    (void) close(ends[0]);

    if (pid > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }

    if (len != sizeof(told)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "gateway.keys",
            "the process that opens the key died");
    }

    if (told.status != TRIVET_OK) {
        *err = told.err;
        return told.status;
    }

    out->public_key = told.public_key;
    ngx_memcpy(out->public_pem, told.public_pem, sizeof(out->public_pem));

    return trivet_signature_tag(&out->public_key, &out->tag);
}


static void
ngx_http_trivet_release_keys(void *data)
{
    ngx_http_trivet_main_conf_t *tmcf = data;

    ngx_uint_t i;

    for (i = 0; i < TRIVET_NUM_KEY_PLACES; i++) {
        trivet_signer_free(tmcf->worker->signers[i]);
        trivet_server_key_release(&tmcf->server_keys[i]);
    }

    trivet_digest_free(tmcf->worker->digest);

    if (tmcf->token_lock != NGX_INVALID_FILE) {
        (void) close(tmcf->token_lock);
    }
}


/* Workers start at once; a token's library may not bear that. The lock of the
 * file is each worker's, the file is inherited. */
static void
ngx_http_trivet_lock_token(ngx_http_trivet_main_conf_t *tmcf, short type)
{
    struct flock lock;

    ngx_memzero(&lock, sizeof(lock));
    lock.l_type = type;
    lock.l_whence = SEEK_SET;

    while (fcntl(tmcf->token_lock, F_SETLKW, &lock) != 0 && errno == EINTR) {
    }
}


static enum trivet_status
ngx_http_trivet_open_uri(ngx_http_trivet_main_conf_t *tmcf,
    const char *location, struct trivet_server_key *key,
    struct trivet_error *err)
{
    enum trivet_status status;

    ngx_http_trivet_lock_token(tmcf, F_WRLCK);
    status = trivet_server_key_load_again(location, key, err);
    ngx_http_trivet_lock_token(tmcf, F_UNLCK);

    return status;
}


/* Behind the others. */
static ngx_int_t
ngx_http_trivet_load_incident_key(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    struct trivet_error err;

    if (tmcf->incident_key.len == 0) {
        return NGX_OK;
    }

    if (ngx_conf_full_name(cf->cycle, &tmcf->incident_key, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (trivet_server_key_load((const char *) tmcf->incident_key.data,
            &tmcf->server_keys[tmcf->key_paths.nelts], &err)
        != TRIVET_OK)
    {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_incident_key: %s", err.detail);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_trivet_load_keys(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_str_t *paths;
    ngx_uint_t i;
    const char *location;
    enum trivet_status status;
    struct trivet_error err;
    ngx_pool_cleanup_t *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_trivet_release_keys;
    cln->data = tmcf;

    tmcf->token_lock = memfd_create("trivet-token", MFD_CLOEXEC);
    if (tmcf->token_lock == NGX_INVALID_FILE) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, ngx_errno, "memfd_create() failed");
        return NGX_ERROR;
    }

    paths = tmcf->key_paths.elts;

    for (i = 0; i < tmcf->key_paths.nelts; i++) {
        location = (const char *) paths[i].data;

        status =
            trivet_private_key_is_uri(location)
                ? ngx_http_trivet_ask_key(location, &tmcf->server_keys[i], &err)
                : trivet_server_key_load(location, &tmcf->server_keys[i], &err);

        if (status != TRIVET_OK) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0, "trivet_server_key: %s", err.detail);
            return NGX_ERROR;
        }
    }

    return ngx_http_trivet_load_incident_key(cf, tmcf);
}


/* A token that is out of reach must not end the worker, which nginx would not
 * start again: installations of that key are refused. */
ngx_int_t
ngx_http_trivet_open_keys(ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf)
{
    ngx_str_t *paths;
    ngx_uint_t i, n;
    const char *location;
    struct trivet_error err;
    struct trivet_server_key *key;

    paths = tmcf->key_paths.elts;
    n = tmcf->key_paths.nelts + (tmcf->incident_key.len > 0);

    for (i = 0; i < n; i++) {
        key = &tmcf->server_keys[i];
        location = i < tmcf->key_paths.nelts
                       ? (const char *) paths[i].data
                       : (const char *) tmcf->incident_key.data;

        if (key->key == NULL
            && ngx_http_trivet_open_uri(tmcf, location, key, &err) != TRIVET_OK)
        {
            ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                "trivet_server_key: key %ui cannot be used: %s", i + 1,
                err.detail);
            continue;
        }

        if (trivet_signer_new(key->key, &tmcf->worker->signers[i], &err)
            != TRIVET_OK) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "trivet_server_key: %s",
                err.detail);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_trivet_release_roots(void *data)
{
    ngx_http_trivet_main_conf_t *tmcf = data;

    trivet_psp_roots_free(tmcf->psp_roots);
    tmcf->psp_roots = NULL;
}


ngx_int_t
ngx_http_trivet_load_roots(ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf)
{
    struct trivet_error err;
    ngx_pool_cleanup_t *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL
        || ngx_conf_full_name(cf->cycle, &tmcf->psp_ca, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_trivet_release_roots;
    cln->data = tmcf;

    if (trivet_psp_roots_load(
            (const char *) tmcf->psp_ca.data, &tmcf->psp_roots, &err)
        != TRIVET_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "trivet_psp_ca \"%V\": %s",
            &tmcf->psp_ca, err.detail);
        return NGX_ERROR;
    }

    return NGX_OK;
}
