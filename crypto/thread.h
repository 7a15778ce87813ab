/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - what OpenSSL keeps for a thread */
#ifndef TRIVET_CRYPTO_THREAD_H
#define TRIVET_CRYPTO_THREAD_H

/* Frees what OpenSSL keeps for the calling thread. Call it last, in a thread
 * that the process may not wait for when it exits: OpenSSL's own clean-up at
 * the end of a thread and that at the end of the process get into each other's
 * way. */
void trivet_crypto_thread_stop(void);

/* Drops the errors that a library of others has left in the calling thread's
 * queue: whoever uses OpenSSL next takes them for its own. */
void trivet_crypto_thread_forget_errors(void);

#endif
