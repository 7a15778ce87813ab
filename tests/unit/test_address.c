/* SPDX-License-Identifier: Apache-2.0 */
/* test_address.c - addresses in text and in bytes, and lists of them */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/address.h"

static struct trivet_address
parsed(const char *text)
{
    struct trivet_address address = {{0}};

    assert_int_equal(
        trivet_address_parse(trivet_slice_text(text), &address), TRIVET_OK);

    return address;
}

static void
whatever_is_not_one_address_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        " ",
        "*",
        "localhost",
        "example.com",
        /* IPv4, nearly */
        "1",
        "16909060",
        "1.2.3",
        "1.2.3.",
        ".1.2.3.4",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1..3.4",
        "256.1.1.1",
        "1.2.3.256",
        "1.2.3.-4",
        "1.2.3.+4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3. 4",
        "1.2.3.4\n",
        "1,2,3,4",
        "0x1.2.3.4",
        "1.2.3.0x4",
        "1.2.3.4a",
        /* a leading zero is octal to some and decimal to others */
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.00",
        "010.0.0.1",
        /* ports and networks */
        "1.2.3.4:80",
        "1.2.3.4/32",
        "1.2.3.0/24",
        "1.2.3.*",
        "[::1]",
        "[::1]:443",
        "::1/128",
        "2001:db8::/32",
        /* zones */
        "fe80::1%eth0",
        "fe80::1%1",
        "::1%",
        /* IPv6, nearly */
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "g::",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "::ffff:1.2.3",
        "::ffff:1.2.3.256",
        "::ffff:01.2.3.4",
        "::ffff:1.2.3.4:80",
        "::1.2.3.4::",
        "1.2.3.4::",
        /* 45 characters fit, these do not */
        "0000:0000:0000:0000:0000:ffff:255.255.255.2550",
        "00000:0000:0000:0000:0000:ffff:255.255.255.255",
        "1.2.3.4                                                         ",
    };
    struct trivet_address untouched;
    struct trivet_address address;

    (void) state;

    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        address = untouched;
        if (trivet_address_parse(trivet_slice_text(refused[i]), &address)
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: \"%s\"", refused[i]);
        }
        assert_true(trivet_address_equal(&address, &untouched));
    }
}

static void
a_nul_does_not_end_the_text(void **state)
{
    static const char *const texts[] = {
        "1.2.3.4\0", "1.2.3.4\0evil", "::1\0\0\0\0", "\0001.2.3.4"};
    static const size_t lens[] = {8, 12, 7, 8};
    struct trivet_address address;

    (void) state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(trivet_address_parse(
                             trivet_slice_make(texts[i], lens[i]), &address),
            TRIVET_E_MALFORMED);
    }

    assert_int_equal(trivet_address_parse(trivet_slice_make(NULL, 0), &address),
        TRIVET_E_MALFORMED);
}

static void
only_the_slice_is_read(void **state)
{
    struct trivet_address address;
    struct trivet_address expected = parsed("1.2.3.4");

    (void) state;

    assert_int_equal(
        trivet_address_parse(trivet_slice_make("1.2.3.45", 7), &address),
        TRIVET_OK);
    assert_true(trivet_address_equal(&address, &expected));
}

static void
each_address_has_one_usual_text(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
        bool is_ipv4;
    } rows[] = {
        {"1.2.3.4", "1.2.3.4", true},
        {"0.0.0.0", "0.0.0.0", true},
        {"255.255.255.255", "255.255.255.255", true},
        {"::ffff:1.2.3.4", "1.2.3.4", true},
        {"::FFFF:1.2.3.4", "1.2.3.4", true},
        {"::ffff:102:304", "1.2.3.4", true},
        {"0:0:0:0:0:ffff:0102:0304", "1.2.3.4", true},
        {"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255",
            true},
        {"::", "::", false},
        {"::1", "::1", false},
        {"0:0:0:0:0:0:0:1", "::1", false},
        {"2001:db8::1", "2001:db8::1", false},
        {"2001:DB8::1", "2001:db8::1", false},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", false},
        {"1::", "1::", false},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", false},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        /* neither of these is a mapped address */
        {"::1.2.3.4", "::1.2.3.4", false},
        {"::ffff:0:1.2.3.4", "::ffff:0:102:304", false},
        {"64:ff9b::1.2.3.4", "64:ff9b::102:304", false},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_address address = parsed(rows[i].text);
        struct trivet_address back;
        char shown[TRIVET_MAX_ADDRESS_TEXT];

        trivet_address_format(&address, shown);
        assert_string_equal(shown, rows[i].shown);
        assert_int_equal(trivet_address_is_ipv4(&address), rows[i].is_ipv4);

        back = parsed(shown);
        assert_true(trivet_address_equal(&address, &back));
    }
}

static void
ipv4_and_its_mapped_form_are_one_address(void **state)
{
    static const unsigned char four[] = {1, 2, 3, 4};
    static const unsigned char mapped[] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4};
    static const unsigned char compatible[] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    struct trivet_address text = parsed("1.2.3.4");
    struct trivet_address a = trivet_address_from_ipv4(four);
    struct trivet_address b = trivet_address_from_ipv6(mapped);
    struct trivet_address c = trivet_address_from_ipv6(compatible);

    (void) state;

    assert_true(trivet_address_equal(&a, &text));
    assert_true(trivet_address_equal(&a, &b));
    assert_true(trivet_address_is_ipv4(&b));
    assert_false(trivet_address_equal(&a, &c));
    assert_false(trivet_address_is_ipv4(&c));
}

