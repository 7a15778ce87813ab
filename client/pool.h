/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - the workers of a context: one for each thread that calls
 */
#ifndef TRIVET_CLIENT_POOL_H
#define TRIVET_CLIENT_POOL_H

#include "client/context.h"
#include "client/worker.h"

/* A worker made of the present record, for this thread until it is released.
 * Blocks: when the file has to be read. */
TRIVET_MUST_USE enum trivet_status trivet_pool_acquire(
    struct trivet_context *context, struct trivet_worker **out,
    struct trivet_error *err);

/* Keeps the worker for the next call. When it has learned that the server
 * speaks the other form of signatures, that is written to the file, if it can
 * be. Blocks: when the file is written. */
void trivet_pool_release(
    struct trivet_context *context, struct trivet_worker *worker);

#endif
