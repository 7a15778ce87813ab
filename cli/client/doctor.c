/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c - trivet doctor: what is wrong, and the next step to take
 *
 * One examination after the other (a table), each on what the ones before
 * found out. Each says "ok", "warn" or "FAIL", what it saw, and for the two
 * latter what to do.
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <jansson.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timestamp.h"
#include "cli/client/advice.h"
#include "cli/client/answer.h"
#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/client/pages.h"
#include "cli/commands.h"
#include "cli/hint.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/text.h"
#include "client/clock.h"
#include "client/pins.h"
#include "client/transport.h"
#include "client/url.h"
#include "client/remedy.h"
#include "core/address.h"
#include "crypto/pin.h"

enum { MAX_CLOCK_OFF_S = 30, CERTIFICATE_SOON_D = 14 };

enum verdict { VERDICT_OK = 0, VERDICT_WARN, VERDICT_FAIL };

struct doctor {
    struct cli_client client;
    struct trivet_context *context;
    struct trivet_context_info info;
    struct trivet_address own; /* towards the server */
    bool has_own;
    bool has_session;
};

enum { MAX_SAID = 8192 }; /* bytes: a path may be in it */

/* One line: a mark, the matter, what was found. */
static void TRIVET_PRINTF(4, 5) say(enum verdict verdict, const char *matter,
    const char *next, const char *format, ...)
{
    static const struct {
        const char *word;
        const char *colour;
    } marks[] = {
        {"ok  ", "\033[32m"}, {"warn", "\033[33m"}, {"FAIL", "\033[31m"}};
    bool has_colour = cli_has_colour(stdout);
    char text[MAX_SAID];
    char shown[2 * MAX_SAID];
    va_list args;

    cli_put_sequence(stdout, has_colour ? marks[verdict].colour : "");
    cli_print("%s", marks[verdict].word);
    cli_put_sequence(stdout, has_colour ? "\033[0m" : "");
    cli_print("  %-12s ", matter);
    va_start(args, format);
    (void) vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_hint_expand(text, shown, sizeof shown);
    cli_put_text(stdout, shown);
    (void) putchar('\n');
    if (verdict != VERDICT_OK && next != NULL) {
        cli_hint_expand(next, shown, sizeof shown);
        cli_print("      next: %s\n", shown);
    }
    (void) fflush(stdout);
}

/* ---- the examinations: each gives the number of its failure ------------- */

static int
examine_file(struct doctor *doctor)
{
    struct trivet_context *context;
    struct trivet_error err;
    int number = cli_client_locate(&doctor->client, false);

    if (number != CLI_OK) {
        return number;
    }
    if (trivet_file_is_missing(doctor->client.path)) {
        say(VERDICT_FAIL, "file", "trivet login", "%s is not there",
            doctor->client.path);
        return CLI_NOT_LOGGED_IN;
    }

    doctor->client.options.flags |= TRIVET_OPEN_OFFLINE;
    if (trivet_context_open(&doctor->client.options, &context, &err)
        != TRIVET_OK) {
        say(VERDICT_FAIL, "file", cli_advise_on_file(&err), "%s", err.detail);
        return cli_exit_of_status(err.status);
    }

    doctor->context = context;
    trivet_context_describe(context, &doctor->info);
    say(VERDICT_OK, "file", NULL, "%s, mode 0600, %s", doctor->client.path,
        doctor->info.base_url);
    return CLI_OK;
}

/* Where our packets to the server would come from: no packet is sent. */
static bool
find_own_address(const struct addrinfo *to, struct trivet_address *out)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_found = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0
                    && getsockname(fd, (struct sockaddr *) &from, &len) == 0;

    if (fd >= 0) {
        (void) close(fd);
    }
    if (!is_found) {
        return false;
    }

    if (from.ss_family == AF_INET) {
        *out = trivet_address_from_ipv4(
            &((const struct sockaddr_in *) &from)->sin_addr);
    } else {
        *out = trivet_address_from_ipv6(
            &((const struct sockaddr_in6 *) &from)->sin6_addr);
    }
    return true;
}

