/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - what the sandbox says about a signature that it refused
 *
 * For the files of authority/ alone. Only the refusal's text gains a sentence:
 * the verdict, the status and the error's description are the same with and
 * without it. The work is bounded for each request, and in how often it is
 * done.
 */
#ifndef TRIVET_AUTHORITY_EXPLAIN_H
#define TRIVET_AUTHORITY_EXPLAIN_H

#include "authority/case.h"

/* Adds to a refusal of a signature what was done wrong, in the sandbox. */
void trivet_case_explain(struct trivet_case *c);

#endif
