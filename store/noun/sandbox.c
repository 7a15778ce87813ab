/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - whether a sandbox used this store */
#include "store/noun/sandbox.h"

#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

struct mark {
    int64_t was;
};

static const struct trivet_statement get_sql = {
    .name = "sandbox.get", .sql = "SELECT was FROM sandbox WHERE id = 1"};

static const struct trivet_field fields[] = {
    FIELD(struct mark, was, INTEGER),
};

enum trivet_status
trivet_store_sandbox_get(
    struct trivet_store *store, bool *out, struct trivet_error *err)
{
    struct mark mark;

    TRIVET_TRY(trivet_store_get(store, &get_sql, NULL, 0, fields,
        sizeof fields / sizeof fields[0], &mark, err));

    *out = mark.was != 0;
    return TRIVET_OK;
}

static const struct trivet_statement set_sql = {
    .name = "sandbox.set", .sql = "UPDATE sandbox SET was = $1 WHERE id = 1"};

enum trivet_status
trivet_store_sandbox_set(
    struct trivet_store *store, bool was_sandbox, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(was_sandbox)};

    return RUN(store, &set_sql, params, NULL, NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &get_sql,
    &set_sql,
};
const struct trivet_statements trivet_sandbox_statements =
    TRIVET_STATEMENTS(statements);
