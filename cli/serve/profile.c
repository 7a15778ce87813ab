/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - a profile and its switches on the command line */
#define _DEFAULT_SOURCE
#include "cli/serve/profile.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void
cli_profile_add(
    struct argp_state *state, struct cli_profile *profile, const char *text)
{
    struct trivet_error err;

    if (trivet_profile_set(&profile->values, trivet_slice_text(text), &err)
        != TRIVET_OK)
    {
        argp_error(state, "--switch: %s", err.detail);
        return;
    }

    profile->switches[profile->num_switches++] = text;
}

enum trivet_status
cli_profile_format(const struct cli_profile *profile, char out[CLI_MAX_PROFILE],
    struct trivet_error *err)
{
    size_t len;

    if (trivet_profile_find(trivet_slice_text(profile->name)) == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--profile %s: strict, current, classic and reference are known",
            profile->name);
    }

    len = (size_t) snprintf(out, CLI_MAX_PROFILE, "%s", profile->name);

    for (size_t i = 0; i < profile->num_switches && len < CLI_MAX_PROFILE; i++)
    {
        len += (size_t) snprintf(
            out + len, CLI_MAX_PROFILE - len, " %s", profile->switches[i]);
    }

    return TRIVET_OK;
}

/* NULL, of memory that ran out too, leaves the text out. */
char *
cli_profile_help(int key, const char *text, void *input)
{
    char *help = NULL;
    size_t len = 0;
    FILE *to;

    (void) input;

    if (key != ARGP_KEY_HELP_POST_DOC || text == NULL) {
        return (char *) (uintptr_t) text;
    }

    to = open_memstream(&help, &len);
    if (to == NULL) {
        return NULL;
    }

    (void) fputs(text, to);
    for (size_t i = 0; i < TRIVET_NUM_SWITCHES; i++) {
        char values[TRIVET_MAX_SWITCH_VALUES];

        trivet_switch_values(i, values);
        (void) fprintf(to, "\n  %s=%s: %s", trivet_switch_name(i), values,
            trivet_switch_about(i));
    }

    return fclose(to) == 0 ? help : NULL;
}
