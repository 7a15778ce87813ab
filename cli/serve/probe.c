/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - whether a gateway answers yet */
#include "cli/serve/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/field_names.h"

#include "cli/text.h"

enum { MAX_PROBE_URL = 1024 /* bytes, with the NUL */, PROBE_MS = 1000 };

/* 64 zeros: they have the form of a token, and no session has them. */
#define UNKNOWN_TOKEN                                                          \
    TRIVET_FIELD_TOKEN                                                         \
    ": "                                                                       \
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
    static const char name[] = TRIVET_FIELD_RESPONSE_ID ":";

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

/* For a URL; NULL when memory ran out. ca_file NULL: the certificate is not
 * verified. Nothing secret is sent. */
static CURL *
make_probe_of(const char *url, const char *ca_file, long timeout_ms)
{
    long verifies = ca_file == NULL ? 0L : 1L;
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        return NULL;
    }

    (void) curl_easy_setopt(curl, CURLOPT_URL, url);
    (void) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verifies);
    (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2 * verifies);
    if (ca_file != NULL) {
        (void) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
        (void) curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }

    return curl;
}

/* For address:port of this machine. The operator's certificate names another
 * host than this address. */
static CURL *
make_probe(const char *address, unsigned port, bool has_proxy_protocol)
{
    char url[MAX_PROBE_URL];
    CURL *curl;

    (void) snprintf(
        url, sizeof url, "https://%s:%u/v1/session/0", address, port);
    curl = make_probe_of(url, NULL, PROBE_MS);
    if (curl != NULL) {
        (void) curl_easy_setopt(
            curl, CURLOPT_HAPROXYPROTOCOL, (long) has_proxy_protocol);
    }

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

/* What the server answered. */
struct probe_answer {
    CURLcode code;
    long status;
    bool has_response_id;
};

/* Ends the probe, too. */
static struct probe_answer
ask(CURL *curl)
{
    struct probe_answer answer = {.code = CURLE_OUT_OF_MEMORY};
    struct curl_slist *headers = make_headers();

    if (curl != NULL && headers != NULL) {
        (void) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
        (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(curl, CURLOPT_USERAGENT, "trivet");
        (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
        (void) curl_easy_setopt(
            curl, CURLOPT_HEADERFUNCTION, look_for_response_id);
        (void) curl_easy_setopt(
            curl, CURLOPT_HEADERDATA, &answer.has_response_id);

        answer.code = curl_easy_perform(curl);
        (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    }

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);

    return answer;
}

static bool
is_gateway(const struct probe_answer *answer)
{
    return answer->code == CURLE_OK && answer->has_response_id
           && (answer->status == 401 || answer->status == 403);
}

bool
trivet_probe_gateway(
    const char *address, unsigned port, bool has_proxy_protocol)
{
    struct probe_answer answer =
        ask(make_probe(address, port, has_proxy_protocol));

    return is_gateway(&answer);
}

bool
trivet_probe_plain(const char *path, const char *address)
{
    char url[MAX_PROBE_URL];
    bool is_file = path[0] != '\0';
    long status = 0;
    CURL *curl;

    (void) snprintf(url, sizeof url, "http://%s/alive",
        cli_text_of(is_file, "localhost", address));
    curl = make_probe_of(url, NULL, PROBE_MS);
    if (curl == NULL) {
        return false;
    }

    if (is_file) {
        (void) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path);
    }
    if (curl_easy_perform(curl) == CURLE_OK) {
        (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(curl);

    return status == 204;
}

enum trivet_status
trivet_probe_url(const char *base_url, const char *ca_file, long timeout_ms,
    struct trivet_error *err)
{
    char url[MAX_PROBE_URL];
    struct probe_answer answer;

    (void) snprintf(url, sizeof url, "%s/session/0", base_url);
    answer = ask(make_probe_of(url, ca_file, timeout_ms));

    if (is_gateway(&answer)) {
        return TRIVET_OK;
    }
    if (answer.code == CURLE_PEER_FAILED_VERIFICATION
        || answer.code == CURLE_SSL_CACERT_BADFILE)
    {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "probe", "%s",
            curl_easy_strerror(answer.code));
    }
    if (answer.code != CURLE_OK) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "probe", "%s",
            curl_easy_strerror(answer.code));
    }

    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "probe",
        "its answer is not a gateway's: status %ld%s", answer.status,
        cli_text_if(!answer.has_response_id, ", without a response id"));
}
