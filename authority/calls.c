/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - the protocol's own calls: ONE table */
#include "authority/calls.h"

#include <stdio.h>

#include "authority/call.h"
#include "authority/calls/account.h"
#include "authority/calls/api_key.h"
#include "authority/calls/device.h"
#include "authority/calls/installation.h"
#include "authority/calls/permitted_ip.h"
#include "authority/calls/pins.h"
#include "authority/calls/psp.h"
#include "authority/calls/server_error.h"
#include "authority/calls/session.h"
#include "authority/calls/user.h"
#include "authority/path.h"

#define NO_TOKEN     TRIVET_NEEDS_NO_TOKEN
#define INSTALLATION TRIVET_NEEDS_INSTALLATION
#define SESSION      TRIVET_NEEDS_SESSION
#define EITHER       TRIVET_NEEDS_EITHER
#define NEVER        TRIVET_SIGNED_NEVER
#define BY_PROFILE   TRIVET_SIGNED_BY_PROFILE
#define ALWAYS       TRIVET_SIGNED_ALWAYS

#define CREDENTIALS "/v1/user/{id}/credential-password-ip"
#define ACCOUNTS    "/v1/user/{id}/monetary-account"

/* clang-format off */
static const struct trivet_protocol_call calls[] = {
    /* method, path, {token, signature}, sandbox only, handler that reads or
     * prepares, handler that writes */
    {"POST",   "/v1/installation", {NO_TOKEN, NEVER}, false,
     trivet_prepare_installation, trivet_write_installation},
    {"GET",    "/v1/installation", {SESSION, BY_PROFILE}, false,
     trivet_handle_installation_list, NULL},
    {"GET",    "/v1/installation/{mine}", {SESSION, BY_PROFILE}, false,
     trivet_handle_installation_one, NULL},
    {"GET",    "/v1/installation/{mine}/server-public-key",
     {SESSION, BY_PROFILE}, false,
     trivet_handle_server_key, NULL},

    {"POST",   "/v1/device-server", {INSTALLATION, BY_PROFILE}, false,
     trivet_prepare_device, trivet_write_device},
    {"GET",    "/v1/device-server", {EITHER, BY_PROFILE}, false,
     trivet_handle_device_list, NULL},
    {"GET",    "/v1/device-server/{id}", {EITHER, BY_PROFILE}, false,
     trivet_handle_device_one, NULL},
    {"GET",    "/v1/device", {SESSION, BY_PROFILE}, false,
     trivet_handle_device_list, NULL},
    {"GET",    "/v1/device/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_device_one, NULL},

    {"POST",   "/v1/session-server", {INSTALLATION, ALWAYS}, false,
     trivet_prepare_session, trivet_write_session},
    {"POST",   "/v1/payment-service-provider-credential",
     {INSTALLATION, BY_PROFILE}, false,
     trivet_prepare_psp, trivet_write_psp},
    {"GET",    "/v1/payment-service-provider-credential/{id}",
     {INSTALLATION, BY_PROFILE}, false,
     trivet_handle_psp_get, NULL},
    {"DELETE", "/v1/session/{id}", {SESSION, BY_PROFILE}, false,
     trivet_prepare_logout, trivet_write_logout},

    {"GET",    "/v1/user", {SESSION, BY_PROFILE}, false,
     trivet_handle_user_list, NULL},
    {"GET",    "/v1/user/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_user, NULL},
    {"GET",    "/v1/user-person/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_person, NULL},
    {"GET",    "/v1/user-company/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_company, NULL},
    {"GET",    "/v1/user-payment-service-provider/{id}",
     {SESSION, BY_PROFILE}, false,
     trivet_handle_provider, NULL},

    {"GET",    CREDENTIALS, {SESSION, BY_PROFILE}, false,
     trivet_handle_api_key_list, NULL},
    {"GET",    CREDENTIALS "/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_api_key, NULL},
    {"GET",    CREDENTIALS "/{id}/ip", {SESSION, BY_PROFILE}, false,
     trivet_handle_permitted_ip_list, NULL},
    {"POST",   CREDENTIALS "/{id}/ip", {SESSION, BY_PROFILE}, false,
     trivet_prepare_permitted_ip_post, trivet_write_permitted_ip_post},
    {"GET",    CREDENTIALS "/{id}/ip/{id}", {SESSION, BY_PROFILE}, false,
     trivet_handle_permitted_ip, NULL},
    {"PUT",    CREDENTIALS "/{id}/ip/{id}", {SESSION, BY_PROFILE}, false,
     trivet_prepare_permitted_ip_put, trivet_write_permitted_ip_put},

    {"GET",    "/v1/trivet/pins", {EITHER, BY_PROFILE}, false,
     trivet_handle_pins, NULL},

    {"POST",   "/v1/server-error", {SESSION, BY_PROFILE}, false,
     trivet_handle_server_error, NULL},

    {"POST",   "/v1/sandbox-user-person", {NO_TOKEN, NEVER}, true,
     trivet_prepare_sandbox_user, trivet_write_sandbox_person},
    {"POST",   "/v1/sandbox-user-company", {NO_TOKEN, NEVER}, true,
     trivet_prepare_sandbox_user, trivet_write_sandbox_company},
    {"POST",   "/v1/sandbox-user-api-key", {NO_TOKEN, NEVER}, true,
     trivet_prepare_sandbox_api_key, trivet_write_sandbox_api_key},
    {"POST",   "/v1/sandbox-user", {NO_TOKEN, NEVER}, true,
     trivet_prepare_sandbox_user, trivet_write_sandbox_person},

    {"GET",    ACCOUNTS, {SESSION, BY_PROFILE}, true,
     trivet_handle_account_list, NULL},
    {"GET",    ACCOUNTS "/{id}", {SESSION, BY_PROFILE}, true,
     trivet_handle_account, NULL},
    {"GET",    ACCOUNTS "-bank", {SESSION, BY_PROFILE}, true,
     trivet_handle_account_list, NULL},
    {"GET",    ACCOUNTS "-bank/{id}", {SESSION, BY_PROFILE}, true,
     trivet_handle_account, NULL},
    {"GET",    ACCOUNTS "-savings", {SESSION, BY_PROFILE}, true,
     trivet_handle_savings_list, NULL},
};
/* clang-format on */

static bool
fits_method(struct trivet_slice method, const char *wanted)
{
    return trivet_slice_is(method, wanted)
           || (trivet_slice_is(method, "HEAD") && strcmp(wanted, "GET") == 0);
}

static void
add_allowed(struct trivet_call_search *search, const char *method)
{
    size_t len = strlen(search->allow);
    const char *comma = len == 0 ? "" : ", ";

    (void) snprintf(
        search->allow + len, sizeof search->allow - len, "%s%s", comma, method);
}

bool
trivet_call_stands_in(const struct trivet_protocol_call *call)
{
    return call->is_sandbox_only && call->rule.token == TRIVET_NEEDS_SESSION;
}

enum trivet_call_match
trivet_call_find(struct trivet_slice method, struct trivet_slice path,
    bool is_sandbox, struct trivet_call_search *out)
{
    if (path.len > 1 && path.data[path.len - 1] == '/') {
        path.len--;
    }

    memset(out, 0, sizeof *out);

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        long long ids[TRIVET_MAX_PATH_IDS] = {0};

        if ((calls[i].is_sandbox_only && !is_sandbox)
            || !trivet_path_matches(path, calls[i].path, ids))
        {
            continue;
        }

        if (fits_method(method, calls[i].method)) {
            out->allow[0] = '\0';
            out->call = &calls[i];
            memcpy(out->path_ids, ids, sizeof ids);
            return TRIVET_CALL_FOUND;
        }

        if (!trivet_call_stands_in(&calls[i])) {
            add_allowed(out, calls[i].method);
        }
    }

    return out->allow[0] == '\0' ? TRIVET_CALL_NONE : TRIVET_CALL_WRONG_METHOD;
}

struct trivet_rule
trivet_call_rule(const struct trivet_protocol_call *call)
{
    return call->rule;
}

void
trivet_call_path(const struct trivet_protocol_call *call,
    const long long ids[TRIVET_MAX_PATH_IDS], char out[TRIVET_MAX_CALL_PATH])
{
    trivet_path_write(call->path, ids, out);
}

size_t
trivet_call_num(void)
{
    return sizeof calls / sizeof calls[0];
}

size_t
trivet_call_index(const struct trivet_protocol_call *call)
{
    return (size_t) (call - calls);
}

void
trivet_call_name(size_t index, const char **out_method, const char **out_path)
{
    *out_method = calls[index].method;
    *out_path = calls[index].path;
}
