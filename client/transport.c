/* SPDX-License-Identifier: Apache-2.0 */
/* transport.c - one HTTPS exchange: bytes out, bytes in */
#include "client/transport.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/timestamp.h"
#include "crypto/pin.h"

enum { MAX_CHAIN = 1024 * 1024 /* bytes of a certificate chain, as PEM */ };

struct trivet_transport {
    struct trivet_transport_config config;
    CURL *curl;
    char message[CURL_ERROR_SIZE];
    struct trivet_wire_answer *answer; /* of the exchange under way */
    bool is_too_big;
    unsigned num_sends; /* how often curl wanted to send, in this exchange */
};

static const char *const unwanted[] = {"Expect:", "Accept:", "Content-Type:"};
#define NUM_UNWANTED (sizeof unwanted / sizeof unwanted[0])

/* What curl's errors mean to a caller; others are TRIVET_E_UNAVAILABLE. */
static const struct {
    CURLcode code;
    enum trivet_status status;
    const char *text;
} meanings[] = {
    {CURLE_PEER_FAILED_VERIFICATION, TRIVET_E_UNTRUSTED,
        "the server's certificate is not valid"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, TRIVET_E_UNTRUSTED,
        "the server's key is not pinned"},
    {CURLE_SSL_CACERT_BADFILE, TRIVET_E_USAGE, "cannot read the CA file"},
    {CURLE_URL_MALFORMAT, TRIVET_E_USAGE, "not a URL"},
    {CURLE_UNSUPPORTED_PROTOCOL, TRIVET_E_USAGE, "only https is possible"},
    {CURLE_OUT_OF_MEMORY, TRIVET_E_MEMORY, "out of memory"},
    {CURLE_COULDNT_RESOLVE_HOST, TRIVET_E_UNAVAILABLE,
        "the server's name was not found"},
    {CURLE_COULDNT_RESOLVE_PROXY, TRIVET_E_UNAVAILABLE,
        "the proxy's name was not found"},
    {CURLE_COULDNT_CONNECT, TRIVET_E_UNAVAILABLE, "cannot connect"},
    {CURLE_OPERATION_TIMEDOUT, TRIVET_E_UNAVAILABLE, "too slow"},
    {CURLE_PARTIAL_FILE, TRIVET_E_UNAVAILABLE, "the answer is incomplete"},
    {CURLE_GOT_NOTHING, TRIVET_E_UNAVAILABLE, "the server did not answer"},
};

/* ---- what comes in ----------------------------------------------------- */

static size_t
receive_header(char *data, size_t size, size_t num, void *arg)
{
    struct trivet_transport *transport = arg;
    size_t len = size * num;

    /* A header begins with its status line. Of several, such as an interim one
     * and the final one, the last counts. */
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        trivet_wire_answer_release(transport->answer);
        return len;
    }

    if (trivet_wire_answer_add_field(transport->answer, data, len) != TRIVET_OK)
    {
        transport->is_too_big = true;
        return 0;
    }

    return len;
}

static size_t
receive_body(char *data, size_t size, size_t num, void *arg)
{
    struct trivet_transport *transport = arg;
    size_t len = size * num;

    if (trivet_wire_answer_add_body(transport->answer, data, len) != TRIVET_OK)
    {
        transport->is_too_big = true;
        return 0;
    }

    return len;
}

/* Curl is about to send the request on a connection that stands: the second
 * time is a repetition. */
static int
allow_one_send(void *arg, char *remote_address, char *local_address,
    int remote_port, int local_port)
{
    struct trivet_transport *transport = arg;

    (void) remote_address;
    (void) local_address;
    (void) remote_port;
    (void) local_port;

    return transport->num_sends++ == 0 ? CURL_PREREQFUNC_OK
                                       : CURL_PREREQFUNC_ABORT;
}

/* ---- making one -------------------------------------------------------- */

