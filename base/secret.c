/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c - bytes that must not be seen */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include "base/secret.h"

/* Not inlined: with LTO gcc 12 takes a struct's first array for all of it, and
 * warns of what is behind it. */
__attribute__((noinline)) void
trivet_wipe(void *memory, size_t len)
{
    explicit_bzero(memory, len);
}

bool
trivet_ct_equal(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned char difference = 0;

    for (size_t i = 0; i < len; i++) {
        difference |= (unsigned char) (x[i] ^ y[i]);
    }

    return difference == 0;
}
