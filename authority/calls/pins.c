/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - the announcement of the gateway's TLS keys */
#include "authority/calls/pins.h"

#include "authority/clock.h"
#include "base/timestamp.h"
#include "core/message/pins.h"
#include "crypto/statement.h"

/* TLS certificates live by the machine's clock, not by a sandbox's. */
static struct trivet_announcement
make_announcement(const struct trivet_authority_config *config)
{
    struct trivet_announcement announcement = *config->announced;

    announcement.issued_us = trivet_authority_true_us(config);
    announcement.expires_us =
        announcement.issued_us + TRIVET_ANNOUNCEMENT_LIFE_S * TRIVET_US_PER_S;

    return announcement;
}

static enum trivet_status
answer_signed(struct trivet_case *c, const struct trivet_private_key *key,
    struct trivet_slice statement)
{
    char signature[TRIVET_SIGNATURE_TEXT_LEN];

    if (trivet_statement_sign(key, statement, signature) != TRIVET_OK) {
        return trivet_error_set(c->err, TRIVET_E_CRYPTO, "authority.pins",
            "the announcement of pins cannot be signed");
    }

    return trivet_case_answer(
        c, trivet_pins_answer_write(
               statement, trivet_slice_make(signature, sizeof signature)));
}

enum trivet_status
trivet_handle_pins(struct trivet_case *c)
{
    const struct trivet_authority_config *config = c->authority->config;
    struct trivet_announcement announcement;
    const struct trivet_private_key *key;
    struct trivet_buffer statement;
    enum trivet_status status;

    if (config->announced == NULL || config->announced->num_pins == 0) {
        return trivet_case_refuse(c, TRIVET_REASON_ROUTE_NOT_FOUND, NULL);
    }

    key = config->server_keys[c->answer->server_key].key;
    announcement = make_announcement(config);
    statement = trivet_pins_statement_write(&announcement);
    if (statement.data == NULL || key == NULL) {
        trivet_buffer_free(&statement);
        return trivet_error_set(c->err, TRIVET_E_CRYPTO, "authority.pins",
            "out of memory, or the server's key is not available");
    }

    status = answer_signed(c, key, trivet_buffer_slice(&statement));
    trivet_buffer_free(&statement);

    return status;
}
