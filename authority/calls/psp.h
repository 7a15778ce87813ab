/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp.h - payment service providers' credentials
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_PSP_H
#define TRIVET_AUTHORITY_CALLS_PSP_H

#include "authority/case.h"

enum trivet_status trivet_prepare_psp(struct trivet_case *c);
enum trivet_status trivet_write_psp(struct trivet_case *c);
enum trivet_status trivet_handle_psp_get(struct trivet_case *c);

#endif
