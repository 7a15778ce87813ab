/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp_roots.h - the CA certificates that payment service providers may come
 * from
 *
 * Read once, when the configuration is. Immutable then: any number of threads
 * may verify by them, also of processes that were forked later.
 */
#ifndef TRIVET_CRYPTO_PSP_ROOTS_H
#define TRIVET_CRYPTO_PSP_ROOTS_H

#include "trivet/status.h"

struct trivet_psp_roots;

/* Of a PEM file. TRIVET_E_USAGE: it cannot be read, something in it is broken,
 * or there is no certificate in it. Blocks: it reads the file. */
TRIVET_MUST_USE enum trivet_status trivet_psp_roots_load(
    const char *path, struct trivet_psp_roots **out, struct trivet_error *err);
/* Accepts NULL. */
void trivet_psp_roots_free(struct trivet_psp_roots *roots);

#endif
