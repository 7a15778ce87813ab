/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - the word that was perhaps meant */
#include "cli/nearest.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_WORD = 32,
    MAX_SLIPS = 2, /* letters that may be wrong */
    MAX_ALL = 256  /* of a message              */
};

/* Letters to add, drop, change or swap with the next: how far a is from b. */
static size_t
distance(const char *a, const char *b)
{
    size_t rows[MAX_WORD + 1][MAX_WORD + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len > MAX_WORD || b_len > MAX_WORD) {
        return MAX_WORD;
    }

    for (size_t i = 0; i <= a_len; i++) {
        for (size_t j = 0; j <= b_len; j++) {
            size_t best;

            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }

            best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = rows[i - 1][j] + 1 < best ? rows[i - 1][j] + 1 : best;
            best = rows[i][j - 1] + 1 < best ? rows[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
                && rows[i - 2][j - 2] + 1 < best)
            {
                best = rows[i - 2][j - 2] + 1;
            }
            rows[i][j] = best;
        }
    }

    return rows[a_len][b_len];
}

const char *
cli_nearest(const char *word, const char *const *names, size_t num_names)
{
    const char *nearest = NULL;
    size_t least = MAX_SLIPS + 1;

    for (size_t i = 0; i < num_names; i++) {
        const char *name = names[i];
        size_t slips = distance(word, name);

        /* The beginning of a name is near, too. */
        if (strlen(word) > 2 && strncmp(word, name, strlen(word)) == 0) {
            slips = 1;
        }
        /* Of short words nothing would be left. */
        if (slips < least && slips < strlen(name) - 1) {
            least = slips;
            nearest = name;
        }
    }

    return nearest;
}

/* "a, b or c" */
static const char *
before_name(size_t i, size_t num_names)
{
    if (i == 0) {
        return "";
    }

    return i + 1 == num_names ? " or " : ", ";
}

void
cli_refuse_word(struct argp_state *state, const char *word,
    const char *const *names, size_t num_names)
{
    const char *nearest = cli_nearest(word, names, num_names);
    char all[MAX_ALL] = "";
    size_t len = 0;

    if (nearest != NULL) {
        argp_error(
            state, "no \"%s\" here; did you mean \"%s\"?", word, nearest);
        return;
    }

    for (size_t i = 0; i < num_names && len < sizeof all - 1; i++) {
        int num = snprintf(all + len, sizeof all - len, "%s%s",
            before_name(i, num_names), names[i]);

        len += num > 0 ? (size_t) num : 0;
    }
    argp_error(state, "%s is needed, not \"%s\"", all, word);
}
