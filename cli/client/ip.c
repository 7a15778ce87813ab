/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip.c - trivet ip: from which addresses the API key may be used
 *
 *   GET  user/{u}/credential-password-ip           the user's API keys
 *   GET  user/{u}/credential-password-ip/{c}/ip    the addresses of one
 *   POST user/{u}/credential-password-ip/{c}/ip    one more
 *   PUT  user/{u}/credential-password-ip/{c}/ip/{i}  ACTIVE or INACTIVE
 */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client/answer.h"
#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/client/pages.h"
#include "cli/commands.h"
#include "cli/nearest.h"
#include "cli/table.h"
#include "core/address.h"

enum {
    OPTION_CREDENTIAL = 0x200,
    OPTION_JSON,
    MAX_CREDENTIALS = 64,
    MAX_IP_PATH = 160
};

struct ip {
    struct cli_client client;
    struct cli_words words; /* what to do, the address */
    long long credential;   /* 0: not given */
    bool is_json;

    struct trivet_context *context;
    long long user;
    long long credentials[MAX_CREDENTIALS];
    size_t num_credentials;
};

static const struct argp_option options[] = {
    {"credential", OPTION_CREDENTIAL, "ID", 0,
        "the API key, when the user has several", 0},
    {"json", OPTION_JSON, NULL, 0, "list: JSON, for programs", 0},
    {0},
};

static const char *const choices[] = {"list", "add", "disable", NULL};

static int list(const struct ip *ip);
static int add(const struct ip *ip);
static int disable(const struct ip *ip);

/* In the order of choices. */
static const struct {
    size_t num_words;
    int (*run)(const struct ip *ip);
} actions[] = {{1, list}, {2, add}, {2, disable}};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct ip *ip = state->input;

    switch (key) {
    case OPTION_CREDENTIAL:
        ip->credential =
            cli_read_number(argument, 1, LLONG_MAX, "--credential", state);
        break;
    case OPTION_JSON:
        ip->is_json = true;
        break;
    case ARGP_KEY_END:
        if (ip->words.num > 0
            && ip->words.num != actions[ip->words.choice].num_words) {
            argp_error(state, "list, add IP or disable IP is needed");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct ip, client)}, {0}};

static int
find_credentials(struct ip *ip)
{
    struct trivet_context_info info;
    char path[MAX_IP_PATH];
    json_t *root;
    size_t i;
    const json_t *element;
    int number;

    trivet_context_describe(ip->context, &info);
    ip->user = info.user_id;
    if (ip->credential != 0) {
        ip->credentials[0] = ip->credential;
        ip->num_credentials = 1;
        return CLI_OK;
    }

    (void) snprintf(
        path, sizeof path, "user/%lld/credential-password-ip", ip->user);
    number = cli_pages_get(ip->context, path, false, &root);
    if (number != CLI_OK) {
        return number;
    }

    json_array_foreach(root, i, element)
    {
        const json_t *id = json_object_get(
            json_object_get(element, "CredentialPasswordIp"), "id");

        if (id != NULL && ip->num_credentials < MAX_CREDENTIALS) {
            ip->credentials[ip->num_credentials++] = json_integer_value(id);
        }
    }
    json_decref(root);

    return CLI_OK;
}

/* Whether both texts are the same address. */
static bool
is_same_address(const char *a, const char *b)
{
    struct trivet_address left;
    struct trivet_address right;

    return trivet_address_parse(trivet_slice_text(a), &left) == TRIVET_OK
           && trivet_address_parse(trivet_slice_text(b), &right) == TRIVET_OK
           && trivet_address_equal(&left, &right);
}

static const struct cli_column columns[] = {
    {"ip", "IP", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"credential_id", "CREDENTIAL", CLI_CELL_VALUE},
    {"id", "ID", CLI_CELL_VALUE},
};

/* Appends the addresses of a credential to rows; with `wanted`, finds its id
 * instead. */
