/* SPDX-License-Identifier: Apache-2.0 */
/* test_proxy_fields.c - which header fields go through the proxy */
#include "tests/unit/unit.h"

#include "sidecar/fields.h"

static bool
sends(const char *name, const char *connection)
{
    return trivet_fields_sends(
        trivet_slice_text(name), trivet_slice_text(connection));
}

static bool
returns(const char *name, const char *connection, bool was_encrypted)
{
    return trivet_fields_returns(
        trivet_slice_text(name), trivet_slice_text(connection), was_encrypted);
}

static void
what_a_caller_says_is_sent(void **state)
{
    static const char *const names[] = {"X-Own", "User-Agent", "Content-Type",
        "X-Bunq-Language", "X-Bunq-Client-Request-Id", "Accept",
        "X-Bunq-Client-Signatures", "Trivet", "Secret"};

    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(sends(names[i], ""));
        assert_true(sends(names[i], "close, x-other"));
    }
}

static void
what_is_the_proxys_or_between_neighbours_is_not(void **state)
{
    static const char *const names[] = {"connection", "CONTENT-LENGTH",
        "Transfer-Encoding", "Keep-Alive", "TE", "Trailer", "Upgrade",
        "Proxy-Connection", "Host", "Expect", "Accept-Encoding",
        "Authorization", "Proxy-Authorization", "Cookie", "Origin", "Referer",
        "X-Bunq-Client-Authentication", "x-bunq-client-signature",
        "Trivet-Caller", "trivet-x", "Sec-Fetch-Site"};

    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(sends(names[i], ""));
    }
}

static void
a_connection_field_names_others(void **state)
{
    static const char list[] = "close,X-A , \tx-b\t,,X-C";

    (void) state;
    assert_false(sends("X-A", list));
    assert_false(sends("X-B", list));
    assert_false(sends("x-c", list));
    assert_true(sends("X-D", list));
    assert_true(sends("X", list));
    assert_false(returns("X-A", list, false));
    assert_true(returns("X-D", list, false));
}

static void
what_a_server_says_is_returned(void **state)
{
    static const char *const gone[] = {"Connection", "content-length",
        "Transfer-Encoding", "Strict-Transport-Security", "Alt-Svc",
        "Trivet-Verified", "trivet-reason"};

    (void) state;
    assert_true(returns("X-Bunq-Client-Response-Id", "", false));
    assert_true(returns("Set-Cookie", "", false));
    assert_true(returns("X-Trivet-Reason", "", false));
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        assert_false(returns(gone[i], "", false));
    }
}

static void
a_signature_over_a_ciphertext_is_not(void **state)
{
    static const char *const names[] = {"X-Bunq-Server-Signature",
        "X-Bunq-Server-Encryption-Key", "X-Bunq-Server-Encryption-Iv",
        "x-bunq-server-encryption-hmac"};

    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(returns(names[i], "", false));
        assert_false(returns(names[i], "", true));
    }
    assert_true(returns("Content-Type", "", true));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_caller_says_is_sent),
        cmocka_unit_test(what_is_the_proxys_or_between_neighbours_is_not),
        cmocka_unit_test(a_connection_field_names_others),
        cmocka_unit_test(what_a_server_says_is_returned),
        cmocka_unit_test(a_signature_over_a_ciphertext_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
