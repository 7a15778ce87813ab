/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding.h - the addresses that a client works from, and those where it is
 * refused
 *
 * Whoever includes it defines _POSIX_C_SOURCE 200809L before.
 */
#ifndef TRIVET_TESTS_BINDING_H
#define TRIVET_TESTS_BINDING_H

#include "tests/unit/world.h"

#define AUTHENTICATION "Insufficient authentication."
#define CREDENTIALS                                                            \
    "User credentials are incorrect. Incorrect API key or IP address."

/* A new key, and an installation at home that it is registered with. */
static inline void
start(struct client *client, const char *permitted)
{
    get_api_key(client);
    install_from(client, HOME);
    register_from(client, permitted, HOME);
}

static inline void
assert_opens_from(struct client *client, const char *address)
{
    open_session_from(client, address);
    assert_works_from(client, address);
}

static inline void
assert_session_refused_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_protected(&sent, client);
    set_address(&sent, address);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, AUTHENTICATION, 0);
}

static inline void
assert_key_refused_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_session(&sent, client, address);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_IP, 400, CREDENTIALS, 0);
}

/* Also: no device is stored. */
static inline void
assert_device_refused(const struct client *client, const char *permitted,
    const char *address, enum trivet_reason reason, const char *text)
{
    int64_t before = operate("SELECT COUNT(*) FROM device");
    struct sent sent;

    make_device(&sent, client, permitted, address);
    assert_refused(&sent, reason, 400, text, 0);
    assert_int_equal(operate("SELECT COUNT(*) FROM device"), before);
}

#endif
