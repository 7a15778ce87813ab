/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - refused credentials go into the audit log
 *
 * For the files of authority/ alone.
 */
#ifndef TRIVET_AUTHORITY_AUDIT_H
#define TRIVET_AUTHORITY_AUDIT_H

#include "authority/case.h"

/* Writes a row when the case was refused for a credential. Waits 100 ms for the
 * write lock; a row that cannot be written is counted. */
void trivet_case_audit_refusal(struct trivet_case *c);

#endif
