/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - is a gateway of our own answering yet? And is a URL a URL? */
#include "client/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* 64 zeros: the form of a token, and no token. */
#define NOBODY                                                                 \
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

/* With what a gateway may ask for (headers=strict). NULL: memory ran out. */
static struct curl_slist *
make_headers(void)
{
    struct curl_slist *list = curl_slist_append(NULL, NOBODY);
    struct curl_slist *longer =
        list == NULL ? NULL
                     : curl_slist_append(list, "Cache-Control: no-cache");

    if (longer == NULL) {
        curl_slist_free_all(list);
    }

    return longer;
}

/* Asks the gateway at address:port; NULL when memory ran out. */
static CURL *
make_probe(const char *address, unsigned port, bool has_proxy_protocol)
{
    char url[TRIVET_MAX_URL_PART];
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

/* Copies one part of the URL; an absent one is "". False when it is too long.
 */
static bool
get_part(CURLU *url, CURLUPart part, unsigned flags, char *out)
{
    char *text = NULL;
    bool fits = true;

    out[0] = '\0';
    if (curl_url_get(url, part, &text, flags) == CURLUE_OK) {
        fits = snprintf(out, TRIVET_MAX_URL_PART, "%s", text)
               < TRIVET_MAX_URL_PART;
        curl_free(text);
    }

    return fits;
}

static bool
has_none_of(CURLU *url)
{
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD,
        CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_ZONEID};
    char part[TRIVET_MAX_URL_PART];

    for (size_t i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++) {
        if (!get_part(url, unwanted[i], 0, part) || part[0] != '\0') {
            return false;
        }
    }

    return true;
}

static bool
read_url(CURLU *url, const char *text, struct trivet_url *out)
{
    char scheme[TRIVET_MAX_URL_PART];
    char port[TRIVET_MAX_URL_PART];
    size_t len;

    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK
        || !has_none_of(url) || !get_part(url, CURLUPART_SCHEME, 0, scheme)
        || !get_part(url, CURLUPART_HOST, 0, out->host)
        || !get_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port)
        || !get_part(url, CURLUPART_PATH, 0, out->path))
    {
        return false;
    }

    len = strlen(out->path);
    while (len > 0 && out->path[len - 1] == '/') {
        out->path[--len] = '\0';
    }

    out->is_https = strcmp(scheme, "https") == 0;
    out->port = (unsigned) strtoul(port, NULL, 10);

    return out->is_https || strcmp(scheme, "http") == 0;
}

enum trivet_status
trivet_url_parse(
    const char *text, struct trivet_url *out, struct trivet_error *err)
{
    CURLU *url = curl_url();
    struct trivet_url parsed;
    bool is_read = url != NULL && read_url(url, text, &parsed);

    curl_url_cleanup(url);

    if (!is_read) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "url.parse",
            "%s: not a URL of the form http[s]://host[:port][/path]", text);
    }

    *out = parsed;
    return TRIVET_OK;
}
