/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - removing what nobody uses any more, beside those who write */
#include "authority/connection.h"
#include "store/noun/audit.h"
#include "store/noun/prune.h"

static enum trivet_status
prune_in_group(struct trivet_authority *authority, int64_t now_us,
    const struct trivet_prune_ages *ages, int64_t max_each,
    struct trivet_pruned *out, struct trivet_error *err)
{
    struct trivet_group *group = authority->config->group;
    struct trivet_store *store;
    enum trivet_status status;

    TRIVET_TRY(trivet_group_enter(group, &store, err));
    trivet_store_act_as_gateway(store, NULL);
    status = trivet_store_prune(store, ages, max_each, now_us, out, err);

    return trivet_group_leave(group, status, true, err);
}

enum trivet_status
trivet_authority_prune(struct trivet_authority *authority,
    const struct trivet_prune_ages *ages, int64_t max_each,
    struct trivet_pruned *out, struct trivet_error *err)
{
    const struct trivet_authority_config *config = authority->config;
    struct trivet_pruned found;
    /* By the clock, not by the later time of clock.c: what is removed cannot be
     * had back when that turns out to have been wrong. */
    int64_t now_us = config->now_us()
                     + (config->offset_us == NULL ? 0 : config->offset_us());

    TRIVET_TRY(trivet_authority_ensure_store(authority, err));

    /* Mostly there is nothing: then nobody's turn is taken. */
    TRIVET_TRY(
        trivet_store_prune_look(authority->store, ages, now_us, &found, err));
    if (trivet_pruned_is_nothing(&found)) {
        *out = found;
        return TRIVET_OK;
    }

    if (authority->config->group != NULL) {
        return prune_in_group(authority, now_us, ages, max_each, out, err);
    }

    trivet_store_act_as_gateway(authority->store, NULL);
    return trivet_store_prune(
        authority->store, ages, max_each, now_us, out, err);
}
