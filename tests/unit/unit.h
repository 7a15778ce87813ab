/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - what every unit test needs, in the order that cmocka wants */
#ifndef TRIVET_TESTS_UNIT_H
#define TRIVET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
