/* SPDX-License-Identifier: Apache-2.0 */
/* reset.c - a sandbox's store as new */
#include "store/noun/reset.h"

#include "store/noun/audit.h"
#include "store/noun/statements.h"
#include "store/transaction.h"

static const struct trivet_statement sessions_sql = {
    .name = "reset.sessions", .sql = "DELETE FROM session"};
static const struct trivet_statement devices_sql = {
    .name = "reset.devices", .sql = "DELETE FROM device"};
static const struct trivet_statement permitted_ips_sql = {
    .name = "reset.permitted-ips", .sql = "DELETE FROM permitted_ip"};
static const struct trivet_statement api_keys_sql = {
    .name = "reset.api-keys", .sql = "DELETE FROM api_key"};
static const struct trivet_statement tokens_sql = {
    .name = "reset.tokens", .sql = "DELETE FROM installation_token"};
static const struct trivet_statement installations_sql = {
    .name = "reset.installations", .sql = "DELETE FROM installation"};
static const struct trivet_statement users_sql = {
    .name = "reset.users", .sql = "DELETE FROM users"};

/* Where several write at once, the others wait: what they make meanwhile would
 * stay, or what they refer to be gone. */
static const struct trivet_statement hold_sql = {.name = "reset.hold",
    .sql = "SELECT 1",
    .sql_of = {
        [TRIVET_DIALECT_POSTGRES] =
            "LOCK TABLE users, installation, installation_token,"
            " api_key, permitted_ip, device, session IN EXCLUSIVE MODE"}};

/* What refers to another comes before it. */
static const struct trivet_statement *const statements[] = {
    &hold_sql,
    &sessions_sql,
    &devices_sql,
    &permitted_ips_sql,
    &api_keys_sql,
    &tokens_sql,
    &installations_sql,
    &users_sql,
};
const struct trivet_statements trivet_reset_statements =
    TRIVET_STATEMENTS(statements);

static enum trivet_status
remove_all(struct trivet_store *store, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_RESET};

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        TRIVET_TRY(
            trivet_store_run(store, statements[i], NULL, 0, NULL, NULL, err));
    }

    return trivet_store_audit_put(store, &entry, now_us, err);
}

enum trivet_status
trivet_store_reset(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = remove_all(store, now_us, err);

    return trivet_store_leave(store, is_own, status, err);
}