static void
any_changed_bit_is_another_address(void **state)
{
    struct trivet_address address = parsed("2001:db8::1");

    (void) state;

    for (size_t bit = 0; bit < 8 * sizeof address.bytes; bit++) {
        struct trivet_address other = address;

        other.bytes[bit / 8] =
            (unsigned char) (other.bytes[bit / 8] ^ 1U << bit % 8);
        assert_false(trivet_address_equal(&address, &other));
    }
}

static void
an_empty_list_permits_nobody(void **state)
{
    static const struct trivet_permitted nobody;
    static const char *const callers[] = {"0.0.0.0", "::", "1.2.3.4"};

    (void) state;

    for (size_t i = 0; i < sizeof callers / sizeof callers[0]; i++) {
        struct trivet_address caller = parsed(callers[i]);

        assert_false(trivet_permitted_has(&nobody, &caller));
    }
}

static void
an_entry_is_an_address_or_a_star(void **state)
{
    static const char *const refused[] = {"", "**", " *", "* ", "?", "any",
        "0.0.0.0/0", "1.2.3.*", "1.2.3.4,5.6.7.8", "1.2.3.4 5.6.7.8"};
    struct trivet_permitted permitted = {.has_wildcard = false};
    struct trivet_address caller = parsed("1.2.3.4");

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(
            trivet_permitted_add(&permitted, trivet_slice_text(refused[i])),
            TRIVET_E_MALFORMED);
    }
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_make("*\0", 2)),
        TRIVET_E_MALFORMED);
    assert_false(permitted.has_wildcard);
    assert_int_equal(permitted.num_addresses, 0);

    /* An address behind a star is kept: the star may be taken away later. */
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("*")), TRIVET_OK);
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("*")), TRIVET_OK);
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("1.2.3.4")),
        TRIVET_OK);
    assert_true(permitted.has_wildcard);
    assert_int_equal(permitted.num_addresses, 1);
    assert_true(trivet_permitted_has(&permitted, &caller));
}

static void
an_address_is_listed_once_however_it_is_written(void **state)
{
    static const char *const same[] = {"1.2.3.4", "::ffff:1.2.3.4",
        "::ffff:102:304", "1.2.3.4", "0:0:0:0:0:FFFF:1.2.3.4"};
    struct trivet_permitted permitted = {.has_wildcard = false};
    struct trivet_address listed = parsed("1.2.3.4");
    struct trivet_address other = parsed("::1.2.3.4");

    (void) state;

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(
            trivet_permitted_add(&permitted, trivet_slice_text(same[i])),
            TRIVET_OK);
    }

    assert_false(permitted.has_wildcard);
    assert_int_equal(permitted.num_addresses, 1);
    assert_true(trivet_permitted_has(&permitted, &listed));
    assert_false(trivet_permitted_has(&permitted, &other));
}

static void
a_full_list_takes_only_what_it_has(void **state)
{
    struct trivet_permitted permitted = {.has_wildcard = false};
    struct trivet_address other = parsed("10.9.0.0");
    char text[TRIVET_MAX_ADDRESS_TEXT];

    (void) state;

    for (int i = 0; i < TRIVET_MAX_PERMITTED_IPS; i++) {
        (void) snprintf(text, sizeof text, "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(
            trivet_permitted_add(&permitted, trivet_slice_text(text)),
            TRIVET_OK);
    }

    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("10.9.0.0")),
        TRIVET_E_LIMIT);
    assert_int_equal(permitted.num_addresses, TRIVET_MAX_PERMITTED_IPS);
    assert_false(trivet_permitted_has(&permitted, &other));

    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("nonsense")),
        TRIVET_E_MALFORMED);
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("10.0.0.255")),
        TRIVET_OK);
    assert_int_equal(
        trivet_permitted_add(&permitted, trivet_slice_text("*")), TRIVET_OK);
    assert_int_equal(permitted.num_addresses, TRIVET_MAX_PERMITTED_IPS);
}

static void
a_network_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
    static const struct {
        const char *address;
        const char *network;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"},
        {"2001:db8:1:3::", "2001:db8:1:3::"},
        {"::1", "::"},
        {"fe80::1", "fe80::"},
    };
    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_address address;
        struct trivet_address network;
        struct trivet_address found;

        assert_int_equal(
            trivet_address_parse(trivet_slice_text(rows[i].address), &address),
            TRIVET_OK);
        assert_int_equal(
            trivet_address_parse(trivet_slice_text(rows[i].network), &network),
            TRIVET_OK);
        found = trivet_address_network(&address);
        assert_true(trivet_address_equal(&found, &network));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_is_an_ipv4_address_or_an_ipv6_64),
        cmocka_unit_test(whatever_is_not_one_address_is_refused),
        cmocka_unit_test(a_nul_does_not_end_the_text),
        cmocka_unit_test(only_the_slice_is_read),
        cmocka_unit_test(each_address_has_one_usual_text),
        cmocka_unit_test(ipv4_and_its_mapped_form_are_one_address),
        cmocka_unit_test(any_changed_bit_is_another_address),
        cmocka_unit_test(an_empty_list_permits_nobody),
        cmocka_unit_test(an_entry_is_an_address_or_a_star),
        cmocka_unit_test(an_address_is_listed_once_however_it_is_written),
        cmocka_unit_test(a_full_list_takes_only_what_it_has),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
