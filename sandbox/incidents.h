/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents.h - failures that the sandbox shows on purpose: their table
 *
 * "trivet incident" lists the rows and switches them on; the gateway shows what
 * is on (sandbox/state.h). Pure: may be asked from any thread.
 */
#ifndef TRIVET_SANDBOX_INCIDENTS_H
#define TRIVET_SANDBOX_INCIDENTS_H

#include <stdbool.h>

#include "base/slice.h"

/* What bunq's users have met. The order is that of the bits in the file of the
 * sandbox's state. */
enum trivet_incident {
    TRIVET_INCIDENT_429_UNSIGNED = 0,
    TRIVET_INCIDENT_HTML_502,
    TRIVET_INCIDENT_LOWERCASE_HEADERS,
    TRIVET_INCIDENT_SESSION_DIES,
    TRIVET_INCIDENT_SLOW,
    TRIVET_INCIDENT_WRONG_SIGNATURE,
    TRIVET_INCIDENT_IP_FLIP,
    TRIVET_INCIDENT_MAINTENANCE_491,
    TRIVET_INCIDENT_IP_COUNTRY_400,
    TRIVET_INCIDENT_SANDBOX_RESET,
    TRIVET_INCIDENT_SERVER_KEY_ROTATES,
    TRIVET_NUM_INCIDENTS
};

/* Callers seem to come from here while ip-flip is on: of TEST-NET-1. */
#define TRIVET_INCIDENT_ADDRESS "192.0.2.1"

struct trivet_incident_row {
    const char *name;    /* on the command line, such as "html-502" */
    const char *meaning; /* what happens while it is on; a sentence without a
                            full stop */
    bool hides_gateway;  /* a call with a wrong token is not refused as a
                            gateway refuses it, or not in time: who waits for
                            the gateway must go by its connections */
};

/* Static. */
const struct trivet_incident_row *trivet_incident_row(
    enum trivet_incident incident);

/* False when there is none of that name. */
bool trivet_incident_find(struct trivet_slice name, enum trivet_incident *out);

#endif
