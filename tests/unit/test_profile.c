/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - the named presets, and each switch by itself */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include "core/limits.h"
#include "core/profile.h"

#include <stddef.h>
#include <stdio.h>

static void
a_name_is_exact(void **state)
{
    static const char *const unknown[] = {
        "", "Strict", "STRICT", "strict ", "stric", "lax", "default"};

    (void) state;

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(trivet_profile_find(trivet_slice_text(unknown[i])));
    }

    assert_null(trivet_profile_find(trivet_slice_make("strict\0", 7)));
    assert_null(trivet_profile_find(trivet_slice_make(NULL, 0)));
}

static struct trivet_profile
preset(const char *name)
{
    const struct trivet_profile *found =
        trivet_profile_find(trivet_slice_text(name));

    assert_non_null(found);
    assert_string_equal(found->name, name);
    return *found;
}

/* The whole of each preset, so that none changes by accident. */
static void
presets_are_what_they_were(void **state)
{
    struct trivet_profile strict = preset("strict");
    struct trivet_profile current = preset("current");
    struct trivet_profile classic = preset("classic");
    struct trivet_profile reference = preset("reference");

    (void) state;

    assert_int_equal(strict.signatures, TRIVET_SIGNATURES_ALL);
    assert_int_equal(strict.signing, TRIVET_SIGNING_BODY);
    assert_int_equal(strict.response_signing, TRIVET_RESPONSE_SIGNING_BODY);
    assert_int_equal(strict.sign_errors, TRIVET_SIGN_ERRORS_ALL);
    assert_int_equal(strict.extend_window_s, 1800);
    assert_int_equal(strict.extend_cap_s, 0);
    assert_int_equal(strict.wildcard, TRIVET_WILDCARD_ON);
    assert_int_equal(strict.ipv6, TRIVET_IPV6_ON);
    assert_int_equal(strict.request_id, TRIVET_REQUEST_ID_ANY);
    assert_int_equal(strict.headers, TRIVET_HEADERS_LENIENT);
    assert_int_equal(strict.sessions, TRIVET_SESSIONS_UNLIMITED);
    assert_int_equal(strict.dead_session, TRIVET_DEAD_SESSION_401);
    assert_int_equal(strict.slashes, TRIVET_SLASHES_ESCAPED);
    assert_int_equal(
        strict.superfluous_token, TRIVET_SUPERFLUOUS_TOKEN_IGNORED);
    assert_int_equal(strict.psp_root, TRIVET_PSP_ROOT_ANYWHERE);
    assert_int_equal(strict.given, 0);

    /* the others differ in what they are there for, and in nothing else */
    assert_int_equal(current.signatures, TRIVET_SIGNATURES_REQUIRED);
    assert_int_equal(current.wildcard, TRIVET_WILDCARD_FIRST);
    current.name = strict.name;
    current.signatures = strict.signatures;
    current.wildcard = strict.wildcard;
    assert_int_equal(current.sign_errors, TRIVET_SIGN_ERRORS_ON);
    current.sign_errors = strict.sign_errors;
    assert_int_equal(
        current.superfluous_token, TRIVET_SUPERFLUOUS_TOKEN_REFUSED);
    current.superfluous_token = strict.superfluous_token;
    assert_int_equal(current.psp_root, TRIVET_PSP_ROOT_LAST);
    current.psp_root = strict.psp_root;
    assert_memory_equal(&current, &strict, sizeof strict);

    assert_int_equal(classic.signing, TRIVET_SIGNING_FULL);
    assert_int_equal(classic.response_signing, TRIVET_RESPONSE_SIGNING_FULL);
    classic.name = strict.name;
    classic.signing = strict.signing;
    classic.response_signing = strict.response_signing;
    assert_int_equal(classic.sign_errors, TRIVET_SIGN_ERRORS_ON);
    classic.sign_errors = strict.sign_errors;
    assert_memory_equal(&classic, &strict, sizeof strict);

    assert_int_equal(reference.extend_window_s, 30);
    assert_int_equal(reference.extend_cap_s, 300);
    reference.name = strict.name;
    reference.extend_window_s = strict.extend_window_s;
    reference.extend_cap_s = strict.extend_cap_s;
    assert_memory_equal(&reference, &strict, sizeof strict);
}

