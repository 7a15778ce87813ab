/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - trivet call: one call in the session */
#define _DEFAULT_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/client/answer.h"
#include "cli/client/context.h"
#include "cli/client/input.h"
#include "cli/client/options.h"
#include "cli/client/pages.h"
#include "cli/client/show_json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "client/target.h"
#include "core/field_names.h"

enum {
    OPTION_PRINT_CURL = 0x200,
    OPTION_NO_RENEW,
    OPTION_ENCRYPT,
    OPTION_RAW,
    OPTION_PAGINATE,
    MAX_METHOD = 16,
    MAX_GIVEN_HEADERS = 32,
    MAX_PAGES = 10000
};

struct call {
    struct cli_client client;
    struct cli_words words; /* method, path */
    char method[MAX_METHOD];
    const char *data; /* NULL: no body */
    struct trivet_header headers[MAX_GIVEN_HEADERS];
    size_t num_headers;
    bool shows_headers;
    bool prints_curl;
    bool is_raw;
    bool has_pages;
    unsigned flags;
};

static const struct argp_option options[] = {
    {"data", 'd', "BODY", 0, "send BODY, the file @FILE, or - (stdin)", 0},
    {"header", 'H', "NAME: VALUE", 0, "send this header; may be repeated", 0},
    {"include", 'i', NULL, 0, "print status and headers before the body", 0},
    {"raw", OPTION_RAW, NULL, 0, "print the body as it is, also on a terminal",
        0},
    {"paginate", OPTION_PAGINATE, NULL, 0,
        "of a list, also get the pages behind; print each", 0},
    {"print-curl", OPTION_PRINT_CURL, NULL, 0,
        "do not call: print a curl command that would", 0},
    {"no-renew", OPTION_NO_RENEW, NULL, 0,
        "do not open a new session when this one has expired", 0},
    {"encrypt", OPTION_ENCRYPT, NULL, 0,
        "encrypt the body, also an empty one, to the server's key", 0},
    {0},
};

static void
add_header(struct call *call, char *text, struct argp_state *state)
{
    char *colon = strchr(text, ':');

    if (colon == NULL || call->num_headers == MAX_GIVEN_HEADERS) {
        argp_error(state, "-H needs NAME: VALUE, %d times at most",
            (int) MAX_GIVEN_HEADERS);
        return;
    }

    *colon = '\0';
    call->headers[call->num_headers++] =
        (struct trivet_header){text, colon + 1 + strspn(colon + 1, " ")};
}

/* In capitals; a word that is too long is no method. */
static void
set_method(struct call *call, struct argp_state *state)
{
    const char *text = call->words.at[0];

    if (strlen(text) >= sizeof call->method) {
        argp_error(state, "%s is not a method", text);
    }
    for (size_t i = 0; text[i] != '\0' && i < sizeof call->method - 1; i++) {
        call->method[i] = (char) toupper((unsigned char) text[i]);
    }
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct call *call = state->input;

    switch (key) {
    case 'd':
        call->data = argument;
        break;
    case 'H':
        add_header(call, argument, state);
        break;
    case 'i':
        call->shows_headers = true;
        break;
    case OPTION_RAW:
        call->is_raw = true;
        break;
    case OPTION_PAGINATE:
        call->has_pages = true;
        break;
    case OPTION_PRINT_CURL:
        call->prints_curl = true;
        break;
    case OPTION_NO_RENEW:
        call->flags |= TRIVET_CALL_KEEP_SESSION;
        break;
    case OPTION_ENCRYPT:
        call->flags |= TRIVET_CALL_ENCRYPT;
        break;
    case ARGP_KEY_END:
        if (call->prints_curl && (call->flags & TRIVET_CALL_ENCRYPT) != 0) {
            argp_error(state, "--print-curl: curl cannot encrypt a body");
        }
        if (call->words.num > 0) {
            set_method(call, state);
        }
        if (call->has_pages
            && (strcmp(call->method, "GET") != 0 || call->prints_curl)) {
            argp_error(state, "--paginate is for a GET that is made");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct call, client)}, {0}};

