/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h - step 2: registering a device, and which devices there are
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_DEVICE_H
#define TRIVET_AUTHORITY_CALLS_DEVICE_H

#include "authority/case.h"

enum trivet_status trivet_prepare_device(struct trivet_case *c);
enum trivet_status trivet_write_device(struct trivet_case *c);
enum trivet_status trivet_handle_device_list(struct trivet_case *c);
enum trivet_status trivet_handle_device_one(struct trivet_case *c);

#endif
