/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decrypting.h - the body of an admitted request, when it is encrypted
 *
 * For the files of authority/ alone. Blocks when the server key is in hardware,
 * or the body in a file.
 */
#ifndef TRIVET_AUTHORITY_DECRYPTING_H
#define TRIVET_AUTHORITY_DECRYPTING_H

#include "authority/case.h"

/*
 * Decrypts the body with the server key of the caller's installation, and fills
 * answer->client_key: the answer is to be encrypted as well. A plain body stays
 * as it is. Refuses when the rule asks for the other, and when what came cannot
 * be decrypted.
 */
TRIVET_MUST_USE enum trivet_status trivet_case_decrypt(struct trivet_case *c);

#endif