/* The body that -d means. */
static int
read_body(const struct call *call, struct trivet_buffer *out)
{
    if (call->data == NULL) {
        return CLI_OK;
    }
    if (call->data[0] == '@') {
        return cli_read_body(call->data + 1, out);
    }
    if (strcmp(call->data, "-") == 0) {
        return cli_read_body("-", out);
    }

    *out = trivet_buffer_make(strlen(call->data));
    if (trivet_buffer_append(out, trivet_slice_text(call->data)) != TRIVET_OK) {
        return cli_complain(CLI_FAILURE, "out of memory");
    }

    return CLI_OK;
}

/* Programs get the body byte for byte; a terminal would obey it. */
static void
print_body(const struct call *call, const struct trivet_answer *answer)
{
    bool is_shown = isatty(STDOUT_FILENO) != 0;
    const struct trivet_slice body =
        trivet_slice_make(answer->body, answer->body_len);

    if (!is_shown) {
        (void) fwrite(answer->body, 1, answer->body_len, stdout);
    } else if (call->is_raw || !cli_show_json(stdout, body)) {
        cli_put_block(stdout, answer->body, answer->body_len);
        (void) putchar('\n');
    }
    (void) fflush(stdout);
}

static void
print_answer(const struct call *call, const struct trivet_answer *answer)
{
    if (call->shows_headers) {
        cli_print("HTTP %u\n", answer->status);
        for (size_t i = 0; i < answer->num_headers; i++) {
            cli_put_text(stdout, answer->headers[i].name);
            (void) fputs(": ", stdout);
            cli_put_text(stdout, answer->headers[i].value);
            (void) putchar('\n');
        }
        (void) putchar('\n');
    }

    print_body(call, answer);
}

/* One call, or one page of several. *out is to be freed; NULL: there is none.
 */
static int
make_call(const struct call *call, struct trivet_context *context,
    const char *path, const struct trivet_buffer *body,
    struct trivet_answer **out)
{
    const struct trivet_call ours = {
        .method = call->method,
        .path = path,
        .body = body->data,
        .body_len = body->len,
        .headers = call->headers,
        .num_headers = call->num_headers,
        .flags = call->flags,
    };
    struct trivet_error err;
    int number;

    *out = NULL;
    if (trivet_call(context, &ours, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    print_answer(call, *out);
    number = cli_exit_of_answer((*out)->status);
    if (number != CLI_OK) {
        (void) cli_refused(*out);
    }

    return number;
}

/* Each page is printed as it came, so each is a line of its own. */
static int
make_calls(const struct call *call, struct trivet_context *context,
    const struct trivet_buffer *body)
{
    char next[CLI_MAX_PAGE_PATH];
    const char *path = call->words.at[1];
    bool has_more;
    int num_pages = 0;
    int number;

    do {
        struct trivet_answer *answer;

        number = make_call(call, context, path, body, &answer);
        has_more = number == CLI_OK && call->has_pages
                   && ++num_pages < MAX_PAGES
                   && cli_pages_find_next(answer, path, next);
        trivet_answer_free(answer);
        if (call->has_pages && isatty(STDOUT_FILENO) == 0) {
            (void) putchar('\n');
        }
        path = next;
    } while (has_more);

    return number;
}

/* Without quotes around it, for a shell's single ones. */
static void
print_inside(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'') {
            (void) fputs("'\\''", stdout);
        } else {
            (void) putchar(text[i]);
        }
    }
}

/* option 'text', and the line goes on. */
static void
print_option(const char *option, const char *text, size_t len)
{
    cli_print("  %s '", option);
    print_inside(text, len);
    (void) fputs("' \\\n", stdout);
}

