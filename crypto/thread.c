/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - the end of a thread that used the cryptography */
#include "crypto/thread.h"

#include <openssl/crypto.h>

void
trivet_crypto_thread_stop(void)
{
    OPENSSL_thread_stop();
}
