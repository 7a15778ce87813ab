/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - the parts of a URL, as libcurl reads them */
#include "client/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- origins ----------------------------------------------------------- */

/* One part of the URL, or NULL; free it with curl_free. */
static char *
get_origin_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    /* A host name that is not ASCII is compared in its ASCII form. */
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT | CURLU_PUNYCODE)
        != CURLUE_OK)
    {
        return NULL;
    }

    return text;
}

static bool
has_equal_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *part_a = get_origin_part(a, part);
    char *part_b = get_origin_part(b, part);
    bool is_equal =
        part_a != NULL && part_b != NULL && strcasecmp(part_a, part_b) == 0;

    curl_free(part_a);
    curl_free(part_b);
    return is_equal;
}

bool
trivet_url_is_same_origin(const char *a, const char *b)
{
    CURLU *url_a = curl_url();
    CURLU *url_b = curl_url();
    bool is_same = url_a != NULL && url_b != NULL
                   && curl_url_set(url_a, CURLUPART_URL, a, 0) == CURLUE_OK
                   && curl_url_set(url_b, CURLUPART_URL, b, 0) == CURLUE_OK
                   && has_equal_part(url_a, url_b, CURLUPART_SCHEME)
                   && has_equal_part(url_a, url_b, CURLUPART_HOST)
                   && has_equal_part(url_a, url_b, CURLUPART_PORT);

    curl_url_cleanup(url_a);
    curl_url_cleanup(url_b);
    return is_same;
}
