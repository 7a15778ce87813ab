/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_certificate.c - certificates of `trivet serve`, in PEM */
#include "crypto/tls_certificate.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_address address =
        trivet_address_from_ipv4((const unsigned char[]){127, 0, 0, 2});
    char *text = malloc(len + 1);

    HOLDS(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';

    /* One that names an address is good without that question, too. */
    if (trivet_certificate_is_good(text, &address)) {
        HOLDS(trivet_certificate_is_good(text, NULL));
    }

    free(text);
    return 0;
}
