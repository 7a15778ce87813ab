/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens.h - the tokens that let an operator in at the console
 *
 *   file = *( role " " token " " name LF )
 *   role = "view" / "operate"
 *
 * The file is the owner's alone (0600), and is read anew at each login: what is
 * taken out of it lets nobody in any more. Blocks.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_TOKENS_H
#define TRIVET_AUTHORITY_OPERATOR_TOKENS_H

#include "authority/operator/call.h"
#include "base/secret.h"

struct trivet_console_token {
    enum trivet_operator_role role;
    struct trivet_secret token;
    char name[TRIVET_MAX_OPERATOR];
};

/* A new file with a token of each role, for the operator of that name. */
TRIVET_MUST_USE enum trivet_status trivet_console_tokens_make(
    const char *path, const char *name, struct trivet_error *err);

/* The token of that role. TRIVET_E_NOT_FOUND: the file has none, or there is
 * no file. TRIVET_E_USAGE: it is not the owner's alone. */
TRIVET_MUST_USE enum trivet_status trivet_console_tokens_get(const char *path,
    enum trivet_operator_role role, struct trivet_console_token *out,
    struct trivet_error *err);

/* Whose token it is. TRIVET_E_NOT_FOUND: nobody's. */
TRIVET_MUST_USE enum trivet_status trivet_console_tokens_find(const char *path,
    struct trivet_slice token, struct trivet_console_token *out,
    struct trivet_error *err);

#endif
