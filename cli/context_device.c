/* SPDX-License-Identifier: Apache-2.0 */
/* context_device.c - trivet device list, of a context */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/client.h"
#include "cli/client_commands.h"
#include "cli/pages.h"

struct device {
    struct cli_client client;
    bool is_json;
};

enum { OPTION_JSON = 0x200 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "as JSON", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct device *device = state->input;

    (void) argument;

    switch (key) {
    case ARGP_KEY_INIT:
        cli_client_start(&device->client, state);
        break;
    case OPTION_JSON:
        device->is_json = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct argp_child children[] = {
    {&cli_client_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
    .options = options,
    .parser = parse,
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
put_field(const char *text, char end)
{
    cli_put_text(stdout, text);
    (void) putchar(end);
}

static void
print(const json_t *devices)
{
    size_t i;
    const json_t *element;
    char created[20]; /* without the fraction */

    json_array_foreach(devices, i, element)
    {
        const json_t *device = json_object_get(element, "DeviceServer");

        if (device == NULL) {
            device = json_object_get(element, "DevicePhone");
        }
        if (device == NULL) {
            continue;
        }

        (void) snprintf(
            created, sizeof created, "%s", text_of(device, "created"));
        (void) printf("%lld\t",
            (long long) json_integer_value(json_object_get(device, "id")));
        put_field(text_of(device, "status"), '\t');
        put_field(text_of(device, "ip"), '\t');
        put_field(created, '\t');
        put_field(text_of(device, "description"), '\n');
    }
}

/* In the form of the server's answer, in one line. */
static void
print_json(json_t *devices)
{
    json_t *root = json_pack("{s:O}", "Response", devices);
    char *text = json_dumps(root, JSON_COMPACT);

    if (text != NULL) {
        (void) puts(text);
    }
    free(text);
    json_decref(root);
}

int
cli_context_device_list(int argc, char **argv)
{
    struct device device = {.client = CLI_CLIENT_INIT};
    struct trivet_context *context;
    json_t *devices;
    int number;

    if (argp_parse(&argp, argc, argv, 0, NULL, &device) != 0) {
        return CLI_USAGE;
    }

    number = cli_client_open(&device.client, 0, &context);
    if (number != CLI_OK) {
        return number;
    }

    number = cli_pages_get(context, "device", false, &devices);
    if (number == CLI_OK) {
        if (device.is_json) {
            print_json(devices);
        } else {
            print(devices);
        }
        json_decref(devices);
    }

    trivet_context_close(context);
    return number;
}
