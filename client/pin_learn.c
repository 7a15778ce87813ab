/* SPDX-License-Identifier: Apache-2.0 */
/* pin_learn.c - the key that a server shows, as a pin */
#include "client/pin_learn.h"

#include <stdlib.h>
#include <string.h>

#include "client/transport.h"
#include "crypto/pin.h"

/* What the server's certificate chain is, as PEM text; free it. */
static enum trivet_status
fetch_chain(const struct trivet_transport_config *config, const char *url,
    char **out, struct trivet_error *err)
{
    struct trivet_transport *transport = trivet_transport_new(config);
    struct trivet_error ours = {
        .status = TRIVET_E_UNAVAILABLE, .where = "pin.learn"};

    if (transport == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "pin.learn", "out of memory");
    }

    *out = trivet_transport_fetch_chain(transport, url, &ours);
    trivet_transport_free(transport);
    if (*out == NULL) {
        return trivet_error_set(
            err, ours.status, ours.where, "%s", ours.detail);
    }

    return TRIVET_OK;
}

/* ca_file and proxy: "" for none. */
static enum trivet_status
see(const struct trivet_settings *settings, const char *url,
    const char *ca_file, const char *proxy, struct trivet_pin *out,
    struct trivet_error *err)
{
    static const struct trivet_pin_set no_pins;
    const struct trivet_transport_config config = {ca_file, proxy, &no_pins,
        settings->connect_timeout_s, settings->timeout_s};
    struct trivet_certificate_facts facts;
    enum trivet_status status;
    char *chain;

    TRIVET_TRY(fetch_chain(&config, url, &chain, err));

    status = trivet_certificate_read(trivet_slice_text(chain), &facts);
    if (status == TRIVET_OK) {
        memcpy(out->digest, facts.key_digest, sizeof out->digest);
        out->expires_us = 0;
    }

    free(chain);
    return status;
}

enum trivet_status
trivet_pin_see(const struct trivet_settings *settings,
    const struct trivet_record *record, struct trivet_pin *out,
    struct trivet_error *err)
{
    return see(
        settings, record->base_url, record->ca_file, record->proxy, out, err);
}

enum trivet_status
trivet_pin_learn(const struct trivet_context_options *options,
    struct trivet_pin *out, struct trivet_error *err)
{
    struct trivet_settings *settings;
    enum trivet_status status;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    status = see(settings, settings->base_url, settings->ca_file,
        settings->proxy, out, err);
    trivet_settings_free(settings);

    return status;
}
