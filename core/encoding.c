/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.c - base64 and hex, strict */
#include "core/encoding.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of one character, or -1. */
static int
value_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    if (c == '/') {
        return 63;
    }

    return -1;
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
        uint32_t group = 0;

        for (size_t j = i; j < i + 4; j++) {
            int value =
                j >= text.len - num_padding ? 0 : value_of(text.data[j]);

            if (value < 0) {
                return TRIVET_E_MALFORMED;
            }

            group = group << 6 | (uint32_t) value;
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
