/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pins.c - pins: what is read is written so that it is read again */
#include "client/pins.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_pin pin;
    struct trivet_pin again;
    struct trivet_pin_set set;
    char shown[TRIVET_PIN_DATED_SIZE];
    char list[TRIVET_PIN_LIST_SIZE];
    char *text = malloc(len + 1);

    HOLDS(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';

    if (trivet_pin_parse(text, &pin, NULL) == TRIVET_OK) {
        trivet_pin_format_dated(&pin, shown);
        HOLDS(trivet_pin_parse(shown, &again, NULL) == TRIVET_OK);
        HOLDS(memcmp(&pin, &again, sizeof(pin)) == 0);
        HOLDS(trivet_pin_set_make(&pin, 1, TRIVET_PINS_ENFORCE, &set, NULL)
              == TRIVET_OK);
        trivet_pin_set_format_list(&set, 0, list);
        HOLDS(strlen(list) < sizeof(list));
    }

    free(text);
    return 0;
}
