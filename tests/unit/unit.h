/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - what every unit test needs, in the order that cmocka wants */
#ifndef TRIVET_TESTS_UNIT_H
#define TRIVET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka 2 warns of the name that cmocka 1 has. Its twin for unsigned numbers
 * turns them into signed ones and back. */
#ifdef assert_int_in_range
#undef assert_in_range
#define assert_in_range assert_int_in_range
#endif

#endif