/* What holds for every exchange. */
static bool
set_always(struct trivet_transport *transport)
{
    const struct trivet_transport_config *config = &transport->config;
    CURL *curl = transport->curl;
    bool is_set =
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK
        && curl_easy_setopt(
               curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
               == CURLE_OK
        && curl_easy_setopt(
               curl, CURLOPT_CONNECTTIMEOUT, (long) config->connect_timeout_s)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long) config->timeout_s)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_PROXY, config->proxy) == CURLE_OK
        /* What is given holds for all: NO_PROXY makes no exception. */
        && curl_easy_setopt(curl, CURLOPT_NOPROXY, "") == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, allow_one_send)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_PREREQDATA, transport) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transport->message)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_HEADERDATA, transport) == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body)
               == CURLE_OK
        && curl_easy_setopt(curl, CURLOPT_WRITEDATA, transport) == CURLE_OK;

    if (is_set && config->ca_file[0] != '\0') {
        is_set =
            curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }

    return is_set;
}

struct trivet_transport *
trivet_transport_new(const struct trivet_transport_config *config)
{
    struct trivet_transport *transport = calloc(1, sizeof *transport);

    if (transport == NULL) {
        return NULL;
    }

    transport->config = *config;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(transport);
        return NULL;
    }

    transport->curl = curl_easy_init();
    if (transport->curl == NULL || !set_always(transport)) {
        trivet_transport_free(transport);
        return NULL;
    }

    return transport;
}

void
trivet_transport_free(struct trivet_transport *transport)
{
    if (transport == NULL) {
        return;
    }

    curl_easy_cleanup(transport->curl);
    curl_global_cleanup(); /* counted: one for each init */
    free(transport);
}

/* ---- one exchange ------------------------------------------------------ */

/* Frees a list whose lines may hold tokens. */
static void
free_lines(struct curl_slist *lines)
{
    for (struct curl_slist *line = lines; line != NULL; line = line->next) {
        trivet_wipe(line->data, strlen(line->data));
    }

    curl_slist_free_all(lines);
}

/* Blanks around a value are no part of it: HTTP/2 would send them. */
static bool
add_line(struct curl_slist **lines, const char *name, const char *value)
{
    const struct trivet_slice trimmed =
        trivet_slice_trim(trivet_slice_text(value));
    size_t size = strlen(name) + trimmed.len + 3;
    char *text = malloc(size);
    struct curl_slist *longer = NULL;

    if (text != NULL) {
        /* "Name;" is how curl is told to send an empty value. */
        const char *separator = trimmed.len == 0 ? ";" : ": ";

        (void) snprintf(text, size, "%s%s%.*s", name, separator,
            (int) trimmed.len, (const char *) trimmed.data);
        longer = curl_slist_append(*lines, text);
        trivet_wipe(text, size);
        free(text);
    }
    if (longer == NULL) {
        return false;
    }

    *lines = longer;
    return true;
}

/* Whether request sets the header of `line`, a name and a colon. */
static bool
has_header(const struct trivet_wire_request *request, const char *line)
{
    const struct trivet_slice name = trivet_slice_make(line, strlen(line) - 1);

    for (size_t i = 0; i < request->num_headers; i++) {
        if (trivet_slice_equal_nocase(
                trivet_slice_text(request->headers[i].name), name))
        {
            return true;
        }
    }

    return false;
}

static struct curl_slist *
make_lines(const struct trivet_wire_request *request)
{
    struct curl_slist *lines = NULL;
    bool is_made = true;

    for (size_t i = 0; i < request->num_headers && is_made; i++) {
        is_made = add_line(
            &lines, request->headers[i].name, request->headers[i].value);
    }

    /* curl would add these by itself. "Name:" takes one away. */
    for (size_t i = 0; is_made && i < NUM_UNWANTED; i++) {
        struct curl_slist *longer;

        if (has_header(request, unwanted[i])) {
            continue;
        }

        longer = curl_slist_append(lines, unwanted[i]);
        is_made = longer != NULL;
        lines = is_made ? longer : lines;
    }

    if (!is_made) {
        free_lines(lines);
        return NULL;
    }

    return lines;
}

