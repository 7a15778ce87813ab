/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment.h - sandbox, production, or a gateway: names and base URLs
 *
 * Texts are static. Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_ENVIRONMENT_H
#define TRIVET_CLIENT_ENVIRONMENT_H

#include "trivet/client.h"

/* The base URL of sandbox and production; "" for the others. */
const char *trivet_environment_url(enum trivet_environment environment);

/* For people, such as "sandbox". */
const char *trivet_environment_name(enum trivet_environment environment);

/* The "environment_type" of a context file: "SANDBOX" or "PRODUCTION". */
const char *trivet_environment_type(enum trivet_environment environment);

/* The environment of that type. TRIVET_E_NOT_FOUND: there is none. */
TRIVET_MUST_USE enum trivet_status trivet_environment_of_type(
    const char *type, enum trivet_environment *out);

#endif
