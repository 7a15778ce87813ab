/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.c - the switches of the protocol: ONE table, and their presets
 *
 * trivet-profiles(7) is made from both by tools/profiles-page, which knows how
 * the names of the words are built: TRIVET_<SWITCH>_<WORD>.
 */
#include "core/profile.h"

#include <stddef.h>
#include <stdio.h>

#include "core/limits.h"
#include "core/reason.h"

/* clang-format off */
#define COMMON                                                                 \
    .ipv6 = TRIVET_IPV6_ON,                                                    \
    .request_id = TRIVET_REQUEST_ID_ANY,                                       \
    .headers = TRIVET_HEADERS_LENIENT, .sessions = TRIVET_SESSIONS_UNLIMITED,  \
    .dead_session = TRIVET_DEAD_SESSION_401, .slashes = TRIVET_SLASHES_ESCAPED

static const struct trivet_profile presets[TRIVET_NUM_PRESETS] = {
    {.name = "strict", COMMON,
     .sign_errors = TRIVET_SIGN_ERRORS_ALL,
     .signatures = TRIVET_SIGNATURES_ALL,
     .signing = TRIVET_SIGNING_BODY,
     .response_signing = TRIVET_RESPONSE_SIGNING_BODY,
     .extend_window_s = 1800, .extend_cap_s = 0,
     .wildcard = TRIVET_WILDCARD_ON,
     .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_IGNORED,
     .psp_root = TRIVET_PSP_ROOT_ANYWHERE},
    {.name = "current", COMMON,
     .sign_errors = TRIVET_SIGN_ERRORS_ON,
     .signatures = TRIVET_SIGNATURES_REQUIRED,
     .signing = TRIVET_SIGNING_BODY,
     .response_signing = TRIVET_RESPONSE_SIGNING_BODY,
     .extend_window_s = 1800, .extend_cap_s = 0,
     .wildcard = TRIVET_WILDCARD_FIRST,
     .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_REFUSED,
     .psp_root = TRIVET_PSP_ROOT_LAST},
    {.name = "classic", COMMON,
     .sign_errors = TRIVET_SIGN_ERRORS_ON,
     .signatures = TRIVET_SIGNATURES_ALL,
     .signing = TRIVET_SIGNING_FULL,
     .response_signing = TRIVET_RESPONSE_SIGNING_FULL,
     .extend_window_s = 1800, .extend_cap_s = 0,
     .wildcard = TRIVET_WILDCARD_ON,
     .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_IGNORED,
     .psp_root = TRIVET_PSP_ROOT_ANYWHERE},
    {.name = "reference", COMMON,
     .sign_errors = TRIVET_SIGN_ERRORS_ALL,
     .signatures = TRIVET_SIGNATURES_ALL,
     .signing = TRIVET_SIGNING_BODY,
     .response_signing = TRIVET_RESPONSE_SIGNING_BODY,
     .extend_window_s = 30, .extend_cap_s = 300,
     .wildcard = TRIVET_WILDCARD_ON,
     .superfluous_token = TRIVET_SUPERFLUOUS_TOKEN_IGNORED,
     .psp_root = TRIVET_PSP_ROOT_ANYWHERE},
};
/* clang-format on */

/* Longer than any session lives. */
enum { MAX_SECONDS = TRIVET_MAX_SESSION_TIMEOUT_S, MAX_WORDS = 3 };

struct row {
    const char *name;
    const char *words[MAX_WORDS]; /* by their number; none: seconds */
    size_t field;                 /* of struct trivet_profile        */
    const char *questions;        /* of trivet-profiles(7)           */
    const char *about;
};

#define FIELD(name) offsetof(struct trivet_profile, name)

/* clang-format off */
static const struct row rows[TRIVET_NUM_SWITCHES] = {
    {"signatures", {"all", "required"}, FIELD(signatures), "4, 5",
     "all: every call after the installation needs a right signature; "
     "required: only opening a session does, and where "
     "trivet_require_signature demands one; elsewhere a signature is neither "
     "needed nor verified"},
    {"signing", {"body", "full", "both"}, FIELD(signing), "",
     "what a client's signature covers: the body; or the first line and the "
     "header too, as before April 2020; both: either is accepted"},
    {"response-signing", {"body", "full"}, FIELD(response_signing), "",
     "what an answer's signature covers: the body; or the status and the "
     "header too"},
    {"sign-errors", {"off", "on", "all"}, FIELD(sign_errors), "16",
     "all: every answer to a request whose installation is known is signed; "
     "on: all except 429, 491 and 5xx; off: only 2xx are"},
    {"extend-window", {NULL}, FIELD(extend_window_s), "2",
     "a request in so many seconds before the end of a session extends it; "
     "0: none does"},
    {"extend-cap", {NULL}, FIELD(extend_cap_s), "2",
     "an extended session is valid for the auto-logout time from then, or for "
     "so many seconds if that is less; it never becomes shorter; 0: no cap"},
    {"wildcard", {"off", "first", "on"}, FIELD(wildcard), "3",
     "on: * in the permitted_ips of device-server permits all addresses, also "
     "for an API key in use, if the call names no new address beside it; "
     "first: only the first device of an API key does so, and a later call "
     "with * changes nothing; off: * permits only the caller's address"},
    {"ipv6", {"off", "on"}, FIELD(ipv6), "8",
     "off: IPv6 addresses are refused as permitted IPs, and no API key or "
     "session may be used from one"},
    {"request-id", {"any", "per-device"}, FIELD(request_id), "6",
     "per-device: a device may use an X-Bunq-Client-Request-Id once"},
    {"headers", {"lenient", "strict"}, FIELD(headers), "17",
     "strict: a call without User-Agent or Cache-Control is refused"},
    {"sessions", {"unlimited", "one"}, FIELD(sessions), "18",
     "one: an installation with a valid session cannot open another"},
    {"dead-session", {"401", "403"}, FIELD(dead_session), "1",
     "the status when a token is missing, unknown, or its session has ended"},
    {"slashes", {"escaped", "plain"}, FIELD(slashes), "24",
     "how / is written in the JSON of our own answers: \\/ as bunq does, or /"},
    {"superfluous-token", {"refused", "ignored"}, FIELD(superfluous_token), "26",
     "refused: an X-Bunq-Client-Authentication header, empty or not, on a call "
     "that takes no token is a 403; ignored: it is not looked at"},
    {"psp-root", {"last", "anywhere"}, FIELD(psp_root), "27",
     "last: in the certificate chain of a payment service provider a root is "
     "accepted as the last certificate only; anywhere: the order is free"},
};
/* clang-format on */