static bool
set_request(CURL *curl, const struct trivet_wire_request *request,
    struct curl_slist *lines)
{
    const char *body = "";
    bool is_plain_get =
        request->body.data == NULL && strcmp(request->method, "GET") == 0;
    const char *method = is_plain_get ? NULL : request->method;
    long needs_new = request->max_idle_s == 0 ? 1L : 0L;
    bool has_body = request->body.data != NULL
                    || strcmp(request->method, "POST") == 0
                    || strcmp(request->method, "PUT") == 0;

    if (request->body.data != NULL) {
        body = (const char *) request->body.data;
    }
    if (curl_easy_setopt(curl, CURLOPT_URL, request->url) != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines) != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, needs_new) != CURLE_OK
        || curl_easy_setopt(
               curl, CURLOPT_MAXAGE_CONN, (long) request->max_idle_s)
               != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) != CURLE_OK)
    {
        return false;
    }

    if (has_body
        && (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                (curl_off_t) request->body.len)
                != CURLE_OK
            || curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) != CURLE_OK))
    {
        return false;
    }

    return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static enum trivet_status
set_pins(struct trivet_transport *transport, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_pin_set *pins = transport->config.pins;
    CURL *curl = transport->curl;
    char list[TRIVET_PIN_LIST_SIZE];
    bool is_enforced = pins->mode == TRIVET_PINS_ENFORCE;

    if (pins->num_pins == 0) {
        return TRIVET_OK;
    }
    if (is_enforced && trivet_pin_set_count_valid(pins, now_us) == 0) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "transport.pins",
            "all pins have expired: learn new ones (trivet pins learn)");
    }

    trivet_pin_set_format_list(pins, now_us, list);
    if (curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L) != CURLE_OK
        || (is_enforced
            && curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, list)
                   != CURLE_OK))
    {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "transport.pins", "curl cannot check pins");
    }

    return TRIVET_OK;
}

/* The PEM of certificate i in the chain of the last connection, or NULL. */
static const char *
chain_entry(CURL *curl, int i)
{
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK
        || chain == NULL || i >= chain->num_of_certs)
    {
        return NULL;
    }

    for (struct curl_slist *line = chain->certinfo[i]; line != NULL;
         line = line->next)
    {
        if (strncmp(line->data, "Cert:", 5) == 0) {
            return line->data + 5;
        }
    }

    return NULL;
}

static bool
read_key_digest(CURL *curl, unsigned char out[32])
{
    struct trivet_certificate_facts facts;
    const char *leaf = chain_entry(curl, 0);

    if (leaf == NULL
        || trivet_certificate_read(trivet_slice_text(leaf), &facts)
               != TRIVET_OK)
    {
        return false;
    }

    memcpy(out, facts.key_digest, sizeof facts.key_digest);
    return true;
}

static enum trivet_status
explain_pin(struct trivet_transport *transport, struct trivet_error *err)
{
    struct trivet_pin seen = {{0}, 0};
    char text[TRIVET_PIN_TEXT_SIZE] = "a key that curl did not report";

    if (read_key_digest(transport->curl, seen.digest)) {
        trivet_pin_format(&seen, text);
    }

    return trivet_error_set(err, TRIVET_E_UNTRUSTED, "transport.pins",
        "the server's key is none of the %zu pinned ones: it is %s",
        transport->config.pins->num_pins, text);
}

/* The connection ended before its answer, and without TLS's close_notify: newer
 * curls with OpenSSL tell that apart from an answer that is short. */
static bool
is_answer_cut(const struct trivet_transport *transport, CURLcode code)
{
    long status = 0;

    return code == CURLE_RECV_ERROR
           && curl_easy_getinfo(
                  transport->curl, CURLINFO_RESPONSE_CODE, &status)
                  == CURLE_OK
           && status != 0;
}

static enum trivet_status
explain(
    struct trivet_transport *transport, CURLcode code, struct trivet_error *err)
{
    const char *detail = transport->message[0] != '\0'
                             ? transport->message
                             : curl_easy_strerror(code);
    const char *where = "transport";

