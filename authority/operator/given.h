/* SPDX-License-Identifier: Apache-2.0 */
/* given.h - what a request over HTTP gives to an operator's call */
#ifndef TRIVET_AUTHORITY_OPERATOR_GIVEN_H
#define TRIVET_AUTHORITY_OPERATOR_GIVEN_H

#include "authority/operator/answer.h"

/*
 * *out: the object that the call is given; the caller's, also on failure (NULL:
 * none). page: what is asked for of a list. Whether the fields are right is not
 * looked at, but for what a text must be to become a number or a flag.
 *
 * TRIVET_E_USAGE: not JSON, no object, a field twice, a query that cannot be
 * read.
 */
TRIVET_MUST_USE enum trivet_status trivet_given_read(
    const struct trivet_operator_call *call,
    const struct trivet_operator_request *request, json_t **out,
    struct trivet_page *page, struct trivet_error *err);

/* The fields as a query, each followed by "&"; "" when there is no room. */
void trivet_given_write_query(const struct trivet_operator_call *call,
    const json_t *given, char *out, size_t cap);

#endif
