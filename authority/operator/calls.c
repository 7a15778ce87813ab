/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - what an operator can do: the table */
#include "authority/operator/call.h"
#include "authority/operator/calls/calls.h"
#include "core/limits.h"
#include "sandbox/state.h"
#include "store/noun/audit.h"
#include "store/search.h"

/* ---- what is given ----------------------------------------------------- */

#define ID                                                                     \
    {                                                                          \
        .name = "id", .type = TRIVET_TYPE_ID                                   \
    }
#define END                                                                    \
    {                                                                          \
        .name = NULL                                                           \
    }
#define SEARCH_TEXT(what)                                                      \
    {                                                                          \
        .name = "q", .type = TRIVET_TYPE_TEXT, .is_optional = true,            \
        .max = TRIVET_MAX_SEARCH - 1, .meaning = what                          \
    }
#define OF(noun)                                                               \
    {                                                                          \
        .name = noun, .type = TRIVET_TYPE_ID, .is_optional = true              \
    }

static const char *const made_kinds[] = {"person", "company", "api-key", NULL};
static const char *const switches[] = {"off", "on", NULL};
static const char *const ip_states[] = {"ACTIVE", "INACTIVE", NULL};

static const struct trivet_operator_field id_alone[] = {ID, END};
static const struct trivet_operator_field nothing[] = {END};

static const struct trivet_operator_field user_search[] = {
    SEARCH_TEXT("a part of the name, or the id"), END};
static const struct trivet_operator_field user_create[] = {
    {.name = "kind",
        .type = TRIVET_TYPE_WORD,
        .is_optional = true,
        .words = made_kinds,
        .meaning = "a person unless it is given"},
    {.name = "name",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_NAME - 1,
        .meaning = "of all but an api-key"},
    OF("requested_by"),
    OF("granted_by"),
    END,
};
static const struct trivet_operator_field auto_logout[] = {
    ID,
    {.name = "auto_logout",
        .type = TRIVET_TYPE_INTEGER,
        .min = TRIVET_MIN_SESSION_TIMEOUT_S,
        .max = TRIVET_MAX_SESSION_TIMEOUT_S,
        .meaning = "seconds"},
    END,
};

static const struct trivet_operator_field key_search[] = {
    SEARCH_TEXT("a part of the label or of the user's name, or the id"),
    OF("user_id"), END};
static const struct trivet_operator_field key_create[] = {
    {.name = "user",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_NAME - 1,
        .meaning = "a name or an id; a new name makes a person"},
    {.name = "label",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_NAME - 1},
    {.name = "secret",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_API_KEY - 1,
        .meaning = "the key itself, when it was made elsewhere"},
    {.name = "expires_in",
        .type = TRIVET_TYPE_INTEGER,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_KEY_LIFETIME_S,
        .meaning = "seconds until which it must be bound to a device"},
    {.name = "is_sandbox",
        .type = TRIVET_TYPE_FLAG,
        .is_optional = true,
        .meaning = "it begins with sandbox_"},
    END,
};
static const struct trivet_operator_field key_label[] = {
    ID,
    {.name = "label", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME - 1},
    END,
};
static const struct trivet_operator_field allow_all_ips[] = {
    ID,
    {.name = "allow_all_ips", .type = TRIVET_TYPE_FLAG},
    END,
};
static const struct trivet_operator_field ip_set[] = {
    ID,
    {.name = "ip",
        .type = TRIVET_TYPE_TEXT,
        .min = 2,
        .max = TRIVET_MAX_ADDRESS_TEXT - 1},
    {.name = "status", .type = TRIVET_TYPE_WORD, .words = ip_states},
    END,
};
static const struct trivet_operator_field device_search[] = {
    SEARCH_TEXT("a part of the description, or the id"), OF("user_id"),
    OF("api_key_id"), END};
static const struct trivet_operator_field session_search[] = {
    SEARCH_TEXT("a part of the user's name, or the id"),
    OF("user_id"),
    OF("api_key_id"),
    {.name = "is_active",
        .type = TRIVET_TYPE_FLAG,
        .is_optional = true,
        .meaning = "only those that may be used"},
    END,
};

