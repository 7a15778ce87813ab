/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.c - trivet_pins: the TLS keys that the gateway announces
 *
 * Files are read once, with the configuration. Of a private key only the
 * digest of its public half is kept.
 */
#include "gateway/pins.h"

#include "gateway/conf.h"

#include "base/file.h"
#include "crypto/pin.h"


enum { NGX_HTTP_TRIVET_MAX_PEM = 262144 };


static ngx_uint_t
ngx_http_trivet_is_pin(ngx_str_t *value)
{
    return value->len > 7 && ngx_strncmp(value->data, "sha256/", 7) == 0;
}


static enum trivet_status
ngx_http_trivet_read_pem(
    const char *path, struct trivet_buffer *out, struct trivet_error *err)
{
    static const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_ANY_OWNER, .content = "the key"};

    int fd;
    enum trivet_status status;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, err));
    status = trivet_file_read_all(fd, path, out, err);
    (void) close(fd);

    return status;
}


/* The pin of the first certificate, or of the key, in a file. */
static enum trivet_status
ngx_http_trivet_pin_of_file(
    const char *path, struct trivet_pin *out, struct trivet_error *err)
{
    enum trivet_status status;
    struct trivet_buffer text = trivet_buffer_make(NGX_HTTP_TRIVET_MAX_PEM);

    status = ngx_http_trivet_read_pem(path, &text, err);

    if (status == TRIVET_OK
        && trivet_key_digest_read(trivet_buffer_slice(&text), out->digest)
               != TRIVET_OK)
    {
        status = trivet_error_set(err, TRIVET_E_MALFORMED, "gateway.pins",
            "no certificate and no key without a password in it (PEM)");
    }

    trivet_buffer_free(&text);
    out->expires_us = 0;

    return status;
}


static ngx_int_t
ngx_http_trivet_read_pin(
    ngx_conf_t *cf, ngx_str_t *value, struct trivet_pin *out)
{
    ngx_str_t path = *value;
    enum trivet_status status;
    struct trivet_error err;

    if (ngx_http_trivet_is_pin(value)) {
        status = trivet_pin_parse((const char *) value->data, out, &err);
    } else {
        if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
            return NGX_ERROR;
        }
        status =
            ngx_http_trivet_pin_of_file((const char *) path.data, out, &err);
    }

    if (status != TRIVET_OK) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0, "trivet_pins \"%V\": %s", value, err.detail);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_trivet_has_pin(
    const struct trivet_announcement *announced, const struct trivet_pin *pin)
{
    size_t i;

    for (i = 0; i < announced->num_pins; i++) {
        if (ngx_memcmp(
                announced->pins[i].digest, pin->digest, sizeof(pin->digest))
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


char *
ngx_http_trivet_pins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_trivet_main_conf_t *tmcf = conf;

    ngx_str_t *value;
    ngx_uint_t i;
    struct trivet_pin pin;
    struct trivet_announcement *announced = &tmcf->announced;

    (void) cmd;

    if (announced->num_pins > 0) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_trivet_read_pin(cf, &value[i], &pin) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (announced->num_pins == TRIVET_MAX_PINS) {
            return "has more than 16 pins";
        }

        if (ngx_http_trivet_has_pin(announced, &pin)) {
            return "names the same key twice";
        }

        announced->pins[announced->num_pins++] = pin;
    }

    if (announced->num_pins < TRIVET_MIN_ANNOUNCED) {
        return "needs two keys at least: the one that is served, and one for "
               "a change";
    }

    return NGX_CONF_OK;
}