static int
walk(const struct ip *ip, long long credential, json_t *rows,
    const char *wanted, long long *out_id)
{
    char path[MAX_IP_PATH];
    json_t *root;
    size_t i;
    const json_t *element;
    int number;

    (void) snprintf(path, sizeof path,
        "user/%lld/credential-password-ip/%lld/ip", ip->user, credential);
    number = cli_pages_get(ip->context, path, false, &root);
    if (number != CLI_OK) {
        return number;
    }

    json_array_foreach(root, i, element)
    {
        const json_t *entry = json_object_get(element, "PermittedIp");
        const char *address = json_string_value(json_object_get(entry, "ip"));
        const char *status =
            json_string_value(json_object_get(entry, "status"));
        long long id = json_integer_value(json_object_get(entry, "id"));

        if (address == NULL) {
            continue;
        }
        if (wanted == NULL) {
            (void) json_array_append_new(
                rows, json_pack("{s:s, s:s?, s:I, s:I}", "ip", address,
                          "status", status, "credential_id",
                          (json_int_t) credential, "id", (json_int_t) id));
        } else if (is_same_address(address, wanted)) {
            *out_id = id;
        }
    }

    json_decref(root);
    return CLI_OK;
}

/* Sends {"ip":..., "status":...} and wants a 2xx. */
static int
send_entry(const struct ip *ip, const char *method, const char *path,
    const char *status)
{
    json_t *root =
        json_pack("{s:s, s:s}", "ip", ip->words.at[1], "status", status);
    char *body = json_dumps(root, JSON_COMPACT);
    const struct trivet_call call = {.method = method,
        .path = path,
        .body = body,
        .body_len = body == NULL ? 0 : strlen(body)};
    struct trivet_answer *answer = NULL;
    int number = cli_call(ip->context, &call, &answer);

    trivet_answer_free(answer);
    free(body);
    json_decref(root);
    return number;
}

static int
list(const struct ip *ip)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < ip->num_credentials; i++) {
        int number = walk(ip, ip->credentials[i], rows, NULL, NULL);

        if (number != CLI_OK) {
            json_decref(rows);
            return number;
        }
    }

    cli_table_print(
        columns, sizeof columns / sizeof columns[0], rows, ip->is_json);
    return CLI_OK;
}

static int
add(const struct ip *ip)
{
    char path[MAX_IP_PATH];

    if (ip->num_credentials != 1) {
        return cli_complain(CLI_USAGE,
            "the user has %zu API keys: choose one with --credential (see "
            "`trivet ip list`)",
            ip->num_credentials);
    }

    (void) snprintf(path, sizeof path,
        "user/%lld/credential-password-ip/%lld/ip", ip->user,
        ip->credentials[0]);
    return send_entry(ip, "POST", path, "ACTIVE");
}

static int
disable(const struct ip *ip)
{
    char path[MAX_IP_PATH];
    bool is_found = false;

    for (size_t i = 0; i < ip->num_credentials; i++) {
        long long id = 0;
        int number = walk(ip, ip->credentials[i], NULL, ip->words.at[1], &id);

        if (number == CLI_OK && id != 0) {
            (void) snprintf(path, sizeof path,
                "user/%lld/credential-password-ip/%lld/ip/%lld", ip->user,
                ip->credentials[i], id);
            is_found = true;
            number = send_entry(ip, "PUT", path, "INACTIVE");
        }
        if (number != CLI_OK) {
            return number;
        }
    }

    return is_found ? CLI_OK
                    : cli_complain(CLI_NOT_FOUND,
                        "%s is not among the addresses", ip->words.at[1]);
}

static int
run(void *input)
{
    struct ip *ip = input;
    struct trivet_address parsed;
    int number;

    if (ip->words.num > 1
        && trivet_address_parse(trivet_slice_text(ip->words.at[1]), &parsed)
               != TRIVET_OK)
    {
        return cli_complain(
            CLI_USAGE, "%s is not an IP address", ip->words.at[1]);
    }

    number = cli_client_open(&ip->client, 0, &ip->context);
    if (number != CLI_OK) {
        return number;
    }

    number = find_credentials(ip);
    if (number == CLI_OK) {
        number = actions[ip->words.choice].run(ip);
    }

    trivet_context_close(ip->context);
    return number;
}

const struct cli_command cli_ip_command = {
    .name = "ip",
    .summary = "list and change the addresses that may use the API key",
    .doc = "Show or change the addresses from which the API key may be used.",
    .arguments = {"list\nadd IP\ndisable IP", 1, 2, offsetof(struct ip, words),
        choices},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct ip),
    .run = run,
};