    if (transport->is_too_big) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "transport",
            "the answer is larger than trivet accepts");
    }
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
        return explain_pin(transport, err);
    }
    if (trivet_transport_has_lost_kept(transport)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "transport",
            "the connection was lost after the request was sent");
    }

    if (code == CURLE_OPERATION_TIMEDOUT) {
        where = "transport.time";
    }
    if (is_answer_cut(transport, code)) {
        code = CURLE_PARTIAL_FILE;
    }

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == code) {
            return trivet_error_set(err, meanings[i].status, where, "%s: %s",
                meanings[i].text, detail);
        }
    }

    return trivet_error_set(
        err, TRIVET_E_UNAVAILABLE, "transport", "network: %s", detail);
}

static void
finish_answer(
    struct trivet_transport *transport, struct trivet_wire_answer *answer)
{
    long status = 0;
    long num_connects = 0;

    (void) curl_easy_getinfo(transport->curl, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(
        transport->curl, CURLINFO_NUM_CONNECTS, &num_connects);
    answer->status = (unsigned) status;

    if (transport->config.pins->num_pins > 0 && num_connects > 0) {
        answer->is_key_seen =
            read_key_digest(transport->curl, answer->key_digest);
    }
}

enum trivet_status
trivet_transport_exchange(struct trivet_transport *transport,
    const struct trivet_wire_request *request, int64_t now_us,
    struct trivet_wire_answer *out, struct trivet_error *err)
{
    struct trivet_wire_answer answer = {0};
    struct curl_slist *lines;
    enum trivet_status status;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    transport->num_sends = 0;
    status = set_pins(transport, now_us, err);
    if (status != TRIVET_OK) {
        return status;
    }

    transport->answer = &answer;
    transport->is_too_big = false;
    transport->message[0] = '\0';

    lines = make_lines(request);
    if (lines != NULL && set_request(transport->curl, request, lines)) {
        code = curl_easy_perform(transport->curl);
    }
    /* An answer without a body has an empty one. */
    if (code == CURLE_OK
        && trivet_wire_answer_add_body(&answer, "", 0) != TRIVET_OK)
    {
        code = CURLE_OUT_OF_MEMORY;
    }

    if (code == CURLE_OK) {
        finish_answer(transport, &answer);
        *out = answer;
    } else {
        status = explain(transport, code, err);
        trivet_wire_answer_release(&answer);
    }

    transport->answer = NULL;
    (void) curl_easy_setopt(transport->curl, CURLOPT_HTTPHEADER, NULL);
    free_lines(lines);
    return status;
}

bool
trivet_transport_has_sent(const struct trivet_transport *transport)
{
    return transport->num_sends > 0;
}

bool
trivet_transport_has_lost_kept(const struct trivet_transport *transport)
{
    return transport->num_sends > 1;
}

/* All certificates of the last connection, as text. NULL: there are none, or
 * memory ran out. */
static char *
chain_text(CURL *curl)
{
    struct trivet_buffer text = trivet_buffer_make(MAX_CHAIN);
    const char *entry;

    for (int i = 0; (entry = chain_entry(curl, i)) != NULL; i++) {
        if (trivet_buffer_append(&text, trivet_slice_text(entry)) != TRIVET_OK
            || trivet_buffer_append(&text, trivet_slice_text("\n"))
                   != TRIVET_OK)
        {
            break;
        }
    }

    return text.data;
}

char *
trivet_transport_fetch_chain(struct trivet_transport *transport,
    const char *url, struct trivet_error *err)
{
    struct trivet_wire_answer answer = {0};
    CURL *curl = transport->curl;
    CURLcode code;

    transport->answer = &answer;
    transport->message[0] = '\0';
    transport->is_too_big = false;
    transport->num_sends = 0;
    (void) curl_easy_setopt(curl, CURLOPT_URL, url);
    (void) curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    code = curl_easy_perform(curl);
    (void) curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 0L);
    transport->answer = NULL;
    trivet_wire_answer_release(&answer);

    if (code != CURLE_OK) {
        (void) explain(transport, code, err);
        return NULL;
    }

    return chain_text(curl);
}
