/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - what the client commands share: options, opening, telling */
#define _DEFAULT_SOURCE
#include "cli/client/common.h"

#include <fcntl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "cli/hint.h"
#include "cli/output.h"
#include "cli/span.h"
#include "client/secret_file.h"

enum {
    OPTION_CA = 0x100,
    OPTION_PROXY,
    OPTION_PIN,
    OPTION_PIN_MODE,
    OPTION_TIMEOUT,
    OPTION_MAX_WAIT,
    OPTION_NO_THROTTLE
};

static const struct argp_option options[] = {
    {"context", 'c', "NAME", 0,
        "use this context (or the file, when it has a /)", 10},
    {"ca", OPTION_CA, "FILE", 0, "trust the CA certificates in FILE alone", 10},
    {"proxy", OPTION_PROXY, "URL", 0, "go through this proxy", 10},
    {"pin", OPTION_PIN, "PIN", 0,
        "pin the server's key: sha256/BASE64[@YYYY-MM-DD]; may be repeated",
        10},
    {"pin-mode", OPTION_PIN_MODE, "MODE", 0, "enforce (the default) or report",
        10},
    {"timeout", OPTION_TIMEOUT, "TIME", 0,
        "for one exchange, such as 90s or 2m (30s)", 10},
    {"max-wait", OPTION_MAX_WAIT, "TIME", 0,
        "how long to wait for the rate limit (1m); 0: do not wait", 10},
    {"no-throttle", OPTION_NO_THROTTLE, NULL, 0,
        "leave the counting of calls to the server", 10},
    {"verbose", 'v', NULL, 0, "show the exchange, secrets left out", 10},
    {"quiet", 'q', NULL, 0, "say nothing but errors", 10},
    {0},
};

static void
add_pin(struct cli_client *client, const char *text, struct argp_state *state)
{
    struct trivet_error err;

    if (client->options.num_pins == TRIVET_MAX_PINS) {
        argp_error(state, "more than %d pins", (int) TRIVET_MAX_PINS);
    } else if (trivet_pin_parse(
                   text, &client->pins[client->options.num_pins], &err)
               != TRIVET_OK)
    {
        argp_error(state, "%s", err.detail);
    } else {
        client->options.pins = client->pins;
        client->options.num_pins++;
    }
}

long long
cli_read_number(const char *text, long long min, long long max,
    const char *option, struct argp_state *state)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < min
        || number > max) {
        argp_error(state, "%s wants a number from %lld to %lld, not %s", option,
            min, max, text);
    }

    return number;
}

void
cli_set_environment(struct trivet_context_options *to, const char *name,
    struct argp_state *state)
{
    if (strcmp(name, "sandbox") == 0) {
        to->environment = TRIVET_ENVIRONMENT_SANDBOX;
    } else if (strcmp(name, "production") == 0) {
        to->environment = TRIVET_ENVIRONMENT_PRODUCTION;
    } else {
        argp_error(state, "--env is sandbox or production");
    }
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct cli_client *client = state->input;