const struct trivet_profile *
trivet_profile_default(void)
{
    return &presets[0];
}

const struct trivet_profile *
trivet_profile_find(struct trivet_slice name)
{
    for (size_t i = 0; i < TRIVET_NUM_PRESETS; i++) {
        if (trivet_slice_is(name, presets[i].name)) {
            return &presets[i];
        }
    }

    return NULL;
}

const char *
trivet_preset_name(size_t index)
{
    return presets[index].name;
}

const char *
trivet_switch_name(size_t index)
{
    return rows[index].name;
}

const char *
trivet_switch_about(size_t index)
{
    return rows[index].about;
}

void
trivet_switch_values(size_t index, char out[TRIVET_MAX_SWITCH_VALUES])
{
    const char *const *words = rows[index].words;
    const char *between = "";
    size_t len = 0;

    (void) snprintf(out, TRIVET_MAX_SWITCH_VALUES, "SECONDS");

    for (size_t i = 0; i < MAX_WORDS && words[i] != NULL; i++) {
        len += (size_t) snprintf(out + len, TRIVET_MAX_SWITCH_VALUES - len,
            "%s%s", between, words[i]);
        between = "|";
    }
}

/* ---- setting ----------------------------------------------------------- */

static bool
read_value(const struct row *row, struct trivet_slice text, int *out)
{
    long long seconds;

    for (int i = 0; i < MAX_WORDS && row->words[i] != NULL; i++) {
        if (trivet_slice_is(text, row->words[i])) {
            *out = i;
            return true;
        }
    }

    if (row->words[0] != NULL || !trivet_slice_to_id(text, &seconds)
        || seconds > MAX_SECONDS)
    {
        return false;
    }

    *out = (int) seconds;
    return true;
}

/* How many bytes of text an error shows. */
static int
shown_len(struct trivet_slice text, size_t max)
{
    return (int) (text.len < max ? text.len : max);
}

static enum trivet_status
complain_of_name(struct trivet_slice name, struct trivet_error *err)
{
    char known[TRIVET_MAX_ERROR_DETAIL] = "";
    const char *between = "";
    size_t len = 0;

    for (size_t i = 0; i < TRIVET_NUM_SWITCHES; i++) {
        len += (size_t) snprintf(
            known + len, sizeof known - len, "%s%s", between, rows[i].name);
        between = ", ";
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "profile",
        "unknown switch \"%.*s\"; there are %s", shown_len(name, 32),
        (const char *) name.data, known);
}

static enum trivet_status
complain_of_value(
    size_t index, struct trivet_slice setting, struct trivet_error *err)
{
    const char *most = rows[index].words[0] == NULL ? ", 2147483 at most" : "";
    char values[TRIVET_MAX_SWITCH_VALUES];

    trivet_switch_values(index, values);

    return trivet_error_set(err, TRIVET_E_USAGE, "profile",
        "\"%.*s\": it is %s=%s%s", shown_len(setting, 64),
        (const char *) setting.data, rows[index].name, values, most);
}

enum trivet_status
trivet_profile_set(struct trivet_profile *profile, struct trivet_slice setting,
    struct trivet_error *err)
{
    const unsigned char *equals =
        setting.len == 0 ? NULL : memchr(setting.data, '=', setting.len);
    size_t name_len =
        equals == NULL ? setting.len : (size_t) (equals - setting.data);
    struct trivet_slice name = trivet_slice_make(setting.data, name_len);
    size_t i = 0;
    int value;

    while (i < TRIVET_NUM_SWITCHES && !trivet_slice_is(name, rows[i].name)) {
        i++;
    }

    if (i == TRIVET_NUM_SWITCHES) {
        return complain_of_name(name, err);
    }
    if (equals == NULL
        || !read_value(
            &rows[i], trivet_slice_after(setting, name_len + 1), &value))
    {
        return complain_of_value(i, setting, err);
    }
    if ((profile->given & 1U << i) != 0) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "profile",
            "the switch %s is set twice", rows[i].name);
    }

    profile->given |= 1U << i;
    memcpy((char *) profile + rows[i].field, &value, sizeof value);
    return TRIVET_OK;
}

/* ---- what follows ------------------------------------------------------ */

bool
trivet_profile_signs(const struct trivet_profile *profile, unsigned status)
{
    int sign_errors =
        profile == NULL ? TRIVET_SIGN_ERRORS_ON : profile->sign_errors;

    if (status >= 200 && status <= 299) {
        return true;
    }
    if (sign_errors == TRIVET_SIGN_ERRORS_ON) {
        return trivet_reason_is_signed(status);
    }

    return sign_errors == TRIVET_SIGN_ERRORS_ALL;
}

unsigned
trivet_profile_status(const struct trivet_profile *profile, unsigned status)
{
    return profile != NULL && status == 401
                   && profile->dead_session == TRIVET_DEAD_SESSION_403
               ? 403
               : status;
}
