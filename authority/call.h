/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.h - one of the protocol's own calls: what a row of calls.c holds
 *
 * For the files of authority/ alone; others use calls.h.
 */
#ifndef TRIVET_AUTHORITY_CALL_H
#define TRIVET_AUTHORITY_CALL_H

#include "authority/case.h"

/* A part of an admitted call: fills the answer's body, or refuses. Anything but
 * TRIVET_OK is the machine's failure. */
typedef enum trivet_status (*trivet_handler_fn)(struct trivet_case *c);

struct trivet_protocol_call {
    const char *method;
    /* "{id}" stands for a number, "{mine}" for a number or "_". */
    const char *path;
    struct trivet_rule rule;
    bool is_sandbox_only;

    /*
     * A call that reads: answers. One that writes: makes ready what `write`
     * needs (c->prepared), or refuses; it may read the store, and takes its
     * time for parsing, cryptography and files: nobody waits for it.
     */
    trivet_handler_fn handle;
    /*
     * NULL for a call that reads. Else it answers, or refuses, within the one
     * writer's turn: all others that write wait for it. So it holds nothing but
     * the store's verbs, decisions over what they found, and the short answer.
     */
    trivet_handler_fn write;
};

#endif