static void
every_preset_has_its_name(void **state)
{
    (void) state;

    for (size_t i = 0; i < TRIVET_NUM_PRESETS; i++) {
        const struct trivet_profile *found =
            trivet_profile_find(trivet_slice_text(trivet_preset_name(i)));

        assert_non_null(found);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(
                trivet_preset_name(i), trivet_preset_name(k));
        }
    }
}

/* ---- switches ----------------------------------------------------------- */

#define FIELD(name) offsetof(struct trivet_profile, name)

static const struct {
    const char *setting;
    size_t field;
    int value;
} settings[] = {
    {"signatures=all", FIELD(signatures), TRIVET_SIGNATURES_ALL},
    {"signatures=required", FIELD(signatures), TRIVET_SIGNATURES_REQUIRED},
    {"signing=body", FIELD(signing), TRIVET_SIGNING_BODY},
    {"signing=full", FIELD(signing), TRIVET_SIGNING_FULL},
    {"signing=both", FIELD(signing), TRIVET_SIGNING_BOTH},
    {"response-signing=body", FIELD(response_signing),
        TRIVET_RESPONSE_SIGNING_BODY},
    {"response-signing=full", FIELD(response_signing),
        TRIVET_RESPONSE_SIGNING_FULL},
    {"sign-errors=off", FIELD(sign_errors), TRIVET_SIGN_ERRORS_OFF},
    {"sign-errors=on", FIELD(sign_errors), TRIVET_SIGN_ERRORS_ON},
    {"sign-errors=all", FIELD(sign_errors), TRIVET_SIGN_ERRORS_ALL},
    {"superfluous-token=refused", FIELD(superfluous_token),
        TRIVET_SUPERFLUOUS_TOKEN_REFUSED},
    {"superfluous-token=ignored", FIELD(superfluous_token),
        TRIVET_SUPERFLUOUS_TOKEN_IGNORED},
    {"psp-root=last", FIELD(psp_root), TRIVET_PSP_ROOT_LAST},
    {"psp-root=anywhere", FIELD(psp_root), TRIVET_PSP_ROOT_ANYWHERE},
    {"extend-window=0", FIELD(extend_window_s), 0},
    {"extend-window=30", FIELD(extend_window_s), 30},
    {"extend-window=2147483", FIELD(extend_window_s), 2147483},
    {"extend-cap=0", FIELD(extend_cap_s), 0},
    {"extend-cap=300", FIELD(extend_cap_s), 300},
    {"extend-cap=0300", FIELD(extend_cap_s), 300},
    {"wildcard=off", FIELD(wildcard), TRIVET_WILDCARD_OFF},
    {"wildcard=first", FIELD(wildcard), TRIVET_WILDCARD_FIRST},
    {"wildcard=on", FIELD(wildcard), TRIVET_WILDCARD_ON},
    {"ipv6=off", FIELD(ipv6), TRIVET_IPV6_OFF},
    {"ipv6=on", FIELD(ipv6), TRIVET_IPV6_ON},
    {"request-id=any", FIELD(request_id), TRIVET_REQUEST_ID_ANY},
    {"request-id=per-device", FIELD(request_id), TRIVET_REQUEST_ID_PER_DEVICE},
    {"headers=lenient", FIELD(headers), TRIVET_HEADERS_LENIENT},
    {"headers=strict", FIELD(headers), TRIVET_HEADERS_STRICT},
    {"sessions=unlimited", FIELD(sessions), TRIVET_SESSIONS_UNLIMITED},
    {"sessions=one", FIELD(sessions), TRIVET_SESSIONS_ONE},
    {"dead-session=401", FIELD(dead_session), TRIVET_DEAD_SESSION_401},
    {"dead-session=403", FIELD(dead_session), TRIVET_DEAD_SESSION_403},
    {"slashes=escaped", FIELD(slashes), TRIVET_SLASHES_ESCAPED},
    {"slashes=plain", FIELD(slashes), TRIVET_SLASHES_PLAIN},
};

