/* SPDX-License-Identifier: Apache-2.0 */
/* account.c - the sandbox's one bank account of a user */
#include "sandbox/account.h"

#include <stdio.h>
#include <stdbool.h>
#include <string.h>

/* Users and accounts have numbers of their own; they must not be taken for one
 * another just because both began at 1. */
#define FIRST_ACCOUNT INT64_C(1000000)

/* Ten digits, as Dutch account numbers have. */
#define FIRST_NUMBER INT64_C(2025000000)
#define NUM_NUMBERS  INT64_C(10000000000)

/* ISO 13616: the text modulo 97, a letter counting as two digits from 10. */
static int
modulo_97(const char *text)
{
    int rest = 0;

    for (const char *p = text; *p != '\0'; p++) {
        bool is_digit = *p >= '0' && *p <= '9';
        int value = is_digit ? *p - '0' : *p - 'A' + 10;

        rest = (rest * (is_digit ? 10 : 100) + value) % 97;
    }

    return rest;
}

static void
write_iban(int64_t number, char out[TRIVET_IBAN_SIZE])
{
    char turned[TRIVET_IBAN_SIZE];
    unsigned check;

    (void) snprintf(
        turned, sizeof turned, "BUNQ%010lldNL00", (long long) number);
    check = (unsigned) (98 - modulo_97(turned)) % 100;
    (void) snprintf(
        out, TRIVET_IBAN_SIZE, "NL%02uBUNQ%010lld", check, (long long) number);
}

void
trivet_account_of(const struct trivet_user *user, struct trivet_account *out)
{
    int64_t offset = user->id % NUM_NUMBERS;

    memset(out, 0, sizeof *out);
    out->id = user->id < INT64_MAX - FIRST_ACCOUNT ? FIRST_ACCOUNT + user->id
                                                   : INT64_MAX;
    out->user_id = user->id;
    out->created_us = user->created_us;
    out->updated_us = user->updated_us;
    memcpy(out->holder, user->display_name, sizeof out->holder);

    if (offset < 0) {
        offset = 0;
    }
    write_iban((FIRST_NUMBER + offset) % NUM_NUMBERS, out->iban);
}
