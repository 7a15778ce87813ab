/* SPDX-License-Identifier: Apache-2.0 */
/* monetary_account.c - a user's bank account, as lists show it */
#include "core/message/monetary_account.h"

#include <jansson.h>

#include "core/message/list.h"
#include "core/message/json_value.h"

static json_t *
make_amount(const char *value)
{
    return json_pack("{s:s, s:s}", "value", value, "currency", "EUR");
}

void
trivet_list_add_account(
    struct trivet_list *list, const struct trivet_account *account)
{
    trivet_list_add(list,
        json_pack("{s:{s:I, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:o,"
                  " s:o, s:[{s:s, s:s, s:s}], s:[]}}",
            "MonetaryAccountBank", "id", (json_int_t) account->id, "created",
            trivet_json_time(account->created_us), "updated",
            trivet_json_time(account->updated_us), "description", "Main",
            "currency", "EUR", "status", "ACTIVE", "sub_status", "NONE",
            "user_id", (json_int_t) account->user_id, "timezone",
            "europe/amsterdam", "balance", make_amount("0.00"), "daily_limit",
            make_amount("1000.00"), "overdraft_limit", make_amount("0.00"),
            "alias", "type", "IBAN", "value", account->iban, "name",
            account->holder, "notification_filters"));
}