static void
print_headers(const struct call *call, bool has_body)
{
    bool has_type = false;

    for (size_t i = 0; i < call->num_headers; i++) {
        const struct trivet_header *header = &call->headers[i];

        has_type = has_type || strcasecmp(header->name, "Content-Type") == 0;
        (void) fputs("  -H '", stdout);
        print_inside(header->name, strlen(header->name));
        /* "Name;" is how curl is told to send an empty value. */
        (void) fputs(header->value[0] == '\0' ? ";" : ": ", stdout);
        print_inside(header->value, strlen(header->value));
        (void) fputs("' \\\n", stdout);
    }

    if (has_body && !has_type) {
        (void) fputs("  -H 'Content-Type: application/json' \\\n", stdout);
    }
}

static void
print_url(const char *base_url, const char *path)
{
    (void) fputs("  '", stdout);
    print_inside(base_url, strlen(base_url));
    (void) putchar('/');
    print_inside(path, strlen(path));
    (void) fputs("'\n", stdout);
}

/* The token is a secret and not printed: a shell variable stands for it. */
static int
print_curl(const struct call *call, struct trivet_context *context,
    const struct trivet_buffer *body)
{
    char signature[TRIVET_SIGNATURE_SIZE];
    struct trivet_context_info info;
    struct trivet_error err;
    const char *data = body->len == 0 ? "" : body->data;
    const char *below;

    trivet_context_describe(context, &info);
    if (trivet_target_below(info.base_url, call->words.at[1], &below, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }
    if (body->len > 0 && memchr(body->data, '\0', body->len) != NULL) {
        return cli_complain(CLI_USAGE,
            "the body has a NUL byte, which no command line can have");
    }
    if (trivet_context_sign(context, data, body->len, signature, &err)
        != TRIVET_OK) {
        return cli_fail(&err);
    }

    cli_print("# TOKEN: session_context.token of %s\n", call->client.path);
    (void) fputs("curl -g --path-as-is \\\n", stdout);
    print_option("-X", call->method, strlen(call->method));
    if (info.ca_file[0] != '\0') {
        print_option("--cacert", info.ca_file, strlen(info.ca_file));
    }
    if (info.proxy[0] != '\0') {
        print_option("-x", info.proxy, strlen(info.proxy));
    }
    (void) fputs("  -H 'Cache-Control: no-cache' -H 'User-Agent: curl' \\\n"
                 "  -H \"" TRIVET_FIELD_TOKEN ": $TOKEN\" \\\n",
        stdout);
    cli_print("  -H '" TRIVET_FIELD_CLIENT_SIGNATURE ": %s' \\\n", signature);
    print_headers(call, body->data != NULL);
    if (body->data != NULL) {
        /* --data-binary would read a file when an @ comes first. */
        print_option("--data-raw", body->data, body->len);
    }
    print_url(info.base_url, below);

    return CLI_OK;
}

static int
run(void *input)
{
    struct call *call = input;
    struct trivet_buffer body = {0};
    bool stays_offline =
        call->prints_curl || (call->flags & TRIVET_CALL_KEEP_SESSION) != 0;
    unsigned flags = stays_offline ? TRIVET_OPEN_OFFLINE : 0;
    struct trivet_context *context;
    int number = read_body(call, &body);

    if (number != CLI_OK) {
        return number;
    }

    number = cli_client_open(&call->client, flags, &context);
    if (number == CLI_OK) {
        number =
            (call->prints_curl ? print_curl : make_calls)(call, context, &body);
        trivet_context_close(context);
    }

    trivet_buffer_free(&body);
    return number;
}

const struct cli_command cli_call_command = {
    .name = "call",
    .summary = "make a signed call, print the verified answer",
    .doc = "Make a signed call and print the verified answer's body."
           "\vExit status: 0 for a 2xx; 3 for 401 and 403; 4 for other 4xx; 5 "
           "for 5xx and network trouble; 6 when the answer cannot be trusted; "
           "7 for 429; 10 when it was sent and no answer came, so that nobody "
           "knows "
           "whether the server acted: look before you call again.",
    .arguments = {"METHOD PATH", 2, 2, offsetof(struct call, words), NULL},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct call),
    .run = run,
};
