/* SPDX-License-Identifier: Apache-2.0 */
/* context_device.c - trivet device list, of a context */
#include <jansson.h>

#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/client/pages.h"
#include "cli/commands.h"
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
    case OPTION_JSON:
        device->is_json = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct device, client)}, {0}};

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"ip", "IP", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"description", "DESCRIPTION", CLI_CELL_VALUE},
};

/* value: borrowed, or NULL. */
static json_t *
cell_of(json_t *value, const struct cli_column *column)
{
    if (column->cell == CLI_CELL_MOMENT) {
        return cli_json_moment(value);
    }

    return value == NULL ? json_null() : json_incref(value);
}

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
            (void) json_object_set_new(row, columns[c].key,
                cell_of(json_object_get(device, columns[c].key), &columns[c]));
        }
        (void) json_array_append_new(rows, row);
    }

    return rows;
}

static int
run(void *input)
{
    struct device *device = input;
    struct trivet_context *context;
    json_t *devices;
    int number = cli_client_open(&device->client, 0, &context);

    if (number != CLI_OK) {
        return number;
    }

    number = cli_pages_get(context, "device", false, &devices);
    if (number == CLI_OK) {
        cli_table_print(columns, sizeof columns / sizeof columns[0],
            rows_of(devices), device->is_json);
        json_decref(devices);
    }

    trivet_context_close(context);
    return number;
}

const struct cli_command cli_context_device_command = {
    .name = "list",
    .summary = "list the devices",
    .doc = "List the devices that the API key is registered with.",
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct device),
    .run = run,
};
