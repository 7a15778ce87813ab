/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.c - trivet sandbox hosts: what leads an SDK to this gateway */
#define _DEFAULT_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/output.h"
#include "cli/sandbox/sandbox.h"
#include "cli/serve/host_names.h"
#include "cli/serve/probe.h"
#include "cli/table.h"
#include "core/address.h"

enum { OPTION_CHECK = 0x200, OPTION_JSON, SDK_PORT = 443, PROBE_MS = 2000 };

struct options {
    struct cli_data_options data;
    bool checks;
    bool as_json;
};

static const struct argp_option options_table[] = {
    {"check", OPTION_CHECK, NULL, 0,
        "print what is missing on this machine; the exit status is 8 then", 0},
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    (void) arg;

    switch (key) {
    case OPTION_CHECK:
        options->checks = true;
        return 0;
    case OPTION_JSON:
        options->as_json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the lines --------------------------------------------------------- */

static void
print_hosts(const struct cli_hosts *hosts)
{
    for (size_t i = 0; i < hosts->num_names; i++) {
        cli_print("%s %s\n", hosts->address, hosts->names[i]);
    }

    /* Comments: the whole may be pasted into /etc/hosts. */
    if (hosts->port != SDK_PORT) {
        cli_print("# port %d must lead to port %u, or: trivet serve --port "
                  "%d\n",
            (int) SDK_PORT, hosts->port, (int) SDK_PORT);
    }
    if (hosts->ca[0] != '\0') {
        cli_print("# the CA to trust: %s\n", hosts->ca);
    }
}

/* ---- what is missing --------------------------------------------------- */

static bool
is_at(const struct addrinfo *found, const struct trivet_address *wanted)
{
    struct trivet_address address;

    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *four = (const void *) found->ai_addr;

        address = trivet_address_from_ipv4(&four->sin_addr);
    } else if (found->ai_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *) found->ai_addr;

        address = trivet_address_from_ipv6(&six->sin6_addr);
    } else {
        return false;
    }

    return trivet_address_equal(&address, wanted);
}

/* Whether the name leads to the gateway's address, and to no other. */
static bool
leads_here(const struct cli_hosts *hosts, const char *name)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct trivet_address wanted;
    struct addrinfo *list = NULL;
    bool is_here;

    if (trivet_address_parse(trivet_slice_text(hosts->address), &wanted)
            != TRIVET_OK
        || getaddrinfo(name, NULL, &hints, &list) != 0)
    {
        return false;
    }

    is_here = list != NULL;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        is_here = is_here && is_at(at, &wanted);
    }

    freeaddrinfo(list);
    return is_here;
}

/* Asks nobody but an address that is the gateway's. True: nothing is missing.
 */
static bool
check_name(
    const struct cli_hosts *hosts, const char *name, char *why, size_t cap)
{
    const char *ca = hosts->ca[0] == '\0' ? NULL : hosts->ca;
    char url[CLI_MAX_HOST_NAME + 16];
    struct trivet_error err;

    if (!leads_here(hosts, name)) {
        (void) snprintf(
            why, cap, "no line in /etc/hosts: %s %s", hosts->address, name);
        return false;
    }

    (void) snprintf(url, sizeof url, "https://%s/v1", name);
    if (trivet_probe_url(url, ca, PROBE_MS, &err) != TRIVET_OK) {
        (void) snprintf(why, cap,
            "port %d of %s does not lead to the gateway: %.200s",
            (int) SDK_PORT, name, err.detail);
        return false;
    }

    (void) snprintf(why, cap, "found");
    return true;
}

static enum trivet_status
check(const struct options *options, const struct cli_hosts *hosts,
    struct trivet_error *err)
{
    json_t *rows = json_array();
    size_t num_missing = 0;

    for (size_t i = 0; i < hosts->num_names; i++) {
        char why[2 * CLI_MAX_HOST_NAME + 300];
        bool is_there = check_name(hosts, hosts->names[i], why, sizeof why);

        num_missing += !is_there;
        (void) json_array_append_new(
            rows, json_pack("{s:s, s:b, s:s}", "name", hosts->names[i], "found",
                      is_there, "detail", why));
        if (!options->as_json) {
            cli_print("%s: %s\n", hosts->names[i], why);
        }
    }

    if (options->as_json) {
        cli_json_print(rows);
    } else {
        json_decref(rows);
    }

    return num_missing == 0
               ? TRIVET_OK
               : trivet_error_set(err, TRIVET_E_NOT_FOUND, "sandbox.hosts",
                   "%zu of %zu names do not lead to the gateway", num_missing,
                   hosts->num_names);
}

/* ---- the command ------------------------------------------------------- */

static void
print_json(const struct cli_hosts *hosts)
{
    json_t *names = json_array();

    for (size_t i = 0; i < hosts->num_names; i++) {
        (void) json_array_append_new(names, json_string(hosts->names[i]));
    }

    cli_json_print(json_pack("{s:s, s:i, s:s, s:o}", "address", hosts->address,
        "port", (int) hosts->port, "ca", hosts->ca, "names", names));
}

static enum trivet_status
work(const struct options *options, struct trivet_error *err)
{
    static struct cli_hosts hosts;
    char dir[CLI_MAX_PATH];
    enum trivet_status status;

    TRIVET_TRY(cli_data_dir(&options->data, dir, err));
    status = cli_hosts_read(dir, &hosts, err);
    if (status == TRIVET_E_NOT_FOUND || hosts.num_names == 0) {
        return status != TRIVET_OK && status != TRIVET_E_NOT_FOUND
                   ? status
                   : trivet_error_set(err, TRIVET_E_NOT_FOUND, "sandbox.hosts",
                       "%s: no gateway was started here with --host-name or "
                       "--sandbox-host",
                       dir);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    if (options->checks) {
        return check(options, &hosts, err);
    }
    if (options->as_json) {
        print_json(&hosts);
    } else {
        print_hosts(&hosts);
    }

    return TRIVET_OK;
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    return cli_finish_here(work(options, &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_sandbox_hosts_command = {
    .name = "hosts",
    .summary = "what leads an SDK with bunq's host name to this gateway",
    .doc = "Prints the lines for /etc/hosts that lead the names of \"trivet "
           "serve --host-name\" and \"--sandbox-host\" to the gateway.",
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
