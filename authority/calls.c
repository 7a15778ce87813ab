/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - the protocol's own calls: ONE table */
#include "authority/calls.h"

#include <stdio.h>

#include "authority/internal.h"

#define NO_TOKEN     TRIVET_NEEDS_NO_TOKEN
#define INSTALLATION TRIVET_NEEDS_INSTALLATION
#define SESSION      TRIVET_NEEDS_SESSION
#define NEVER        TRIVET_SIGNED_NEVER
#define BY_PROFILE   TRIVET_SIGNED_BY_PROFILE
#define ALWAYS       TRIVET_SIGNED_ALWAYS

/* clang-format off */
static const struct trivet_call calls[] = {
    /* method, path, {token, signature}, writes, sandbox only, handler */
    {"POST",   "/v1/installation", {NO_TOKEN, NEVER}, true, false,
     trivet_handle_installation},
    {"POST",   "/v1/device-server", {INSTALLATION, BY_PROFILE}, true, false,
     trivet_handle_device},
    {"POST",   "/v1/session-server", {INSTALLATION, ALWAYS}, true, false,
     trivet_handle_session},
    {"POST",   "/v1/payment-service-provider-credential",
     {INSTALLATION, BY_PROFILE}, true, false, trivet_handle_psp},
    {"GET",    "/v1/payment-service-provider-credential/{id}",
     {INSTALLATION, BY_PROFILE}, false, false, trivet_handle_psp_get},
    {"DELETE", "/v1/session/{id}", {SESSION, BY_PROFILE}, true, false,
     trivet_handle_logout},
    {"GET",    "/v1/user", {SESSION, BY_PROFILE}, false, false,
     trivet_handle_user_list},
    {"GET",    "/v1/user/{id}", {SESSION, BY_PROFILE}, false, false,
     trivet_handle_user},
    {"POST",   "/v1/sandbox-user-person", {NO_TOKEN, NEVER}, true, true,
     trivet_handle_sandbox_person},
    {"POST",   "/v1/sandbox-user-company", {NO_TOKEN, NEVER}, true, true,
     trivet_handle_sandbox_company},
};
/* clang-format on */

/* Cuts the part up to the next slash off the front of *path. */
static struct trivet_slice
take_part(struct trivet_slice *path)
{
    size_t len = 0;
    struct trivet_slice part;

    while (len < path->len && path->data[len] != '/') {
        len++;
    }

    part = trivet_slice_make(path->data, len);
    *path = trivet_slice_after(*path, len < path->len ? len + 1 : len);

    return part;
}

static bool
fits_path(struct trivet_slice path, const char *pattern_text,
    long long ids[TRIVET_MAX_PATH_IDS])
{
    struct trivet_slice pattern = trivet_slice_text(pattern_text);
    size_t num_ids = 0;

    /* An empty last part is no part to take_part: "/v1/user//" is no call. */
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        return false;
    }

    while (pattern.len > 0 && path.len > 0) {
        struct trivet_slice wanted = take_part(&pattern);
        struct trivet_slice part = take_part(&path);

        if (trivet_slice_is(wanted, "{id}")) {
            if (!trivet_slice_to_id(part, &ids[num_ids++])) {
                return false;
            }
        } else if (!trivet_slice_equal(wanted, part)) {
            return false;
        }
    }

    return pattern.len == 0 && path.len == 0;
}

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

    (void) snprintf(search->allow + len, sizeof search->allow - len, "%s%s",
        len == 0 ? "" : ", ", method);
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
            || !fits_path(path, calls[i].path, ids))
        {
            continue;
        }

        if (fits_method(method, calls[i].method)) {
            out->call = &calls[i];
            memcpy(out->path_ids, ids, sizeof ids);
            return TRIVET_CALL_FOUND;
        }

        add_allowed(out, calls[i].method);
    }

    return out->allow[0] == '\0' ? TRIVET_CALL_NONE : TRIVET_CALL_WRONG_METHOD;
}

struct trivet_rule
trivet_call_rule(const struct trivet_call *call)
{
    return call->rule;
}
