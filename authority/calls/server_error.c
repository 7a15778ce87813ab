/* SPDX-License-Identifier: Apache-2.0 */
/* server_error.c - the call that always fails, for clients' own tests */
#include "authority/calls/server_error.h"

enum trivet_status
trivet_handle_server_error(struct trivet_case *c)
{
    return trivet_case_refuse(c, TRIVET_REASON_SERVER_ERROR, NULL);
}
