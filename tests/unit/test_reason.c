/* SPDX-License-Identifier: Apache-2.0 */
/* test_reason.c - the table of refusals */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/reason.h"

static void
a_number_without_a_row_is_an_internal_error(void **state)
{
    static const int numbers[] = {
        -1, TRIVET_NUM_REASONS, TRIVET_NUM_REASONS + 1, 100000};

    (void) state;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_ptr_equal(trivet_reason_row((enum trivet_reason) numbers[i]),
            trivet_reason_row(TRIVET_REASON_INTERNAL));
    }
}

static bool
is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < ' ' || *p > '~') {
            return false;
        }
    }

    return text[0] != '\0';
}

static void
every_row_is_filled_and_every_refusal_is_an_error(void **state)
{
    (void) state;

    for (int i = 0; i < TRIVET_NUM_REASONS; i++) {
        const struct trivet_reason_row *row =
            trivet_reason_row((enum trivet_reason) i);

        assert_non_null(row->id);
        assert_true(is_plain(row->id));
        assert_int_equal(
            strspn(row->id, "abcdefghijklmnopqrstuvwxyz-"), strlen(row->id));
        assert_non_null(row->operator_text);
        assert_true(is_plain(row->operator_text));
        assert_non_null(row->text);

        if (i == TRIVET_REASON_NONE) {
            assert_int_equal(row->status, 200);
            continue;
        }

        assert_true(is_plain(row->text));
        assert_in_range(row->status, 400, 599);
        assert_int_equal(row->has_link, row->status == 466);
    }
}

/* "%s" is all that a text may have, once, and so in both languages. */
static void
texts_have_one_subject_at_most(void **state)
{
    (void) state;

    for (int i = 0; i < TRIVET_NUM_REASONS; i++) {
        const struct trivet_reason_row *row =
            trivet_reason_row((enum trivet_reason) i);
        const char *mark = strchr(row->text, '%');

        if (mark != NULL) {
            assert_int_equal(mark[1], 's');
            assert_null(strchr(mark + 1, '%'));
        }
        if (row->text_nl != NULL) {
            assert_true(is_plain(row->text_nl));
            assert_int_equal(mark != NULL, strstr(row->text_nl, "%s") != NULL);
        }
    }
}

/* Two rows may share a word and a status (addresses), not the sentence that
 * goes to the log with them. */
static void
an_operator_can_tell_any_two_rows_apart(void **state)
{
    (void) state;

    for (int i = 0; i < TRIVET_NUM_REASONS; i++) {
        for (int j = i + 1; j < TRIVET_NUM_REASONS; j++) {
            const struct trivet_reason_row *a =
                trivet_reason_row((enum trivet_reason) i);
            const struct trivet_reason_row *b =
                trivet_reason_row((enum trivet_reason) j);

            assert_false(strcmp(a->id, b->id) == 0 && a->status == b->status
                         && strcmp(a->operator_text, b->operator_text) == 0);
        }
    }
}

static void
a_caller_cannot_tell_bad_credentials_apart(void **state)
{
    static const enum trivet_reason same[] = {TRIVET_REASON_KEY_UNKNOWN,
        TRIVET_REASON_KEY_EXPIRED, TRIVET_REASON_KEY_REVOKED,
        TRIVET_REASON_KEY_NOT_REGISTERED, TRIVET_REASON_CREDENTIAL_IP,
        TRIVET_REASON_INSTALLATION_IP};

    (void) state;

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const struct trivet_reason_row *row = trivet_reason_row(same[i]);

        assert_int_equal(row->status, 400);
        assert_string_equal(row->text,
            "User credentials are incorrect. Incorrect API key or IP "
            "address.");
        assert_null(row->text_nl);
    }
}

static void
texts_that_clients_compare_are_bunq_s_word_for_word(void **state)
{
    static const struct {
        enum trivet_reason reason;
        unsigned status;
        const char *text;
    } rows[] = {
        {TRIVET_REASON_TOKEN_MISSING, 401, "Insufficient authentication."},
        {TRIVET_REASON_TOKEN_UNKNOWN, 401, "Insufficient authentication."},
        {TRIVET_REASON_TOKEN_DUPLICATE, 401, "Insufficient authentication."},
        {TRIVET_REASON_SESSION_ENDED, 401, "Insufficient authentication."},
        {TRIVET_REASON_SERVER_KEY_RETIRED, 401, "Insufficient authentication."},
        {TRIVET_REASON_SESSION_KEY_REVOKED, 401,
            "Insufficient authentication."},
        {TRIVET_REASON_TOKEN_WRONG_KIND, 403, "Insufficient authentication."},
        {TRIVET_REASON_SESSION_IP, 403, "Insufficient authentication."},
        {TRIVET_REASON_SESSION_EXPIRED, 401, "Insufficient authorisation."},
        {TRIVET_REASON_SESSION_ALREADY, 400,
            "Authentication token already has a user session."},
        {TRIVET_REASON_SIGNATURE_MISSING, 466,
            "For this operation a request signature is required. Check the "
            "urls for more information."},
        {TRIVET_REASON_SIGNATURE_MALFORMED, 400,
            "The request signature is invalid."},
        {TRIVET_REASON_SIGNATURE_WRONG, 400,
            "The request signature is invalid."},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct trivet_reason_row *row = trivet_reason_row(rows[i].reason);

        assert_int_equal(row->status, rows[i].status);
        assert_string_equal(row->text, rows[i].text);
    }

    assert_string_equal(
        trivet_reason_row(TRIVET_REASON_SESSION_EXPIRED)->text_nl,
        "Onvoldoende autorisatie.");
}