/* "[::1]" -> "::1", in place. */
static const char *
unbracket(char *host)
{
    size_t len = strlen(host);

    if (host[0] != '[' || host[len - 1] != ']') {
        return host;
    }

    host[len - 1] = '\0';
    return host + 1;
}

static int
examine_name(struct doctor *doctor)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[16];
    char text[NI_MAXHOST] = "";
    struct trivet_url url;
    bool has_proxy = doctor->info.proxy[0] != '\0';
    const char *host;
    int code;

    if (trivet_url_parse(doctor->info.base_url, &url, NULL) != TRIVET_OK) {
        say(VERDICT_FAIL, "name", "trivet login --new", "%s is no URL",
            doctor->info.base_url);
        return CLI_FAILURE;
    }

    (void) snprintf(port, sizeof port, "%u", url.port);
    host = unbracket(url.host);
    code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        /* A proxy may still know the name. */
        enum verdict verdict = has_proxy ? VERDICT_WARN : VERDICT_FAIL;

        say(verdict, "name", "check the name, the network and /etc/resolv.conf",
            "%s: %s", host, gai_strerror(code));
        return has_proxy ? CLI_OK : CLI_NETWORK;
    }

    (void) getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text,
        NULL, 0, NI_NUMERICHOST);
    doctor->has_own = !has_proxy && find_own_address(found, &doctor->own);
    freeaddrinfo(found);
    say(VERDICT_OK, "name", NULL, "%s is %s", host, text);

    return CLI_OK;
}

static int
check_certificate(
    const struct doctor *doctor, const struct trivet_certificate_facts *facts)
{
    int64_t now_us = trivet_clock_now_us();
    int64_t left_us = facts->not_after_us - now_us;
    struct trivet_pin seen = {{0}, 0};
    struct trivet_pin_set set;
    char span[CLI_DISTANCE_SIZE];
    char pin[TRIVET_PIN_TEXT_SIZE];
    bool is_soon = left_us < CERTIFICATE_SOON_D * 86400 * TRIVET_US_PER_S;
    enum verdict verdict = is_soon ? VERDICT_WARN : VERDICT_OK;

    cli_format_distance(left_us, span);
    memcpy(seen.digest, facts->key_digest, sizeof seen.digest);
    trivet_pin_format(&seen, pin);
    say(verdict, "certificate", "the server's operator has to renew it",
        "%s, valid for %s", facts->subject, span);

    if (doctor->info.num_pins == 0) {
        say(VERDICT_OK, "pins", NULL, "none set; the server's is %s", pin);
        return CLI_OK;
    }

    (void) !trivet_pin_set_make(doctor->info.pins, doctor->info.num_pins,
        doctor->info.pin_mode, &set, NULL);
    if (trivet_pin_set_has(&set, seen.digest, now_us)) {
        say(VERDICT_OK, "pins", NULL, "%s is pinned", pin);
        return CLI_OK;
    }

    verdict = set.mode == TRIVET_PINS_REPORT ? VERDICT_WARN : VERDICT_FAIL;
    say(verdict, "pins",
        "ask the server's operator whether its key has changed; then trivet "
        "pins learn",
        "%s is not pinned (%zu pins, %zu of them valid)", pin, set.num_pins,
        trivet_pin_set_count_valid(&set, now_us));
    return set.mode == TRIVET_PINS_REPORT ? CLI_OK : CLI_UNTRUSTED;
}

static int
examine_certificate(struct doctor *doctor)
{
    static const struct trivet_pin_set no_pins;
    const char *given_ca = doctor->client.options.ca_file;
    const char *ca_file = given_ca == NULL ? doctor->info.ca_file : given_ca;
    struct trivet_certificate_facts facts;
    struct trivet_error err = {.status = TRIVET_E_UNAVAILABLE, .detail = ""};
    struct trivet_transport *transport =
        trivet_transport_new(&(struct trivet_transport_config){
            ca_file, doctor->info.proxy, &no_pins, 10, 30});
    char *chain = transport == NULL ? NULL
                                    : trivet_transport_fetch_chain(
                                        transport, doctor->info.base_url, &err);
    bool is_read = chain != NULL
                   && trivet_certificate_read(trivet_slice_text(chain), &facts)
                          == TRIVET_OK;

    free(chain);
    trivet_transport_free(transport);
    if (!is_read) {
        say(VERDICT_FAIL, "certificate", cli_advise_on_connection(&err), "%s",
            err.detail);
        return cli_exit_of_status(err.status);
    }

    return check_certificate(doctor, &facts);
}

