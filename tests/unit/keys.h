/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - a public key is read, and OpenSSL's error queue stays empty */
#ifndef TRIVET_TESTS_KEYS_H
#define TRIVET_TESTS_KEYS_H

#include "tests/unit/vector.h"

#include <openssl/err.h>

#include "crypto/key.h"

/* nginx would take an error that we leave behind for its connection's. */
static inline void
assert_queue_is_empty(void)
{
    assert_int_equal(ERR_peek_error(), 0);
}

/* The status of reading a public key. With an error, nothing is written. */
static inline enum trivet_status
parse_public(struct trivet_slice pem)
{
    struct trivet_public_key key = {.der_len = 77};
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status = trivet_public_key_parse(pem, &key, &err);

    assert_queue_is_empty();
    assert_int_equal(err.status, status);
    if (status != TRIVET_OK) {
        assert_int_equal(key.der_len, 77);
        assert_true(err.detail[0] != '\0');
    }
    assert_int_equal(trivet_public_key_parse(pem, &key, NULL), status);

    return status;
}

#endif
