/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - whether a gateway on this machine answers yet */
#include "cli/serve/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_PROBE_URL = 128 }; /* bytes, with the NUL */

/* 64 zeros: they have the form of a token, and no session has them. */
#define UNKNOWN_TOKEN                                                          \
    "X-Bunq-Client-Authentication: "                                           \
    "0000000000000000000000000000000000000000000000000000000000000000"

static size_t
drop(char *data, size_t size, size_t num, void *user)
{
    (void) data;
    (void) user;

    return size * num;
}

static size_t
look_for_response_id(char *data, size_t size, size_t num, void *user)
{
    static const char name[] = "X-Bunq-Client-Response-Id:";

    if (size * num > sizeof name
        && strncasecmp(data, name, sizeof name - 1) == 0) {
        *(bool *) user = true;
    }

    return size * num;
}

/* The token, and the header that a gateway may require (headers=strict). NULL:
 * memory ran out. */
static struct curl_slist *
make_headers(void)
{
    struct curl_slist *list = curl_slist_append(NULL, UNKNOWN_TOKEN);
    struct curl_slist *longer = NULL;

    if (list != NULL) {
        longer = curl_slist_append(list, "Cache-Control: no-cache");
    }
    if (longer == NULL) {
        curl_slist_free_all(list);
    }

    return longer;
}

/* Asks the gateway at address:port; NULL when memory ran out. */
static CURL *
make_probe(const char *address, unsigned port, bool has_proxy_protocol)
{
    char url[MAX_PROBE_URL];
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        return NULL;
    }

    (void) snprintf(
        url, sizeof url, "https://%s:%u/v1/session/0", address, port);
    (void) curl_easy_setopt(curl, CURLOPT_URL, url);
    (void) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 1000L);
    (void) curl_easy_setopt(
        curl, CURLOPT_HAPROXYPROTOCOL, has_proxy_protocol ? 1L : 0L);
    /* The operator's certificate names another host than this address, and
     * nothing secret is sent. */
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);

    return curl;
}

bool
trivet_probe_tls(const char *address, unsigned port, bool has_proxy_protocol)
{
    CURL *curl = make_probe(address, port, has_proxy_protocol);
    bool is_there =
        curl != NULL
        && curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK
        && curl_easy_perform(curl) == CURLE_OK;

    curl_easy_cleanup(curl);

    return is_there;
}

bool
trivet_probe_gateway(
    const char *address, unsigned port, bool has_proxy_protocol)
{
    bool has_response_id = false;
    long status = 0;
    CURL *curl = make_probe(address, port, has_proxy_protocol);
    struct curl_slist *headers = make_headers();

    if (curl != NULL && headers != NULL) {
        (void) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
        (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(curl, CURLOPT_USERAGENT, "trivet");
        (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
        (void) curl_easy_setopt(
            curl, CURLOPT_HEADERFUNCTION, look_for_response_id);
        (void) curl_easy_setopt(curl, CURLOPT_HEADERDATA, &has_response_id);

        if (curl_easy_perform(curl) == CURLE_OK) {
            (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        }
    }

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);

    return (status == 401 || status == 403) && has_response_id;
}
