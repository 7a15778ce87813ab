/* SPDX-License-Identifier: Apache-2.0 */
/* answers.h - answers from files do not stand in for the protocol's calls */
#ifndef TRIVET_AUTHORITY_ANSWERS_H
#define TRIVET_AUTHORITY_ANSWERS_H

#include "sandbox/answers/answers.h"

/* TRIVET_E_USAGE: a file would answer one of the protocol's own calls, which
 * the gateway answers itself. Those that only the sandbox has, and that a
 * session may call (its accounts), give way to a file. */
TRIVET_MUST_USE enum trivet_status trivet_calls_check_answers(
    const struct trivet_answers *answers, struct trivet_error *err);

#endif
