/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.h - the description of the console's API, made from its table */
#ifndef TRIVET_CLI_OPERATOR_OPENAPI_H
#define TRIVET_CLI_OPERATOR_OPENAPI_H

/* Prints docs/openapi/console.json: OpenAPI 3.1. */
void cli_openapi_print(void);

#endif