enum { NUM_SETTINGS = sizeof settings / sizeof settings[0] };

/* In every preset, and nothing else changes by it. */
static void
a_switch_sets_its_field_alone(void **state)
{
    (void) state;

    for (size_t p = 0; p < TRIVET_NUM_PRESETS; p++) {
        for (size_t i = 0; i < NUM_SETTINGS; i++) {
            struct trivet_profile before = preset(trivet_preset_name(p));
            struct trivet_profile after = before;
            struct trivet_error err;
            int value;

            if (trivet_profile_set(
                    &after, trivet_slice_text(settings[i].setting), &err)
                != TRIVET_OK)
            {
                fail_msg("%s: %s", settings[i].setting, err.detail);
            }

            memcpy(&value, (char *) &after + settings[i].field, sizeof value);
            assert_int_equal(value, settings[i].value);

            memcpy((char *) &before + settings[i].field, &value, sizeof value);
            assert_true(after.given != 0);
            assert_int_equal(after.given & (after.given - 1), 0);
            before.given = after.given;
            assert_memory_equal(&after, &before, sizeof after);
        }
    }
}

/* Every switch of the table, with every word that it says it has, is above. */
static void
no_switch_is_left_untested(void **state)
{
    size_t num_words = 0;

    (void) state;

    for (size_t i = 0; i < TRIVET_NUM_SWITCHES; i++) {
        char values[TRIVET_MAX_SWITCH_VALUES];
        char *rest = values;
        const char *word;

        trivet_switch_values(i, values);
        assert_true(strlen(trivet_switch_about(i)) > 10);
        if (strcmp(values, "SECONDS") == 0) {
            continue;
        }

        while ((word = strsep(&rest, "|")) != NULL) {
            char setting[128];
            bool is_tested = false;

            (void) snprintf(
                setting, sizeof setting, "%s=%s", trivet_switch_name(i), word);
            for (size_t k = 0; k < NUM_SETTINGS; k++) {
                is_tested |= strcmp(settings[k].setting, setting) == 0;
            }
            if (!is_tested) {
                fail_msg("%s", setting);
            }
            num_words++;
        }
    }

    assert_int_equal(num_words, 29);
}

static void
a_switch_is_set_once(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_SETTINGS; i++) {
        struct trivet_profile profile = preset("strict");
        struct trivet_error err;

        assert_int_equal(trivet_profile_set(&profile,
                             trivet_slice_text(settings[i].setting), NULL),
            TRIVET_OK);
        assert_int_equal(trivet_profile_set(&profile,
                             trivet_slice_text(settings[i].setting), &err),
            TRIVET_E_CONFLICT);
        assert_non_null(strstr(err.detail, "twice"));
    }
}

static void
what_is_unknown_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *setting;
        const char *complaint;
    } rows[] = {
        {"", "unknown switch \"\"; there are signatures, signing,"},
        {"=", "unknown switch \"\""},
        {"=on", "unknown switch \"\""},
        {"nonsense=on", "unknown switch \"nonsense\""},
        {"Signing=full", "unknown switch"},
        {" signing=full", "unknown switch"},
        {"signing =full", "unknown switch"},
        {"signin=full", "unknown switch"},
        {"signingg=full", "unknown switch"},
        {"extend_window=30", "unknown switch"},
        {"signing", "it is signing=body|full|both"},
        {"signing=", "it is signing=body|full|both"},
        {"signing==full", "it is signing=body|full|both"},
        {"signing=Full", "it is signing=body|full|both"},
        {"signing=full ", "it is signing=body|full|both"},
        {"signing=full|both", "it is signing=body|full|both"},
        {"signing=0", "it is signing=body|full|both"},
        {"response-signing=both", "it is response-signing=body|full"},
        {"wildcard=yes", "it is wildcard=off|first|on"},
        {"wildcard=1", "it is wildcard=off|first|on"},
        {"dead-session=404", "it is dead-session=401|403"},
        {"extend-window=", "it is extend-window=SECONDS, 2147483 at most"},
        {"extend-window=-1", "it is extend-window=SECONDS"},
        {"extend-window=+1", "it is extend-window=SECONDS"},
        {"extend-window=30s", "it is extend-window=SECONDS"},
        {"extend-window=0x1e", "it is extend-window=SECONDS"},
        {"extend-window=2147484", "it is extend-window=SECONDS"},
        {"extend-window=4294967326", "it is extend-window=SECONDS"},
        {"extend-cap=99999999999999999999999", "it is extend-cap=SECONDS"},
        {"extend-cap=off", "it is extend-cap=SECONDS"},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_profile strict = preset("strict");
        struct trivet_profile profile = strict;
        struct trivet_error err;

        if (trivet_profile_set(
                &profile, trivet_slice_text(rows[i].setting), &err)
                != TRIVET_E_USAGE
            || strstr(err.detail, rows[i].complaint) == NULL)
        {
            fail_msg("\"%s\": %s", rows[i].setting, err.detail);
        }
        assert_memory_equal(&profile, &strict, sizeof strict);
    }
}

