/* SPDX-License-Identifier: Apache-2.0 */
/* uuid.c - a version 4 UUID from random bytes */
#include "base/uuid.h"

#include "base/encoding.h"

void
trivet_uuid_format(const unsigned char random[16], char out[TRIVET_UUID_SIZE])
{
    unsigned char bytes[16];
    char hex[32];
    size_t o = 0;

    memcpy(bytes, random, sizeof bytes);
    bytes[6] = (unsigned char) ((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80); /* RFC variant */
    trivet_hex_encode(trivet_slice_make(bytes, sizeof bytes), hex);

    for (size_t i = 0; i < sizeof hex; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            out[o++] = '-';
        }
        out[o++] = hex[i];
    }

    out[o] = '\0';
}