    switch (key) {
    case 'c':
        client->context = argument;
        break;
    case OPTION_CA:
        client->options.ca_file = argument;
        break;
    case OPTION_PROXY:
        client->options.proxy = argument;
        break;
    case OPTION_PIN:
        add_pin(client, argument, state);
        break;
    case OPTION_PIN_MODE:
        if (strcmp(argument, "enforce") != 0 && strcmp(argument, "report") != 0)
        {
            argp_error(state, "--pin-mode is enforce or report");
        }
        client->options.flags |= TRIVET_OPEN_PIN_MODE;
        client->options.pin_mode = strcmp(argument, "report") == 0
                                       ? TRIVET_PINS_REPORT
                                       : TRIVET_PINS_ENFORCE;
        break;
    case OPTION_TIMEOUT:
        client->options.timeout_s =
            (int) cli_span_read(argument, 1, 86400, "--timeout", state);
        break;
    case OPTION_MAX_WAIT:
        client->options.max_wait_s =
            (int) cli_span_read(argument, 0, 86400, "--max-wait", state);
        if (client->options.max_wait_s == 0) {
            client->options.max_wait_s = -1;
        }
        break;
    case OPTION_NO_THROTTLE:
        client->options.flags |= TRIVET_OPEN_UNTHROTTLED;
        break;
    case 'v':
        client->is_verbose = true;
        break;
    case 'q':
        client->is_quiet = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

const struct argp cli_client_argp = {.options = options, .parser = parse};

/* ---- telling ----------------------------------------------------------- */

bool
cli_has_colour(FILE *stream)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(fileno(stream)) != 0
           && (no_colour == NULL || no_colour[0] == '\0')
           && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

int
cli_complain(int number, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cli_complain_args(format, args);
    va_end(args);

    return number;
}

int
cli_refused(const struct trivet_answer *answer)
{
    cli_tell("trivet: the server answered %u", answer->status);
    for (size_t i = 0; i < answer->num_errors; i++) {
        (void) fputs(i == 0 ? ": " : "; ", stderr);
        cli_put_text(stderr, answer->errors[i].description);
    }
    (void) fputc('\n', stderr);

    for (size_t i = 0; i < answer->num_errors; i++) {
        if (answer->errors[i].explanation[0] != '\0') {
            (void) fputs("trivet: ", stderr);
            cli_put_text(stderr, answer->errors[i].explanation);
            (void) fputc('\n', stderr);
        }
    }

    return cli_exit_of_answer(answer->status);
}

int
cli_call(struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out)
{
    struct trivet_error err;
    int number;

    if (trivet_call(context, call, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = cli_exit_of_answer((*out)->status);
    if (number != CLI_OK) {
        (void) cli_refused(*out);
        trivet_answer_free(*out);
        *out = NULL;
    }

    return number;
}

enum { MIN_COUNTDOWN_S = 3 };

/* Lets the seconds of a wait pass, and shows how many are left. The wait of
 * the library, which comes behind it, is over then but for a rest. */
static void
count_down(const struct trivet_event *event)
{
    const struct timespec second = {1, 0};
    bool is_session = strstr(event->text, "session-server") != NULL;

    (void) fprintf(stderr, "%s\n",
        is_session ? "(calls in the session that is open need no wait; "
                     "--max-wait 0: fail instead)"
                   : "(--no-throttle: leave the counting to the server; "
                     "--max-wait 0: fail instead)");
    for (int left = (int) event->seconds; left > 0; left--) {
        (void) fprintf(stderr, "\r%d s ", left);
        (void) fflush(stderr);
        (void) nanosleep(&second, NULL);
    }
    (void) fputs("\r         \r", stderr);
    (void) fflush(stderr);
}

static void
tell(void *arg, const struct trivet_event *event)
{
    const struct cli_client *client = arg;
    bool is_watched =
        isatty(STDERR_FILENO) != 0 || client->is_verbose || client->tells_steps;
    const char *mark = "";

    switch (event->kind) {
    case TRIVET_EVENT_STEP:
        if (client->is_quiet || !is_watched) {
            return;
        }
        break;
    case TRIVET_EVENT_WAIT:
        if (client->is_quiet || !is_watched
            || (event->seconds < 1 && !client->is_verbose))
        {
            return;
        }
        break;
    case TRIVET_EVENT_SENT:
    case TRIVET_EVENT_RECEIVED:
        if (!client->is_verbose) {
            return;
        }
        mark = event->kind == TRIVET_EVENT_SENT ? "> " : "< ";
        break;
    case TRIVET_EVENT_PIN:
    case TRIVET_EVENT_WARNING:
        mark = "warning: ";
        break;
    }

    flockfile(stderr); /* threads do not mix their lines */
    (void) fputs(mark, stderr);
    cli_put_text(stderr, event->text);
    (void) fputc('\n', stderr);
    funlockfile(stderr);

    if (event->kind == TRIVET_EVENT_WAIT && event->seconds >= MIN_COUNTDOWN_S
        && isatty(STDERR_FILENO) != 0)
    {
        count_down(event);
    }
}

int
cli_exit_of_answer(unsigned http_status)
{
    if (http_status >= 200 && http_status <= 299) {
        return CLI_OK;
    }
    if (http_status == 429) {
        return CLI_THROTTLED;
    }
    if (http_status == 401 || http_status == 403) {
        return CLI_NOT_LOGGED_IN;
    }
    /* 491 is bunq's maintenance. */
    if (http_status == 491 || http_status >= 500) {
        return CLI_NETWORK;
    }

    return http_status >= 400 ? CLI_REFUSED : CLI_FAILURE;
}

/* ---- opening ----------------------------------------------------------- */

void
cli_client_start(struct cli_client *client, struct argp_state *state)
{
    state->child_inputs[0] = client;
    client->options.on_event = tell;
    client->options.event_arg = client;
}

int
cli_client_locate(struct cli_client *client, bool makes_folders)
{
    struct trivet_error err;

    if (cli_context_path(client->context, makes_folders, client->path, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    cli_hint_use(client->context);
    client->options.file = client->path;
    return CLI_OK;
}

int
cli_client_find(struct cli_client *client)
{
    int number = cli_client_locate(client, false);

    if (number == CLI_OK && access(client->path, F_OK) != 0) {
        number = cli_complain(CLI_NOT_LOGGED_IN,
            "there is no context %s: log in first (trivet login)",
            client->path);
    }

    return number;
}

int
cli_client_open(
    struct cli_client *client, unsigned flags, struct trivet_context **out)
{
    struct trivet_error err;
    int number = cli_client_find(client);

    if (number != CLI_OK) {
        return number;
    }

    client->options.flags |= flags;
    if (trivet_context_open(&client->options, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return CLI_OK;
}

static int
read_input(const char *name, size_t max, struct trivet_buffer *out)
{
    struct trivet_error err;
    enum trivet_status status;
    int fd = STDIN_FILENO;

    if (strcmp(name, "-") != 0) {
        fd = open(name, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return cli_complain(errno == ENOENT ? CLI_NOT_FOUND : CLI_USAGE,
            "%s: %s", name, strerror(errno));
    }

    status = trivet_input_read(fd, name, max, out, &err);
    if (fd != STDIN_FILENO) {
        (void) close(fd);
    }

    return status == TRIVET_OK ? CLI_OK : cli_fail(&err);
}

int
cli_read_input(const char *name, struct trivet_buffer *out)
{
    return read_input(name, TRIVET_MAX_SECRET_FILE, out);
}

int
cli_read_body(const char *name, struct trivet_buffer *out)
{
    return read_input(name, TRIVET_MAX_BODY_FILE, out);
}
