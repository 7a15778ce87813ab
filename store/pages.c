/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c - the nouns of the store as their owners see them, page by page */
#include "store/pages.h"

#include "store/internal.h"

/* The caller's function and what it wants handed back. One member is set. */
struct paging {
    trivet_device_item_fn on_device;
    trivet_credential_item_fn on_credential;
    trivet_permitted_ip_item_fn on_ip;
    void *user;
    struct trivet_page_seen *seen;
};

static enum trivet_status
run_page(struct trivet_store *store, enum trivet_statement statement,
    int64_t owner, const struct trivet_page *page, trivet_row_fn on_row,
    struct paging *paging, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(owner),
        trivet_value_integer(page->newer_id),
        trivet_value_integer(page->older_id),
        trivet_value_integer(page->newer_id >= 0),
        trivet_value_integer(page->count)};
    enum trivet_status status;

    memset(paging->seen, 0, sizeof *paging->seen);
    status = trivet_store_run(store, statement, params,
        sizeof params / sizeof params[0], on_row, paging, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* ends: the two columns behind the row's own. */
static void
see(const struct paging *paging, int64_t id, const struct trivet_value *ends)
{
    paging->seen->newest_id = ends[0].integer;
    paging->seen->oldest_id = ends[1].integer;
    trivet_page_see(paging->seen, id);
}

static void
give_device(void *opaque, const struct trivet_value *columns)
{
    const struct paging *paging = opaque;
    struct trivet_device device = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .is_blocked = columns[4].kind != TRIVET_VALUE_NULL,
    };

    trivet_column_text(
        &columns[2], device.description, sizeof device.description);
    trivet_column_address(&columns[3], &device.address);
    see(paging, device.id, &columns[5]);
    paging->on_device(paging->user, &device);
}

enum trivet_status
trivet_store_user_devices(struct trivet_store *store, int64_t user_id,
    const struct trivet_page *page, trivet_device_item_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct paging paging = {.on_device = on_row, .user = user, .seen = seen};

    return run_page(store, TRIVET_SQL_DEVICE_PAGE_OF_USER, user_id, page,
        give_device, &paging, err);
}

enum trivet_status
trivet_store_installation_devices(struct trivet_store *store,
    int64_t installation_id, const struct trivet_page *page,
    trivet_device_item_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err)
{
    struct paging paging = {.on_device = on_row, .user = user, .seen = seen};

    return run_page(store, TRIVET_SQL_DEVICE_PAGE_OF_INSTALLATION,
        installation_id, page, give_device, &paging, err);
}

/* Of the columns bound_us and revoked_us. */
static enum trivet_credential_status
credential_status(const struct trivet_value columns[2])
{
    if (columns[1].kind != TRIVET_VALUE_NULL) {
        return TRIVET_CREDENTIAL_REVOKED;
    }

    return columns[0].kind != TRIVET_VALUE_NULL ? TRIVET_CREDENTIAL_ACTIVE
                                                : TRIVET_CREDENTIAL_PENDING;
}

static void
give_credential(void *opaque, const struct trivet_value *columns)
{
    const struct paging *paging = opaque;
    struct trivet_credential credential = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .updated_us = columns[2].integer,
        .expires_us = columns[3].integer,
        .status = credential_status(&columns[4]),
        .bound.id = columns[6].integer,
        .bound.created_us = columns[7].integer,
    };

    trivet_column_text(&columns[8], credential.bound.description,
        sizeof credential.bound.description);
    trivet_column_address(&columns[9], &credential.bound.address);
    see(paging, credential.id, &columns[10]);
    paging->on_credential(paging->user, &credential);
}

enum trivet_status
trivet_store_credentials(struct trivet_store *store, int64_t user_id,
    const struct trivet_page *page, trivet_credential_item_fn on_row,
    void *user, struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct paging paging = {
        .on_credential = on_row, .user = user, .seen = seen};

    return run_page(store, TRIVET_SQL_CREDENTIAL_PAGE, user_id, page,
        give_credential, &paging, err);
}

static void
give_ip(void *opaque, const struct trivet_value *columns)
{
    const struct paging *paging = opaque;
    struct trivet_permitted_ip ip = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .updated_us = columns[2].integer,
        .is_active = columns[4].integer != 0,
    };

    trivet_column_address(&columns[3], &ip.address);
    see(paging, ip.id, &columns[5]);
    paging->on_ip(paging->user, &ip);
}

enum trivet_status
trivet_store_permitted_ips(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_page *page, trivet_permitted_ip_item_fn on_row,
    void *user, struct trivet_page_seen *seen, struct trivet_error *err)
{
    struct paging paging = {.on_ip = on_row, .user = user, .seen = seen};

    return run_page(store, TRIVET_SQL_PERMITTED_IP_PAGE, api_key_id, page,
        give_ip, &paging, err);
}