static void
a_status_of_nginx_has_a_reason(void **state)
{
    static const struct {
        unsigned status;
        enum trivet_reason reason;
    } rows[] = {
        {0, TRIVET_REASON_BAD_REQUEST},
        {400, TRIVET_REASON_BAD_REQUEST},
        {401, TRIVET_REASON_BAD_REQUEST},
        {402, TRIVET_REASON_BAD_REQUEST},
        {403, TRIVET_REASON_FORBIDDEN},
        {404, TRIVET_REASON_ROUTE_NOT_FOUND},
        {405, TRIVET_REASON_METHOD_NOT_ALLOWED},
        {408, TRIVET_REASON_REQUEST_TIMEOUT},
        {411, TRIVET_REASON_LENGTH_REQUIRED},
        {413, TRIVET_REASON_BODY_TOO_LARGE},
        {414, TRIVET_REASON_URI_TOO_LONG},
        {416, TRIVET_REASON_BAD_REQUEST},
        {429, TRIVET_REASON_TOO_MANY_REQUESTS},
        {431, TRIVET_REASON_HEADERS_TOO_LARGE},
        {466, TRIVET_REASON_BAD_REQUEST},
        {499, TRIVET_REASON_BAD_REQUEST},
        {500, TRIVET_REASON_INTERNAL},
        {501, TRIVET_REASON_INTERNAL},
        {502, TRIVET_REASON_UPSTREAM_FAILED},
        {503, TRIVET_REASON_STORE_UNAVAILABLE},
        {504, TRIVET_REASON_UPSTREAM_TIMEOUT},
        {505, TRIVET_REASON_INTERNAL},
        {599, TRIVET_REASON_INTERNAL},
        {999999, TRIVET_REASON_INTERNAL},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            trivet_reason_of_status(rows[i].status), rows[i].reason);
    }

    /* never "admitted", nor anything about a caller's secrets */
    for (unsigned status = 0; status < 700; status++) {
        enum trivet_reason reason = trivet_reason_of_status(status);

        assert_in_range(
            reason, TRIVET_REASON_BAD_REQUEST, TRIVET_NUM_REASONS - 1);
    }
}

static void
all_answers_are_signed_but_429_491_and_5xx(void **state)
{
    (void) state;

    for (unsigned status = 200; status < 600; status++) {
        assert_int_equal(trivet_reason_is_signed(status),
            status < 500 && status != 429 && status != 491);
    }
}

/* These are counted by the limit on refused credentials, and no others. */
static void
a_credential_s_refusals_are_these(void **state)
{
    static const enum trivet_reason credentials[] = {
        TRIVET_REASON_TOKEN_UNKNOWN, TRIVET_REASON_TOKEN_DUPLICATE,
        TRIVET_REASON_TOKEN_WRONG_KIND, TRIVET_REASON_SERVER_KEY_RETIRED,
        TRIVET_REASON_SESSION_ALREADY, TRIVET_REASON_SESSION_ENDED,
        TRIVET_REASON_SESSION_EXPIRED, TRIVET_REASON_SESSION_KEY_REVOKED,
        TRIVET_REASON_SESSION_IP, TRIVET_REASON_INSTALLATION_TOKEN_IP,
        TRIVET_REASON_KEY_UNKNOWN, TRIVET_REASON_KEY_EXPIRED,
        TRIVET_REASON_KEY_REVOKED, TRIVET_REASON_KEY_NOT_REGISTERED,
        TRIVET_REASON_CREDENTIAL_IP, TRIVET_REASON_INSTALLATION_IP,
        TRIVET_REASON_SIGNATURE_MISSING, TRIVET_REASON_SIGNATURE_MALFORMED,
        TRIVET_REASON_SIGNATURE_WRONG, TRIVET_REASON_PERMITTED_IPS_FIXED,
        TRIVET_REASON_PERMITTED_IP_WILDCARD, TRIVET_REASON_PSP_CERTIFICATE,
        TRIVET_REASON_PSP_CHAIN, TRIVET_REASON_PSP_VALIDITY,
        TRIVET_REASON_PSP_ROLE, TRIVET_REASON_PSP_SIGNATURE};

    (void) state;

    for (int i = -1; i <= TRIVET_NUM_REASONS; i++) {
        bool is_expected = false;

        for (size_t j = 0; j < sizeof credentials / sizeof credentials[0]; j++)
        {
            is_expected = is_expected || i == (int) credentials[j];
        }

        assert_int_equal(
            trivet_reason_is_credential((enum trivet_reason) i), is_expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_without_a_row_is_an_internal_error),
        cmocka_unit_test(every_row_is_filled_and_every_refusal_is_an_error),
        cmocka_unit_test(texts_have_one_subject_at_most),
        cmocka_unit_test(an_operator_can_tell_any_two_rows_apart),
        cmocka_unit_test(a_caller_cannot_tell_bad_credentials_apart),
        cmocka_unit_test(texts_that_clients_compare_are_bunq_s_word_for_word),
        cmocka_unit_test(a_status_of_nginx_has_a_reason),
        cmocka_unit_test(all_answers_are_signed_but_429_491_and_5xx),
        cmocka_unit_test(a_credential_s_refusals_are_these),
    };

    return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
