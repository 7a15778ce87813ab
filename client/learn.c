/* SPDX-License-Identifier: Apache-2.0 */
/* learn.c - which key a server shows */
#include <stdlib.h>
#include <string.h>

#include "client/settings.h"
#include "client/transport.h"
#include "crypto/pin.h"

enum trivet_status
trivet_pin_learn(const struct trivet_context_options *options,
    struct trivet_pin *out, struct trivet_error *err)
{
    static const struct trivet_pin_set no_pins;
    struct trivet_certificate_facts facts;
    struct trivet_transport *transport;
    struct trivet_settings *settings;
    enum trivet_status status = TRIVET_OK;
    char *chain = NULL;

    TRIVET_TRY(trivet_settings_new(options, false, &settings, err));

    transport = trivet_transport_new(
        &(struct trivet_transport_config){settings->ca_file, settings->proxy,
            &no_pins, settings->connect_timeout_s, settings->timeout_s});
    if (transport == NULL) {
        status = trivet_error_set(
            err, TRIVET_E_MEMORY, "pin.learn", "out of memory");
    } else {
        struct trivet_error ours = {
            .status = TRIVET_E_UNAVAILABLE, .where = "pin.learn"};

        chain =
            trivet_transport_fetch_chain(transport, settings->base_url, &ours);
        if (chain == NULL) {
            status = trivet_error_set(
                err, ours.status, ours.where, "%s", ours.detail);
        }
    }

    if (status == TRIVET_OK) {
        status = trivet_certificate_read(trivet_slice_text(chain), &facts);
    }
    if (status == TRIVET_OK) {
        memcpy(out->digest, facts.key_digest, sizeof out->digest);
        out->expires_us = 0;
    }

    free(chain);
    trivet_transport_free(transport);
    trivet_settings_free(settings);
    return status;
}
