/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - the bodies of the calls that show things: one, or a page */
#include "core/message/list.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "core/message/parts.h"

struct trivet_list {
    json_t *elements;
    bool is_broken; /* one of them could not be made */
};

struct trivet_list *
trivet_list_new(void)
{
    struct trivet_list *list = malloc(sizeof *list);

    if (list != NULL) {
        list->elements = json_array();
        list->is_broken = list->elements == NULL;
    }

    return list;
}

void
trivet_list_free(struct trivet_list *list)
{
    if (list != NULL) {
        json_decref(list->elements);
        free(list);
    }
}

/* Takes the element over. */
static void
add(struct trivet_list *list, json_t *element)
{
    if (json_array_append_new(list->elements, element) != 0) {
        list->is_broken = true;
    }
}

static json_t *
make_time(int64_t at_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(at_us, text);

    return json_string(text);
}

static json_t *
make_address(const struct trivet_address *address)
{
    char text[TRIVET_MAX_ADDRESS_TEXT];

    trivet_address_format(address, text);

    return json_string(text);
}

void
trivet_list_add_id(struct trivet_list *list, int64_t id)
{
    add(list, trivet_message_make_id(id));
}

void
trivet_list_add_server_key(struct trivet_list *list, const char *pem)
{
    add(list,
        json_pack("{s:{s:s}}", "ServerPublicKey", "server_public_key", pem));
}

void
trivet_list_add_user(struct trivet_list *list, const struct trivet_user *user)
{
    add(list, trivet_message_make_user(user));
}

void
trivet_list_add_device(
    struct trivet_list *list, const struct trivet_device *device)
{
    add(list,
        json_pack("{s:{s:I, s:o, s:o, s:o, s:s, s:s}}", "DeviceServer", "id",
            (json_int_t) device->id, "created", make_time(device->created_us),
            "updated", make_time(device->created_us), "ip",
            make_address(&device->address), "description", device->description,
            "status", device->is_blocked ? "BLOCKED" : "ACTIVE"));
}

/* {"description":..,"ip":..} of the device that bound the key, or null. */
static json_t *
make_permitted_device(const struct trivet_device *bound)
{
    if (bound->id == 0) {
        return json_null();
    }

    return json_pack("{s:s, s:o}", "description", bound->description, "ip",
        make_address(&bound->address));
}

/* token_value would be the API key: only its digest is kept, so none is shown.
 */
void
trivet_list_add_credential(
    struct trivet_list *list, const struct trivet_credential *credential)
{
    static const char *const statuses[] = {
        [TRIVET_CREDENTIAL_PENDING] = "PENDING_FIRST_USE",
        [TRIVET_CREDENTIAL_ACTIVE] = "ACTIVE",
        [TRIVET_CREDENTIAL_REVOKED] = "INACTIVE",
    };
    bool is_pending = credential->status == TRIVET_CREDENTIAL_PENDING;

    add(list, json_pack("{s:{s:I, s:o, s:o, s:s, s:o, s:n, s:o}}",
                  "CredentialPasswordIp", "id", (json_int_t) credential->id,
                  "created", make_time(credential->created_us), "updated",
                  make_time(credential->updated_us), "status",
                  statuses[credential->status], "expiry_time",
                  is_pending ? make_time(credential->expires_us) : json_null(),
                  "token_value", "permitted_device",
                  make_permitted_device(&credential->bound)));
}

void
trivet_list_add_permitted_ip(
    struct trivet_list *list, const struct trivet_permitted_ip *ip)
{
    add(list, json_pack("{s:{s:I, s:o, s:o, s:o, s:s}}", "PermittedIp", "id",
                  (json_int_t) ip->id, "created", make_time(ip->created_us),
                  "updated", make_time(ip->updated_us), "ip",
                  make_address(&ip->address), "status",
                  ip->is_active ? "ACTIVE" : "INACTIVE"));
}

static json_t *
make_amount(const char *value)
{
    return json_pack("{s:s, s:s}", "value", value, "currency", "EUR");
}

/* Every field that a known client reads, none null. */
void
trivet_list_add_account(
    struct trivet_list *list, const struct trivet_account *account)
{
    add(list,
        json_pack("{s:{s:I, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:o,"
                  " s:o, s:[{s:s, s:s, s:s}], s:[]}}",
            "MonetaryAccountBank", "id", (json_int_t) account->id, "created",
            make_time(account->created_us), "updated",
            make_time(account->updated_us), "description", "Main", "currency",
            "EUR", "status", "ACTIVE", "sub_status", "NONE", "user_id",
            (json_int_t) account->user_id, "timezone", "europe/amsterdam",
            "balance", make_amount("0.00"), "daily_limit",
            make_amount("1000.00"), "overdraft_limit", make_amount("0.00"),
            "alias", "type", "IBAN", "value", account->iban, "name",
            account->holder, "notification_filters"));
}

static json_t *
make_url(const char *url)
{
    return url[0] == '\0' ? json_null() : json_string(url);
}

struct trivet_body
trivet_list_body(
    const struct trivet_list *list, const struct trivet_page_urls *urls)
{
    if (list->is_broken) {
        return (struct trivet_body){NULL, 0};
    }
    if (urls == NULL) {
        return trivet_message_dump(
            json_pack("{s:O}", "Response", list->elements));
    }

    return trivet_message_dump(
        json_pack("{s:O, s:{s:o, s:o, s:o}}", "Response", list->elements,
            "Pagination", "future_url", make_url(urls->future), "newer_url",
            make_url(urls->newer), "older_url", make_url(urls->older)));
}
