/* SPDX-License-Identifier: Apache-2.0 */
/* uuid.h - a version 4 UUID (RFC 4122) from random bytes */
#ifndef TRIVET_BASE_UUID_H
#define TRIVET_BASE_UUID_H

enum {
    TRIVET_UUID_LEN = 16, /* bytes */
    TRIVET_UUID_SIZE = 37 /* of the text, with the NUL */
};

void trivet_uuid_format(
    const unsigned char random[TRIVET_UUID_LEN], char out[TRIVET_UUID_SIZE]);

#endif
