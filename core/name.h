/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - names that are shown to people: of users, of API keys
 */
#ifndef TRIVET_CORE_NAME_H
#define TRIVET_CORE_NAME_H

#include <stdbool.h>

/* Whether text is UTF-8 of less than TRIVET_MAX_NAME bytes without control
 * characters. It may be empty. False, too, when memory ran out. */
bool trivet_name_is_valid(const char *text);

#endif
