/* SPDX-License-Identifier: Apache-2.0 */
/* test_psp_name.c - names in certificates, and the roles in them */
#include "tests/unit/provider.h"

#define CN(text_)                                                              \
    {                                                                          \
        .type = "CN", .text = (text_)                                          \
    }

static const struct part nul_name[] = {
    {.type = "CN", .text = "My PISP\0AISP", .len = 12}};
static const struct part nul_at_end[] = {
    {.type = "CN", .text = "My PISP", .len = 8}};
static const struct part nul_wide[] = {{.type = "CN",
    .text = "\0P\0I\0S\0P\0\0\0x",
    .len = 12,
    .form = V_ASN1_BMPSTRING}};
static const struct part wide_name[] = {{.type = "CN",
    .text = "\0P\0I\0S\0P\0 \0x",
    .len = 12,
    .form = V_ASN1_BMPSTRING}};
static const struct part no_common_name[] = {
    {.type = "O", .text = "PISP AISP"}};
static const struct part twice[] = {CN("PISP"), CN("AISP")};
static const struct part twice_in_one[] = {
    CN("PISP"), {.type = "CN", .text = "AISP", .with_last = true}};
static const struct part two_places[] = {
    CN("PISP"), {.type = "O", .text = "One"}, {.type = "O", .text = "Two"}};
static const struct part two_in_one[] = {CN("PISP"),
    {.type = "O", .text = "One", .with_last = true},
    {.type = "C", .text = "NL"}};
static const struct part two_in_one_turned[] = {{.type = "O", .text = "One"},
    {.type = "CN", .text = "PISP", .with_last = true},
    {.type = "C", .text = "NL"}};
static const struct part one_by_one[] = {
    CN("PISP"), {.type = "O", .text = "One"}, {.type = "C", .text = "NL"}};
static const struct part no_role[] = {CN("A Shop")};
static const struct part small_role[] = {CN("My pisp aisp")};

static void
names_are_taken_or_refused(void **state)
{
    static const struct {
        const struct part *parts;
        size_t num;
        enum trivet_psp_fault fault;
    } rows[] = {
        {plain_name, NUM_PLAIN, TRIVET_PSP_GOOD},
        {NULL, 0, TRIVET_PSP_CERTIFICATE},
        {no_common_name, 1, TRIVET_PSP_CERTIFICATE},
        {nul_name, 1, TRIVET_PSP_CERTIFICATE},
        {nul_at_end, 1, TRIVET_PSP_CERTIFICATE},
        {nul_wide, 1, TRIVET_PSP_CERTIFICATE},
        {wide_name, 1, TRIVET_PSP_GOOD},
        {twice, 2, TRIVET_PSP_CERTIFICATE},
        {twice_in_one, 2, TRIVET_PSP_CERTIFICATE},
        {two_places, 3, TRIVET_PSP_GOOD},
        {two_in_one, 3, TRIVET_PSP_GOOD},
        {two_in_one_turned, 3, TRIVET_PSP_GOOD},
        {one_by_one, 3, TRIVET_PSP_GOOD},
        {no_role, 1, TRIVET_PSP_ROLE},
        {small_role, 1, TRIVET_PSP_ROLE},
    };

    (void) state;

    for (size_t i = 0; i < NUM_OF(rows); i++) {
        if (judge_with(make_provider(rows[i].parts, rows[i].num), NULL, NULL)
            != rows[i].fault)
        {
            fail_msg("row %zu", i);
        }
    }
}

/* The parts of one RDN are a set; RDNs are a sequence. */
static void
an_rdn_of_two_parts_is_another_name_than_two(void **state)
{
    struct trivet_psp one;
    struct trivet_psp turned;
    struct trivet_psp apart;

    (void) state;

    assert_int_equal(
        judge_with(make_provider(two_in_one, 3), NULL, &one), TRIVET_PSP_GOOD);
    assert_int_equal(
        judge_with(make_provider(two_in_one_turned, 3), NULL, &turned),
        TRIVET_PSP_GOOD);
    assert_int_equal(judge_with(make_provider(one_by_one, 3), NULL, &apart),
        TRIVET_PSP_GOOD);

    assert_memory_equal(one.digest, turned.digest, TRIVET_DIGEST_LEN);
    assert_memory_not_equal(one.digest, apart.digest, TRIVET_DIGEST_LEN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_or_refused),
        cmocka_unit_test(an_rdn_of_two_parts_is_another_name_than_two),
    };

    return cmocka_run_group_tests_name(
        "psp_name", tests, provider_begin, provider_end);
}
