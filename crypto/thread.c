/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - what OpenSSL keeps for a thread */
#include "crypto/thread.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

void
trivet_crypto_thread_stop(void)
{
    OPENSSL_thread_stop();
}

void
trivet_crypto_thread_forget_errors(void)
{
    ERR_clear_error();
}
