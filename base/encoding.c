/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.c - base64 and hex, strict */
#include "base/encoding.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a character and 1, or 0: none. What is behind the table is none
 * either. */
/* clang-format off */
static const unsigned char values[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 63,  0,  0,  0, 64,
    53, 54, 55, 56, 57, 58, 59, 60, 61, 62,  0,  0,  0,  0,  0,  0,
     0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,  0,  0,  0,  0,  0,
     0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,  0,  0,  0,  0,  0,
};
/* clang-format on */

/* The bits of four characters, the last num_padding of which count for none;
 * false when one is no base64. */
static bool
read_group(const unsigned char *text, size_t num_padding, uint32_t *out)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        unsigned value = i >= 4 - num_padding ? 1 : values[text[i]];

        if (value == 0) {
            return false;
        }
        group = group << 6 | (value - 1);
    }

    *out = group;
    return true;
}

size_t
trivet_base64_encode(struct trivet_slice in, char *out)
{
    size_t o = 0;

    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t group = (uint32_t) in.data[i] << 16;

        if (left > 1) {
            group |= (uint32_t) in.data[i + 1] << 8;
        }
        if (left > 2) {
            group |= in.data[i + 2];
        }

        out[o++] = alphabet[group >> 18];
        out[o++] = alphabet[group >> 12 & 63];
        out[o++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
        out[o++] = left > 2 ? alphabet[group & 63] : '=';
    }

    return o;
}

enum trivet_status
trivet_base64_decode(
    struct trivet_slice text, unsigned char *out, size_t cap, size_t *out_len)
{
    size_t num_padding = 0;
    size_t len;
    size_t o = 0;

    if (text.len % 4 != 0) {
        return TRIVET_E_MALFORMED;
    }

    while (num_padding < 2 && num_padding < text.len
           && text.data[text.len - 1 - num_padding] == '=')
    {
        num_padding++;
    }

    len = text.len / 4 * 3 - num_padding;
    if (len > cap) {
        return TRIVET_E_LIMIT;
    }

    for (size_t i = 0; i < text.len; i += 4) {
        bool is_last = i + 4 == text.len;
        uint32_t group;

        if (!read_group(text.data + i, is_last ? num_padding : 0, &group)) {
            return TRIVET_E_MALFORMED;
        }

        for (int shift = 16; shift >= 0; shift -= 8) {
            unsigned char byte = (unsigned char) (group >> shift);

            if (o < len) {
                out[o++] = byte;
            } else if (byte != 0) {
                return TRIVET_E_MALFORMED; /* bits behind the end */
            }
        }
    }

    *out_len = len;
    return TRIVET_OK;
}

void
trivet_hex_encode(struct trivet_slice in, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < in.len; i++) {
        out[2 * i] = digits[in.data[i] >> 4];
        out[2 * i + 1] = digits[in.data[i] & 15];
    }
}
