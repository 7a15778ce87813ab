/* SPDX-License-Identifier: Apache-2.0 */
/* test_meanwhile.c - what was found for a call, and pruned before its turn to
 * write, is refused as unknown; nothing else is taken for a failure */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

static const char *pruning; /* NULL: nothing goes */

/* The signature is verified behind the look-up of the token, and measured; so
 * this is called between that and the handler. */
static int64_t
prune_now(void)
{
    const char *statement = pruning;

    pruning = NULL;
    if (statement != NULL) {
        (void) operate("%s", statement);
    }

    return 1;
}

static void
start(void)
{
    world.config.ticks_ns = prune_now;
    world.config.memos = NULL; /* all signatures are verified */
    world_restart();
    get_api_key(&ann);
    install_from(&ann, HOME);
}

#define NO_INSTALLATION "DELETE FROM installation"

static void
an_installation_that_registers(void **state)
{
    struct sent sent;
    (void) state;
    sqlite_alone();

    start();
    make_device(&sent, &ann, NULL, HOME);
    pruning = NO_INSTALLATION;
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, 0);
    assert_null(pruning);

    /* The key is as free as before. */
    install_from(&ann, HOME);
    register_from(&ann, "[\"" ABROAD "\"]", HOME);
}

static void
an_api_key_that_is_registered(void **state)
{
    struct sent sent;
    (void) state;

    start();
    make_device(&sent, &ann, NULL, HOME);
    pruning = "DELETE FROM api_key";
    assert_refused(&sent, TRIVET_REASON_KEY_UNKNOWN, 400, NULL, 0);
    assert_null(pruning);
    assert_refused(&sent, TRIVET_REASON_KEY_UNKNOWN, 400, NULL, 0);
    get_api_key(&ann);
    register_from(&ann, NULL, HOME);
}

static void
an_api_key_that_a_session_is_opened_with(void **state)
{
    struct sent sent;
    (void) state;

    start();
    make_session(&sent, &ann, HOME);
    pruning = "DELETE FROM api_key";
    assert_refused(&sent, TRIVET_REASON_KEY_UNKNOWN, 400, NULL, 0);
    assert_null(pruning);
}

static void
a_providers_installation(void **state)
{
    struct sent sent;
    (void) state;
    sqlite_alone();

    start();
    make_request(&sent, "POST", "/v1/payment-service-provider-credential",
        ann.installation_token, &ann,
        "{\"client_payment_service_provider_certificate\":\"x\","
        "\"client_payment_service_provider_certificate_chain\":\"x\","
        "\"client_public_key_signature\":\"x\"}");
    assert_refused(&sent, TRIVET_REASON_PSP_CERTIFICATE, 400, NULL, 0);
    pruning = NO_INSTALLATION;
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, 0);
    assert_null(pruning);
}

static void
a_session_that_logs_out(void **state)
{
    struct sent sent;
    (void) state;

    start();
    register_from(&ann, NULL, HOME);
    for (int i = 0; i < 2; i++) {
        open_session_from(&ann, HOME);
        make_request(
            &sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
        if (i == 0) {
            assert_admitted(&sent);
        }
    }
    pruning = "DELETE FROM session";
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, 0);
    assert_null(pruning);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_installation_that_registers),
        WORLD_TEST(an_api_key_that_is_registered),
        WORLD_TEST(an_api_key_that_a_session_is_opened_with),
        WORLD_TEST(a_providers_installation),
        WORLD_TEST(a_session_that_logs_out),
    };

    return cmocka_run_group_tests_name(
        "meanwhile", tests, world_begin, world_end);
}
