/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - removing what nobody uses any more */
#include "authority/operator/calls/calls.h"

#include "authority/operator/json.h"
#include "authority/operator/prune.h"

const struct trivet_operator_field trivet_pruned_fields[] = {
    {.name = "installations", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "sessions", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "api_keys", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "is_dry_run",
        .type = TRIVET_TYPE_FLAG,
        .meaning = "they were counted, not removed"},
    {.name = NULL},
};

static void
take_age(
    const struct trivet_operation *operation, const char *name, int64_t *age)
{
    if (trivet_operation_has(operation, name)) {
        *age = trivet_operation_integer(operation, name);
    }
}

static struct trivet_prune_ages
take_ages(const struct trivet_operation *operation)
{
    struct trivet_prune_ages ages = trivet_prune_ages_default;

    take_age(operation, "installations", &ages.installations_s);
    take_age(operation, "sessions", &ages.sessions_s);
    take_age(operation, "api_keys", &ages.api_keys_s);
    return ages;
}

static enum trivet_status
show(struct trivet_operation *operation, const struct trivet_pruned *pruned,
    bool is_dry)
{
    return trivet_operation_add(operation,
        json_pack("{s:I, s:I, s:I, s:b}", "installations",
            (json_int_t) pruned->num_installations, "sessions",
            (json_int_t) pruned->num_sessions, "api_keys",
            (json_int_t) pruned->num_api_keys, "is_dry_run", (int) is_dry));
}

/* Not the latest time that was seen (authority/operator/prune.h). */
enum trivet_status
trivet_operator_prune_count(struct trivet_operation *operation)
{
    const struct trivet_prune_ages ages = take_ages(operation);
    struct trivet_pruned pruned = {0};

    TRIVET_TRY(trivet_store_prune_count(operation->store, &ages,
        operation->clock_us(), &pruned, operation->err));

    return show(operation, &pruned, true);
}

enum trivet_status
trivet_operator_prune_run(struct trivet_operation *operation)
{
    const struct trivet_prune_ages ages = take_ages(operation);
    struct trivet_pruned pruned = {0};

    TRIVET_TRY(trivet_operator_prune(
        operation->store, &ages, operation->clock_us, &pruned, operation->err));

    return show(operation, &pruned, false);
}
