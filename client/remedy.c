/* SPDX-License-Identifier: Apache-2.0 */
/* remedy.c - what helps when a server refuses a key, a session or an address */
#include "client/remedy.h"

#include <stddef.h>
#include <string.h>

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
trivet_remedy_find(const char *text)
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
trivet_remedy_of_credentials(bool has_device)
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
