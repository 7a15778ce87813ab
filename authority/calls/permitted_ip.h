/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permitted_ip.h - the permitted addresses of the caller's API keys
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_PERMITTED_IP_H
#define TRIVET_AUTHORITY_CALLS_PERMITTED_IP_H

#include "authority/case.h"

enum trivet_status trivet_handle_permitted_ip_list(struct trivet_case *c);
enum trivet_status trivet_handle_permitted_ip(struct trivet_case *c);
enum trivet_status trivet_prepare_permitted_ip_post(struct trivet_case *c);
enum trivet_status trivet_write_permitted_ip_post(struct trivet_case *c);
enum trivet_status trivet_prepare_permitted_ip_put(struct trivet_case *c);
enum trivet_status trivet_write_permitted_ip_put(struct trivet_case *c);

#endif
