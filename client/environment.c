/* SPDX-License-Identifier: Apache-2.0 */
/* environment.c - sandbox, production, or a gateway: names and base URLs */
#include "client/environment.h"

#include <string.h>

static const struct {
    const char *name;
    const char *type; /* in the file */
    const char *url;
} environments[] = {
    [TRIVET_ENVIRONMENT_UNSET] = {"unset", "SANDBOX", ""},
    [TRIVET_ENVIRONMENT_SANDBOX] = {"sandbox", "SANDBOX",
        "https://public-api.sandbox.bunq.com/v1"},
    [TRIVET_ENVIRONMENT_PRODUCTION] = {"production", "PRODUCTION",
        "https://api.bunq.com/v1"},
    /* SDKs know no third type. */
    [TRIVET_ENVIRONMENT_URL] = {"gateway", "SANDBOX", ""},
};

const char *
trivet_environment_url(enum trivet_environment environment)
{
    return environments[environment].url;
}

const char *
trivet_environment_name(enum trivet_environment environment)
{
    return environments[environment].name;
}

const char *
trivet_environment_type(enum trivet_environment environment)
{
    return environments[environment].type;
}

enum trivet_status
trivet_environment_of_type(const char *type, enum trivet_environment *out)
{
    if (strcmp(type, "PRODUCTION") == 0) {
        *out = TRIVET_ENVIRONMENT_PRODUCTION;
    } else if (strcmp(type, "SANDBOX") == 0) {
        *out = TRIVET_ENVIRONMENT_SANDBOX;
    } else {
        return TRIVET_E_NOT_FOUND;
    }

    return TRIVET_OK;
}
