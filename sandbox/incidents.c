/* SPDX-License-Identifier: Apache-2.0 */
/* incidents.c - failures that the sandbox shows on purpose: their table */
#include "sandbox/incidents.h"

static const struct trivet_incident_row rows[TRIVET_NUM_INCIDENTS] = {
    [TRIVET_INCIDENT_429_UNSIGNED] = {"429-unsigned",
        "every call is answered 429, without a signature", true},
    [TRIVET_INCIDENT_HTML_502] = {"html-502",
        "every call is answered 502, with a page of HTML", true},
    [TRIVET_INCIDENT_LOWERCASE_HEADERS] = {"lowercase-headers",
        "HTTP/1.1 answers have header names in lower case", false},
    [TRIVET_INCIDENT_SESSION_DIES] = {"session-dies",
        "sessions open at the switch end at their next use", false},
    [TRIVET_INCIDENT_SLOW] = {"slow", "every answer waits", true},
    [TRIVET_INCIDENT_WRONG_SIGNATURE] = {"wrong-signature",
        "answers have a wrong signature", false},
    [TRIVET_INCIDENT_IP_FLIP] = {"ip-flip",
        "callers seem to come from " TRIVET_INCIDENT_ADDRESS, false},
    [TRIVET_INCIDENT_MAINTENANCE_491] = {"maintenance-491",
        "every call is answered 491, with a page of HTML", true},
    [TRIVET_INCIDENT_IP_COUNTRY_400] = {"ip-country-400",
        "every call with a token is answered 400", true},
    [TRIVET_INCIDENT_SANDBOX_RESET] = {"sandbox-reset",
        "tokens and API keys from before the switch are unknown", false},
    [TRIVET_INCIDENT_SERVER_KEY_ROTATES] = {"server-key-rotates",
        "answers are signed with another server key", false},
};

const struct trivet_incident_row *
trivet_incident_row(enum trivet_incident incident)
{
    return &rows[incident];
}

bool
trivet_incident_find(struct trivet_slice name, enum trivet_incident *out)
{
    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        if (trivet_slice_is(name, rows[i].name)) {
            *out = (enum trivet_incident) i;
            return true;
        }
    }

    return false;
}
