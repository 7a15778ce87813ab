/* SPDX-License-Identifier: Apache-2.0 */
/* context_device.c - trivet device list, of a context */
#include <jansson.h>

#include "cli/client/commands.h"
#include "cli/client/common.h"
#include "cli/client/pages.h"
#include "cli/table.h"

struct device {
    struct cli_client client;
    bool is_json;
};

enum { OPTION_JSON = 0x200 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
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

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"ip", "IP", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"description", "DESCRIPTION", CLI_CELL_VALUE},
};

/* Rows of our own form, of the elements that the server gave. */
static json_t *
rows_of(const json_t *devices)
{
    json_t *rows = json_array();
    size_t i;
    json_t *element;

    json_array_foreach(devices, i, element)
    {
        json_t *device = json_object_get(element, "DeviceServer");
        json_t *row;

        if (device == NULL) {
            device = json_object_get(element, "DevicePhone");
        }
        if (device == NULL) {
            continue;
        }

        row = json_object();
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            json_t *value = json_object_get(device, columns[c].key);

            (void) json_object_set_new(row, columns[c].key,
                columns[c].cell == CLI_CELL_MOMENT ? cli_json_moment(value)
                : value == NULL                    ? json_null()
                                                   : json_incref(value));
        }
        (void) json_array_append_new(rows, row);
    }

    return rows;
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
        cli_table_print(columns, sizeof columns / sizeof columns[0],
            rows_of(devices), device.is_json);
        json_decref(devices);
    }

    trivet_context_close(context);
    return number;
}
