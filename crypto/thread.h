/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - the end of a thread that used the cryptography */
#ifndef TRIVET_CRYPTO_THREAD_H
#define TRIVET_CRYPTO_THREAD_H

/* Frees what OpenSSL keeps for the calling thread. Call it last, in a thread
 * that the process may not wait for when it exits: OpenSSL's own clean-up at
 * the end of a thread and that at the end of the process get into each other's
 * way. */
void trivet_crypto_thread_stop(void);

#endif
