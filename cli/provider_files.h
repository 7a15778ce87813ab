/* SPDX-License-Identifier: Apache-2.0 */
/* provider_files.h - a payment service provider's files in its folder: what
 * "trivet sandbox provider" writes, and "trivet login --psp" reads */
#ifndef TRIVET_CLI_PROVIDER_FILES_H
#define TRIVET_CLI_PROVIDER_FILES_H

#define CLI_PROVIDER_CERTIFICATE "certificate.pem"
#define CLI_PROVIDER_CHAIN       "chain.pem"
#define CLI_PROVIDER_KEY         "key.pem"

#endif