static const struct trivet_operator_field rotate[] = {
    {.name = "location",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_LOCATION - 1,
        .meaning = "a key file or a URI; else a new key is made"},
    END,
};
static const struct trivet_operator_field retire[] = {
    ID,
    {.name = "is_forced",
        .type = TRIVET_TYPE_FLAG,
        .is_optional = true,
        .meaning = "also when installations were given it"},
    END,
};
static const struct trivet_operator_field retired[] = {
    ID,
    {.name = "gateway", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    END,
};
static const struct trivet_operator_field audit_search[] = {
    {.name = "chain",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_CHAIN - 1,
        .meaning = "main unless it is given"},
    END,
};

static const struct trivet_operator_field journal[] = {
    {.name = "after",
        .type = TRIVET_TYPE_INTEGER,
        .is_optional = true,
        .max = INT64_MAX,
        .meaning = "only those with a higher id; else the last ones"},
    {.name = "count",
        .type = TRIVET_TYPE_INTEGER,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_PAGE,
        .meaning = "how many at most; 100 unless it is given"},
    END,
};

#define AGE(what)                                                              \
    {                                                                          \
        .name = what, .type = TRIVET_TYPE_INTEGER, .is_optional = true,        \
        .min = -1, .max = TRIVET_MAX_DURATION_S,                               \
        .meaning = "kept so many seconds; -1: for ever"                        \
    }
static const struct trivet_operator_field ages[] = {
    AGE("installations"), AGE("sessions"), AGE("api_keys"), END};

static const struct trivet_operator_field clock_advance[] = {
    {.name = "seconds",
        .type = TRIVET_TYPE_INTEGER,
        .max = TRIVET_MAX_CLOCK_OFFSET_S},
    END,
};
static const struct trivet_operator_field incident_set[] = {
    {.name = "incident",
        .type = TRIVET_TYPE_TEXT,
        .min = 1,
        .max = TRIVET_MAX_AUDIT_WORD - 1,
        .meaning = "its name; all: all of them, to switch them off"},
    {.name = "state", .type = TRIVET_TYPE_WORD, .words = switches},
    {.name = "seconds",
        .type = TRIVET_TYPE_INTEGER,
        .is_optional = true,
        .min = 1,
        .max = TRIVET_MAX_SLOW_S,
        .meaning = "of slow: how long each answer waits"},
    END,
};
static const struct trivet_operator_field sandbox_user[] = {
    {.name = "kind", .type = TRIVET_TYPE_WORD, .words = made_kinds},
    END,
};

/* ---- what is shown ----------------------------------------------------- */

static const struct trivet_operator_field ended[] = {
    ID,
    {.name = "ended",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "how many sessions"},
    END,
};

/* ---- the console itself ------------------------------------------------ */

static const char *const roles[] = {"view", "operate", NULL};
static const char *const schemes[] = {"body", "full", NULL};

static const struct trivet_operator_field login[] = {
    {.name = "token",
        .type = TRIVET_TYPE_TEXT,
        .min = 1,
        .max = TRIVET_MAX_SECRET,
        .meaning = "of the link that \"trivet console\" prints"},
    END,
};
static const struct trivet_operator_field me[] = {
    {.name = "name", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_OPERATOR},
    {.name = "role", .type = TRIVET_TYPE_WORD, .words = roles},
    {.name = "is_sandbox", .type = TRIVET_TYPE_FLAG},
    {.name = "timeout",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "seconds without a request until the login ends"},
    {.name = "gateway",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_LOCATION,
        .meaning = "the URL at which clients find it"},
    {.name = "ca",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_LOCATION,
        .meaning = "the file of the CA's certificate that they need"},
    {.name = "has_calls",
        .type = TRIVET_TYPE_FLAG,
        .meaning = "the gateway's calls are below /v1/ of this place, too"},
    {.name = "request_signing",
        .type = TRIVET_TYPE_WORD,
        .words = schemes,
        .meaning = "what a request's signature covers: the body, or all"},
    {.name = "answer_signing", .type = TRIVET_TYPE_WORD, .words = schemes},
    {.name = "page_key",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_SECRET,
        .meaning = "shown this once, at the login: every call sends it in the "
                   "field X-Trivet-Console-Key, beside the cookie"},
    END,
};
static const struct trivet_operator_field logged_out[] = {
    {.name = "ended", .type = TRIVET_TYPE_FLAG},
    END,
};

/* ---- the table --------------------------------------------------------- */

#define NONE    TRIVET_ROLE_NONE
#define VIEW    TRIVET_ROLE_VIEW
#define OPERATE TRIVET_ROLE_OPERATE

/* clang-format off */
const struct trivet_operator_call trivet_operator_calls[] = {
    {"user.list", "GET", "/api/user", "User", VIEW, false, true,
        user_search, trivet_user_fields, trivet_operator_user_list,
        "list the users"},
    {"user.create", "POST", "/api/user", "User", OPERATE, false, false,
        user_create, trivet_user_fields, trivet_operator_user_create,
        "make a user"},
    {"user.auto-logout", "PUT", "/api/user/{id}/auto-logout", "User", OPERATE, false, false,
        auto_logout, trivet_user_fields, trivet_operator_user_auto_logout,
        "set how long a user's sessions are valid, those open now too"},
    {"user.end-sessions", "DELETE", "/api/user/{id}/session", "EndedSessions", OPERATE, false, false,
        id_alone, ended, trivet_operator_user_end_sessions,
        "end all sessions of a user"},

    {"key.list", "GET", "/api/key", "ApiKey", VIEW, false, true,
        key_search, trivet_key_fields, trivet_operator_key_list,
        "list the API keys"},
    {"key.create", "POST", "/api/key", "NewApiKey", OPERATE, false, false,
        key_create, trivet_made_key_fields, trivet_operator_key_create,
        "make an API key"},
    {"key.label", "PUT", "/api/key/{id}/label", "ApiKey", OPERATE, false, false,
        key_label, trivet_key_fields, trivet_operator_key_label,
        "give an API key another label"},
    {"key.revoke", "DELETE", "/api/key/{id}", "ApiKey", OPERATE, false, false,
        id_alone, trivet_key_fields, trivet_operator_key_revoke,
        "revoke an API key and end its sessions"},
    {"key.allow-all-ips", "PUT", "/api/key/{id}/allow-all-ips", "ApiKey", OPERATE, false, false,
        allow_all_ips, trivet_key_fields, trivet_operator_key_allow_all_ips,
        "permit all addresses, or not"},
    {"ip.list", "GET", "/api/key/{id}/ip", "PermittedIp", VIEW, false, false,
        id_alone, trivet_ip_fields, trivet_operator_ip_list,
        "list the addresses that an API key has, active or not"},
    {"ip.set", "PUT", "/api/key/{id}/ip", "PermittedIp", OPERATE, false, false,
        ip_set, trivet_ip_fields, trivet_operator_ip_set,
        "permit an address to an API key, or disable it"},

    {"device.list", "GET", "/api/device", "Device", VIEW, false, true,
        device_search, trivet_device_fields, trivet_operator_device_list,
        "list the devices"},
    {"session.list", "GET", "/api/session", "Session", VIEW, false, true,
        session_search, trivet_session_fields, trivet_operator_session_list,
        "list the sessions"},
    {"session.end", "DELETE", "/api/session/{id}", "EndedSession", OPERATE, false, false,
        id_alone, id_alone, trivet_operator_session_end,
        "end a session"},

    {"server-key.list", "GET", "/api/server-key", "ServerKey", VIEW, false, false,
        nothing, trivet_server_key_fields, trivet_operator_server_key_list,
        "list the server's keys, and how many use them"},
    {"server-key.rotate", "POST", "/api/server-key", "Rotation", OPERATE, false, false,
        rotate, trivet_rotated_fields, trivet_operator_server_key_rotate,
        "give a new key to new installations"},
    {"server-key.uses", "GET", "/api/server-key/{id}/use", "ServerKeyUse", VIEW, false, false,
        id_alone, trivet_server_key_use_fields, trivet_operator_server_key_uses,
        "list whom it would hurt to retire a server key"},
    {"server-key.retire", "POST", "/api/server-key/{id}/retire", "Retirement", OPERATE, false, false,
        retire, retired, trivet_operator_server_key_retire,
        "end the service of a server key"},

    {"audit.list", "GET", "/api/audit", "AuditRow", VIEW, false, true,
        audit_search, trivet_audit_fields, trivet_operator_audit_list,
        "list the rows of a chain of the audit log"},
    {"audit.chains", "GET", "/api/audit/chain", "AuditChain", VIEW, false, false,
        nothing, trivet_chain_fields, trivet_operator_audit_chains,
        "list the chains of the audit log"},
    {"audit.verify", "GET", "/api/audit/verify", "AuditReport", VIEW, false, false,
        nothing, trivet_audit_report_fields, trivet_operator_audit_verify,
        "tell whether the audit log is whole"},

    {"journal.list", "GET", "/api/journal", "Request", VIEW, false, false,
        journal, trivet_journal_fields, trivet_operator_journal_list,
        "list the last requests, the oldest first"},

    {"prune.count", "GET", "/api/prune", "Pruned", VIEW, false, false,
        ages, trivet_pruned_fields, trivet_operator_prune_count,
        "count what nobody uses any more"},
    {"prune.run", "POST", "/api/prune", "Pruned", OPERATE, false, false,
        ages, trivet_pruned_fields, trivet_operator_prune_run,
        "remove what nobody uses any more"},

    {"clock.show", "GET", "/api/sandbox/clock", "Clock", VIEW, true, false,
        nothing, trivet_clock_fields, trivet_operator_clock_show,
        "tell the sandbox's time"},
    {"clock.advance", "POST", "/api/sandbox/clock", "Clock", OPERATE, true, false,
        clock_advance, trivet_clock_fields, trivet_operator_clock_advance,
        "advance the sandbox's clock"},
    {"clock.reset", "DELETE", "/api/sandbox/clock", "Clock", OPERATE, true, false,
        nothing, trivet_clock_fields, trivet_operator_clock_reset,
        "set the sandbox's clock to the true time"},
    {"incident.list", "GET", "/api/sandbox/incident", "Incident", VIEW, true, false,
        nothing, trivet_incident_fields, trivet_operator_incident_list,
        "list the incidents"},
    {"incident.set", "PUT", "/api/sandbox/incident/{incident}", "Incident", OPERATE, true, false,
        incident_set, trivet_incident_fields, trivet_operator_incident_set,
        "switch an incident on or off"},
    {"sandbox.user", "POST", "/api/sandbox/user", "NewApiKey", OPERATE, true, false,
        sandbox_user, trivet_made_key_fields, trivet_operator_sandbox_user,
        "make a user of the sandbox, with an API key"},
    {"sandbox.provider", "POST", "/api/sandbox/provider", "NewProvider", OPERATE, true, false,
        nothing, trivet_provider_fields, trivet_operator_sandbox_provider,
        "make the certificate and key of a payment service provider"},
    {"sandbox.reset", "POST", "/api/sandbox/reset", "Reset", OPERATE, true, false,
        nothing, trivet_reset_fields, trivet_operator_sandbox_reset,
        "remove all users, keys, devices and sessions of the sandbox"},

    {"console.login", "POST", "/api/login", "Operator", NONE, false, false,
        login, me, NULL,
        "log in: a token for a cookie"},
    {"console.me", "GET", "/api/login", "Operator", VIEW, false, false,
        nothing, me, NULL,
        "tell who is logged in, and where the gateway is"},
    {"console.logout", "DELETE", "/api/login", "Logout", VIEW, false, false,
        nothing, logged_out, NULL,
        "log out"},

    {.name = NULL},
};
/* clang-format on */
