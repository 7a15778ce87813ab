/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - every table of a store, whole, to be copied
 *
 * The nouns' own files read what they need. Here is all there is, in an order
 * in which no row names one that comes later. Of schema_version and the view
 * admissible nothing is to be copied.
 */
#ifndef TRIVET_STORE_NOUN_TABLES_H
#define TRIVET_STORE_NOUN_TABLES_H

#include "store/statement.h"

enum trivet_table_kind {
    TRIVET_TABLE_OF_ROWS,
    TRIVET_TABLE_OF_ONE, /* a row, or one of them, is there from the
                            beginning: each is set                         */
    TRIVET_TABLE_MADE    /* by triggers, from the other tables            */
};

struct trivet_table {
    const char *name;
    enum trivet_table_kind kind;
    const char *columns; /* all, with commas between  */
    size_t num_columns;

    struct trivet_statement read; /* all rows, in an order that is the same in
                                     every database                        */
    struct trivet_statement used; /* a row, when something was written     */

    /* The highest id that was ever given, in SQLite; no text: the database
     * does not give ids there. */
    struct trivet_statement highest;

    /* TRIVET_TABLE_OF_ONE: gives a row other values, those of columns. */
    struct trivet_statement set;
};

enum { TRIVET_NUM_TABLES = 16 };

extern const struct trivet_table trivet_tables[TRIVET_NUM_TABLES];

#endif
