/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - the word that was perhaps meant */
#ifndef TRIVET_CLI_NEAREST_H
#define TRIVET_CLI_NEAREST_H

#include <argp.h>
#include <stddef.h>

/* The nearest word of names; NULL: none is near. */
const char *cli_nearest(
    const char *word, const char *const *names, size_t num_names);

/* A wrong usage: word is none of names. Says which is meant perhaps, or which
 * there are, and ends the program. */
void cli_refuse_word(struct argp_state *state, const char *word,
    const char *const *names, size_t num_names);

#endif