static void
bytes_that_are_no_text_are_refused(void **state)
{
    struct trivet_profile profile = preset("strict");
    char long_name[5000];

    (void) state;

    memset(long_name, 'a', sizeof long_name);
    assert_int_equal(trivet_profile_set(&profile,
                         trivet_slice_make(long_name, sizeof long_name), NULL),
        TRIVET_E_USAGE);
    memcpy(long_name, "signing=", 8);
    assert_int_equal(trivet_profile_set(&profile,
                         trivet_slice_make(long_name, sizeof long_name), NULL),
        TRIVET_E_USAGE);
    assert_int_equal(trivet_profile_set(&profile,
                         trivet_slice_make("signing=full\0", 13), NULL),
        TRIVET_E_USAGE);
    assert_int_equal(
        trivet_profile_set(&profile, trivet_slice_make(NULL, 0), NULL),
        TRIVET_E_USAGE);
    assert_int_equal(profile.given, 0);
}

/* ---- what follows ------------------------------------------------------- */

static void
errors_are_signed_or_not(void **state)
{
    static const struct {
        unsigned status;
        bool with;
        bool without;
    } rows[] = {
        {200, true, true},
        {201, true, true},
        {204, true, true},
        {299, true, true},
        {199, true, false},
        {300, true, false},
        {302, true, false},
        {400, true, false},
        {401, true, false},
        {404, true, false},
        {466, true, false},
        {429, false, false},
        {491, false, false},
        {500, false, false},
        {502, false, false},
        {503, false, false},
    };
    struct trivet_profile all = preset("strict");
    struct trivet_profile with = preset("current");
    struct trivet_profile without = with;

    (void) state;

    without.sign_errors = TRIVET_SIGN_ERRORS_OFF;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            trivet_profile_signs(&with, rows[i].status), rows[i].with);
        assert_true(trivet_profile_signs(&all, rows[i].status));
        assert_int_equal(
            trivet_profile_signs(NULL, rows[i].status), rows[i].with);
        assert_int_equal(
            trivet_profile_signs(&without, rows[i].status), rows[i].without);
    }
}

static void
dead_sessions_are_401_or_403(void **state)
{
    struct trivet_profile strict = preset("strict");
    struct trivet_profile other = strict;

    (void) state;

    other.dead_session = TRIVET_DEAD_SESSION_403;

    for (unsigned status = 100; status < 600; status++) {
        assert_int_equal(trivet_profile_status(&strict, status), status);
        assert_int_equal(trivet_profile_status(NULL, status), status);
        assert_int_equal(trivet_profile_status(&other, status),
            status == 401 ? 403 : status);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_exact),
        cmocka_unit_test(presets_are_what_they_were),
        cmocka_unit_test(every_preset_has_its_name),
        cmocka_unit_test(a_switch_sets_its_field_alone),
        cmocka_unit_test(no_switch_is_left_untested),
        cmocka_unit_test(a_switch_is_set_once),
        cmocka_unit_test(what_is_unknown_is_refused_and_changes_nothing),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(errors_are_signed_or_not),
        cmocka_unit_test(dead_sessions_are_401_or_403),
    };

    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
