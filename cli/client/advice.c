/* SPDX-License-Identifier: Apache-2.0 */
/* advice.c - what helps against what trivet doctor found */
#include "cli/client/advice.h"

#include <stddef.h>
#include <string.h>

const char *
cli_advise_on_file(const struct trivet_error *err)
{
    if (err->status == TRIVET_E_CONFLICT) {
        return "give the context its own key and environment, or trivet "
               "login --new";
    }

    return "repair or remove the file, then trivet login";
}

const char *
cli_advise_on_connection(const struct trivet_error *err)
{
    if (err->status == TRIVET_E_UNTRUSTED) {
        return "check the host name, the CA file (--ca) and the clock; or "
               "somebody intercepts the connection";
    }

    return "check the network, the port and the proxy; is the server up?";
}

/* What a gateway's sandbox tells in X-Trivet-Reason, and what helps. A login
 * alone is not advised: it would fail for the same reason. */
static const struct {
    const char *reason;
    const char *next;
} remedies[] = {
    {"ip-not-permitted",
        "this machine's address is not, or no longer, permitted for the API "
        "key, and a login from here does not change that: permit it from an "
        "address that is (trivet ip add), or have the gateway's operator do "
        "it; else make a new key"},
    {"key-revoked", "the API key was revoked: make a new one, then trivet "
                    "login --new"},
    {"key-expired", "the API key was not used within its first hour: make a "
                    "new one, then trivet login --new"},
    {"key-unknown", "the server does not know the API key: is it another "
                    "server's, or misspelt? Then trivet login --new with the "
                    "right one"},
    {"server-key-retired", "the server's key was retired: trivet login --new"},
    {"token-unknown", "the server does not know this installation: trivet "
                      "login --new"},
};

const char *
cli_find_remedy(const char *text)
{
    for (size_t i = 0; text != NULL && i < sizeof remedies / sizeof remedies[0];
         i++)
    {
        if (strstr(text, remedies[i].reason) != NULL) {
            return remedies[i].next;
        }
    }

    return NULL;
}

const char *
cli_advise_on_credentials(bool has_device)
{
    if (!has_device) {
        return "the key was never bound from here: it is unknown, revoked, "
               "older than an hour without use, or bound to other addresses. "
               "Make a new one, and log in within the hour (trivet login "
               "--new)";
    }

    return "the key was bound from here once: most likely this machine's "
           "address has changed, or the key was revoked. Add the address from "
           "a permitted one (trivet ip add) or in the app; or make a new key";
}

const char *
cli_advise_on_session(bool has_device, const struct trivet_error *err)
{
    const char *remedy = cli_find_remedy(err->detail);

    if (remedy != NULL) {
        return remedy;
    }
    if (strstr(err->detail, "credentials") != NULL) {
        return cli_advise_on_credentials(has_device);
    }

    if (err->status == TRIVET_E_NOT_FOUND) {
        return "trivet login";
    }
    if (err->status == TRIVET_E_UNAVAILABLE) {
        return "try again later";
    }

    return err->status == TRIVET_E_THROTTLED ? "try again in half a minute"
                                             : "trivet login --new";
}

const char *
cli_advise_on_call(bool has_device, const struct trivet_error *err)
{
    if (err->status == TRIVET_E_UNTRUSTED) {
        return "something alters the answers on the way, or the "
               "installation is another server's: trivet login --new";
    }

    return cli_advise_on_session(has_device, err);
}
