/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - trivet device list, of a context */
#include <jansson.h>

#include "cli/client.h"
#include "cli/client_commands.h"

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    (void) argument;

    switch (key) {
    case ARGP_KEY_INIT:
        cli_client_start(state->input, state);
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0 || argument[0] != 'l') {
            argp_error(state, "list is all that there is");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct argp_child children[] = {
    {&cli_client_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
    .parser = parse,
    .args_doc = "list",
    .doc = "List the devices that the API key is registered with.",
    .children = children,
};

static const char *
text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text == NULL ? "-" : text;
}

static void
print(const struct trivet_answer *answer)
{
    json_t *root = json_loadb(answer->body, answer->body_len, 0, NULL);
    size_t i;
    const json_t *element;

    json_array_foreach(json_object_get(root, "Response"), i, element)
    {
        const json_t *device = json_object_get(element, "DeviceServer");

        if (device == NULL) {
            device = json_object_get(element, "DevicePhone");
        }
        if (device == NULL) {
            continue;
        }

        (void) printf("%lld\t%s\t%s\t%.19s\t%s\n",
            (long long) json_integer_value(json_object_get(device, "id")),
            text_of(device, "status"), text_of(device, "ip"),
            text_of(device, "created"), text_of(device, "description"));
    }

    json_decref(root);
}

int
cli_context_device_list(int argc, char **argv)
{
    const struct trivet_call call = {.method = "GET", .path = "device"};
    struct cli_client client = CLI_CLIENT_INIT;
    struct trivet_context *context;
    struct trivet_answer *answer;
    enum trivet_exit number;

    if (argp_parse(&argp, argc, argv, 0, NULL, &client) != 0) {
        return TRIVET_EXIT_USAGE;
    }

    number = cli_client_open(&client, 0, &context);
    if (number != TRIVET_EXIT_OK) {
        return (int) number;
    }

    number = cli_call(context, &call, &answer);
    if (number == TRIVET_EXIT_OK) {
        print(answer);
        trivet_answer_free(answer);
    }

    trivet_context_close(context);
    return (int) number;
}
