/* SPDX-License-Identifier: Apache-2.0 */
/* test_pins.c - a set of pinned keys */
#include "tests/unit/unit.h"

#include <string.h>

#include "client/pins.h"

#define DIGEST "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
/* A digest whose base64 begins with a slash. */
#define SLASHED "/wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void
pins_are_read_in_both_forms(void **state)
{
    static const char *const texts[] = {"sha256/" DIGEST, "sha256//" DIGEST,
        "sha256/" SLASHED, "sha256//" SLASHED};

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct trivet_pin pin;

        assert_int_equal(trivet_pin_parse(texts[i], &pin, NULL), TRIVET_OK);
        assert_int_equal(pin.digest[0], i < 2 ? 0 : 0xff);
        assert_int_equal(pin.digest[31], 31);
        assert_true(pin.expires_us == 0);
    }
}

static void
an_expiry_is_a_day(void **state)
{
    char text[TRIVET_PIN_DATED_SIZE];
    struct trivet_pin pin;

    (void) state;

    assert_int_equal(
        trivet_pin_parse("sha256//" DIGEST "@2031-02-03", &pin, NULL),
        TRIVET_OK);
    trivet_pin_format_dated(&pin, text);
    assert_string_equal(text, "sha256/" DIGEST "@2031-02-03");
}

static void
what_is_no_pin_is_refused(void **state)
{
    static const char *const texts[] = {"", "sha256/", "sha1/" DIGEST,
        "sha256/" DIGEST "x", "sha256/" DIGEST "@", "sha256/" DIGEST "@2031",
        "sha256/" DIGEST "@2031-02-30", "sha256/" DIGEST "@2031-02-03x",
        "sha256///" DIGEST, "sha256/AAAA", DIGEST};
    struct trivet_pin pin = {{7}, 7};

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(
            trivet_pin_parse(texts[i], &pin, NULL), TRIVET_E_MALFORMED);
        assert_int_equal(pin.digest[0], 7);
    }
}

static void
expired_pins_do_not_count(void **state)
{
    const struct trivet_pin pins[] = {{{1}, 0}, {{2}, 1000}};
    struct trivet_pin_set set;
    char list[TRIVET_PIN_LIST_SIZE];

    (void) state;

    assert_int_equal(
        trivet_pin_set_make(pins, 2, TRIVET_PINS_ENFORCE, &set, NULL),
        TRIVET_OK);
    assert_true(trivet_pin_set_has(&set, pins[0].digest, 5000));
    assert_true(trivet_pin_set_has(&set, pins[1].digest, 999));
    assert_false(trivet_pin_set_has(&set, pins[1].digest, 1000));
    assert_int_equal(trivet_pin_set_count_valid(&set, 1000), 1);

    trivet_pin_set_format_list(&set, 999, list);
    assert_non_null(strchr(list, ';'));
    trivet_pin_set_format_list(&set, 1000, list);
    assert_null(strchr(list, ';'));
    assert_int_equal(strncmp(list, "sha256//AQAA", 12), 0);
}

static void
a_full_set_fits_its_list(void **state)
{
    struct trivet_pin pins[TRIVET_MAX_PINS + 1] = {{{0}, 0}};
    struct trivet_pin_set set;
    char list[TRIVET_PIN_LIST_SIZE];

    (void) state;

    assert_int_equal(trivet_pin_set_make(
                         pins, TRIVET_MAX_PINS, TRIVET_PINS_REPORT, &set, NULL),
        TRIVET_OK);
    trivet_pin_set_format_list(&set, 0, list);
    assert_int_equal(strlen(list), TRIVET_MAX_PINS * 53 - 1);
    assert_int_equal(trivet_pin_set_make(pins, TRIVET_MAX_PINS + 1,
                         TRIVET_PINS_REPORT, &set, NULL),
        TRIVET_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_are_read_in_both_forms),
        cmocka_unit_test(an_expiry_is_a_day),
        cmocka_unit_test(what_is_no_pin_is_refused),
        cmocka_unit_test(expired_pins_do_not_count),
        cmocka_unit_test(a_full_set_fits_its_list),
    };

    return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