/* The server's Date: in "Sun, 06 Nov 1994 08:49:37 GMT". */
static bool
read_date(const char *text, int64_t *out_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    char iso[48];
    const char *found;
    int day;
    int year;
    int hour;
    int minute;
    int second;

    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year,
            &hour, &minute, &second)
            != 6
        || strlen(month) != 3)
    {
        return false;
    }

    found = strstr(months, month);
    if (found == NULL) {
        return false;
    }

    (void) snprintf(iso, sizeof iso, "%04d-%02d-%02d %02d:%02d:%02d", year,
        (int) (found - months) / 3 + 1, day, hour, minute, second);
    return trivet_timestamp_parse(trivet_slice_text(iso), out_us) == TRIVET_OK;
}

static void
check_clock(const char *date)
{
    int64_t server_us;
    int64_t off_us;
    char span[CLI_DISTANCE_SIZE];

    if (date == NULL || !read_date(date, &server_us)) {
        say(VERDICT_OK, "clock", NULL, "the server does not report its time");
        return;
    }

    off_us = trivet_clock_now_us() - server_us;
    cli_format_distance(off_us, span);
    if (llabs(off_us) > MAX_CLOCK_OFF_S * TRIVET_US_PER_S) {
        say(VERDICT_WARN, "clock", "set the clock (chrony, systemd-timesyncd)",
            "%s %s the server's", span,
            cli_text_of(off_us > 0, "ahead of", "behind"));
        return;
    }

    say(VERDICT_OK, "clock", NULL, "within %d s of the server's",
        (int) MAX_CLOCK_OFF_S);
}

static int
open_session(struct doctor *doctor)
{
    struct trivet_context_options wanted = doctor->client.options;
    struct trivet_context *context;
    struct trivet_error err;

    wanted.flags &= ~(unsigned) TRIVET_OPEN_OFFLINE;
    if (trivet_context_open(&wanted, &context, &err) != TRIVET_OK) {
        say(VERDICT_FAIL, "session",
            cli_advise_on_session(doctor->info.has_device, &err), "%s",
            err.detail);
        return cli_exit_of_status(err.status);
    }

    trivet_context_describe(context, &doctor->info);
    trivet_context_close(doctor->context);
    doctor->context = context;
    return CLI_OK;
}

/* GET user was answered with an error. */
static void
say_refused(const struct doctor *doctor, const struct trivet_answer *answer)
{
    const char *reason = trivet_answer_header(answer, "X-Trivet-Reason");
    const char *advice = trivet_remedy_find(reason);
    const char *description = "";

    if (advice == NULL) {
        advice = trivet_remedy_of_credentials(doctor->info.has_device);
    }
    if (answer->num_errors > 0) {
        description = answer->errors[0].description;
    }

    if (reason == NULL) {
        say(VERDICT_FAIL, "session", advice, "GET user: %u %.200s",
            answer->status, description);
    } else {
        say(VERDICT_FAIL, "session", advice, "GET user: %u %.200s [%.60s]",
            answer->status, description, reason);
    }
}

static int
examine_session(struct doctor *doctor)
{
    const struct trivet_call call = {.method = "GET", .path = "user"};
    struct trivet_answer *answer;
    struct trivet_error err;
    int number = open_session(doctor);

    if (number != CLI_OK) {
        return number;
    }
    if (trivet_call(doctor->context, &call, &answer, &err) != TRIVET_OK) {
        say(VERDICT_FAIL, "session",
            cli_advise_on_call(doctor->info.has_device, &err), "%s",
            err.detail);
        return cli_exit_of_status(err.status);
    }

    check_clock(trivet_answer_header(answer, "Date"));
    number = cli_exit_of_answer(answer->status);
    if (number != CLI_OK) {
        say_refused(doctor, answer);
    } else {
        doctor->has_session = true;
        say(VERDICT_OK, "session", NULL, "%s (%s %lld), answers verified",
            doctor->info.user_name, doctor->info.user_type,
            (long long) doctor->info.user_id);
    }

    trivet_answer_free(answer);
    return number;
}

