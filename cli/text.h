/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - which of two texts is shown
 *
 * All texts are borrowed: what comes back is one of the arguments, or "", and
 * is never to be freed. Any thread.
 */
#ifndef TRIVET_CLI_TEXT_H
#define TRIVET_CLI_TEXT_H

#include <stdbool.h>

/* text; otherwise (never NULL), when text is NULL or empty. */
const char *cli_text_or(const char *text, const char *otherwise);

/* text (never NULL) when is_shown; else "". */
const char *cli_text_if(bool is_shown, const char *text);

/* yes when is_so; else no. */
const char *cli_text_of(bool is_so, const char *yes, const char *no);

#endif
