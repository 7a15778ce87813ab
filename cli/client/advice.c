/* SPDX-License-Identifier: Apache-2.0 */
/* advice.c - what helps against what trivet doctor found */
#include "cli/client/advice.h"

#include <stddef.h>
#include <string.h>

#include "client/remedy.h"

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

const char *
cli_advise_on_session(bool has_device, const struct trivet_error *err)
{
    const char *remedy = trivet_remedy_find(err->detail);

    if (remedy != NULL) {
        return remedy;
    }
    if (strstr(err->detail, "credentials") != NULL) {
        return trivet_remedy_of_credentials(has_device);
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
