/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - an authority's connection to the store */
#include "authority/connection.h"

#include <stdlib.h>

#include "authority/clock.h"
#include "store/noun/audit.h"
#include "store/noun/sandbox.h"
#include "store/noun/server_key.h"
#include "store/store.h"

/* How long it goes on without a look whether the store is still the one. */
#define CURRENT_FOR_US INT64_C(10000)

bool
trivet_authority_takes_chain(const char *name)
{
    return trivet_chain_is_name(name)
           && strcmp(name, TRIVET_CHAIN_OPERATOR) != 0;
}

struct trivet_group *
trivet_authority_make_group(const struct trivet_authority_config *config)
{
    return trivet_group_new(config->store_url, trivet_authority_chain(config));
}

void
trivet_authority_forget_sessions(struct trivet_authority *authority)
{
    for (size_t i = 0;
         authority->cached_sessions != NULL && i < TRIVET_NUM_CACHED_SESSIONS;
         i++)
    {
        authority->cached_sessions[i].is_filled = false;
    }
}

void
trivet_authority_drop_store(struct trivet_authority *authority)
{
    trivet_store_close(authority->store);
    authority->store = NULL;
    authority->has_stored = false;
    trivet_authority_forget_sessions(
        authority); /* another connection counts versions anew */
}

static void
tell_known_keys(const struct trivet_authority *authority)
{
    struct trivet_known_keys *known = authority->config->known_keys;

    if (known == NULL) {
        return;
    }

    for (size_t i = 0; i < authority->config->num_server_keys; i++) {
        atomic_store(&known->ids[i], authority->server_key_ids[i]);
    }
    atomic_store(&known->is_known, true);
}

bool
trivet_authority_take_known_keys(struct trivet_authority *authority)
{
    struct trivet_known_keys *known = authority->config->known_keys;

    if (known == NULL || !atomic_load(&known->is_known)) {
        return false;
    }

    for (size_t i = 0; i < authority->config->num_server_keys; i++) {
        authority->server_key_ids[i] = atomic_load(&known->ids[i]);
    }

    return true;
}

static enum trivet_status
ensure_server_keys(struct trivet_authority *authority, struct trivet_error *err)
{
    const struct trivet_authority_config *config = authority->config;
    int64_t now_us;

    TRIVET_TRY(trivet_authority_take_time(authority, &now_us, err));

    for (size_t i = 0; i < config->num_server_keys; i++) {
        TRIVET_TRY(trivet_store_server_key_ensure(authority->store,
            &config->server_keys[i].public_key, now_us,
            &authority->server_key_ids[i], err));
    }

    tell_known_keys(authority);
    return TRIVET_OK;
}

/* Before anybody is let in. Written once: what is written wakes the others. */
static enum trivet_status
mark_as_sandbox(struct trivet_store *store, struct trivet_error *err)
{
    bool was_sandbox;

    TRIVET_TRY(trivet_store_sandbox_get(store, &was_sandbox, err));

    return was_sandbox ? TRIVET_OK : trivet_store_sandbox_set(store, true, err);
}

static enum trivet_status
open_store(struct trivet_authority *authority, enum trivet_store_mode mode,
    struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(trivet_store_open(
        authority->config->store_url, mode, &authority->store, err));
    trivet_store_act_as_gateway(authority->store, NULL);
    trivet_store_use_chain(
        authority->store, trivet_authority_chain(authority->config));

    status = ensure_server_keys(authority, err);
    if (status == TRIVET_OK && authority->config->is_sandbox) {
        status = mark_as_sandbox(authority->store, err);
    }
    if (status != TRIVET_OK) {
        trivet_authority_drop_store(authority);
    }

    return status;
}

/* A store that failed, or was exchanged, is opened anew: all works again when
 * it is back. */
static enum trivet_status
ensure_store(struct trivet_authority *authority, enum trivet_store_mode mode,
    struct trivet_error *err)
{
    if (authority->store != NULL && !trivet_store_is_current(authority->store))
    {
        trivet_authority_drop_store(authority);
    }

    return authority->store != NULL ? TRIVET_OK
                                    : open_store(authority, mode, err);
}

enum trivet_status
trivet_authority_ensure_store(
    struct trivet_authority *authority, struct trivet_error *err)
{
    return ensure_store(authority, TRIVET_STORE_EXISTING, err);
}

/* A look at the file's name costs a third of a look into it. It is for an event
 * loop: neither to open the store nor to read it may make it wait. */
enum trivet_status
trivet_authority_ensure_store_at_once(
    struct trivet_authority *authority, struct trivet_error *err)
{
    int64_t now_us = trivet_authority_true_us(authority->config);
    int64_t since_us = now_us - authority->looked_us;

    if (authority->store != NULL && since_us >= 0 && since_us < CURRENT_FOR_US)
    {
        return TRIVET_OK;
    }

    TRIVET_TRY(ensure_store(authority, TRIVET_STORE_AT_ONCE, err));
    trivet_store_set_patience(authority->store, TRIVET_STORE_AT_ONCE_MS);
    authority->looked_us = now_us;

    if (authority->cached_sessions == NULL) {
        authority->cached_sessions = calloc(
            TRIVET_NUM_CACHED_SESSIONS, sizeof authority->cached_sessions[0]);
    }

    return authority->cached_sessions == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
}