/* Puts the active addresses of one key into set. */
static bool
collect_addresses(const struct doctor *doctor, long long credential,
    struct trivet_permitted *set)
{
    char path[160];
    json_t *root;
    size_t i;
    const json_t *element;

    (void) snprintf(path, sizeof path,
        "user/%lld/credential-password-ip/%lld/ip",
        (long long) doctor->info.user_id, credential);
    if (cli_pages_get(doctor->context, path, true, &root) != CLI_OK) {
        return false;
    }

    json_array_foreach(root, i, element)
    {
        const json_t *entry = json_object_get(element, "PermittedIp");
        const char *ip = json_string_value(json_object_get(entry, "ip"));
        const char *status =
            json_string_value(json_object_get(entry, "status"));

        if (ip != NULL && (status == NULL || strcmp(status, "ACTIVE") == 0)) {
            (void) !trivet_permitted_add(set, trivet_slice_text(ip));
        }
    }

    json_decref(root);
    return true;
}

static int
examine_addresses(struct doctor *doctor)
{
    char path[96];
    struct trivet_permitted *set = calloc(1, sizeof *set);
    char own[TRIVET_MAX_ADDRESS_TEXT] = "unknown";
    json_t *root;
    size_t i;
    const json_t *element;

    (void) snprintf(path, sizeof path, "user/%lld/credential-password-ip",
        (long long) doctor->info.user_id);
    if (set == NULL || !doctor->has_session
        || cli_pages_get(doctor->context, path, true, &root) != CLI_OK)
    {
        say(VERDICT_OK, "addresses", NULL, "the server does not list them");
        free(set);
        return CLI_OK;
    }

    json_array_foreach(root, i, element)
    {
        (void) collect_addresses(doctor,
            json_integer_value(json_object_get(
                json_object_get(element, "CredentialPasswordIp"), "id")),
            set);
    }
    json_decref(root);

    if (doctor->has_own) {
        trivet_address_format(&doctor->own, own);
    }
    if (set->num_addresses == 0 && !set->has_wildcard) {
        say(VERDICT_OK, "addresses", NULL, "the server does not list them");
    } else if (set->has_wildcard) {
        say(VERDICT_OK, "addresses", NULL, "any address may use the API key");
    } else if (doctor->has_own && trivet_permitted_has(set, &doctor->own)) {
        say(VERDICT_OK, "addresses", NULL, "%s is permitted", own);
    } else {
        /* Behind a NAT the server sees another one: a session is open. */
        say(VERDICT_OK, "addresses", NULL,
            "%zu are permitted; this machine's %s is not among them, the one "
            "that the server sees (behind NAT) is",
            set->num_addresses, own);
    }

    free(set);
    return CLI_OK;
}

/* The first four are needed by what follows. */
static int (*const examinations[])(struct doctor *doctor) = {
    examine_file,
    examine_name,
    examine_certificate,
    examine_session,
    examine_addresses,
};

static int
run(void *input)
{
    struct doctor *doctor = input;
    int number = CLI_OK;

    for (size_t i = 0;
         i < sizeof examinations / sizeof examinations[0] && number == CLI_OK;
         i++)
    {
        number = examinations[i](doctor);
    }

    trivet_context_close(doctor->context);
    return number;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct doctor, client)}, {0}};

const struct cli_command cli_doctor_command = {
    .name = "doctor",
    .summary = "find what is wrong, and what to do about it",
    .doc = "Examine a context: file, name, certificate and pins, clock, "
           "session, addresses. Says what is wrong and what to do next."
           "\vOpens a session when there is none. Exit status: 0 when nothing "
           "is wrong, else that of the first failure.",
    .shared = shared,
    .input_size = sizeof(struct doctor),
    .run = run,
};
