/* SPDX-License-Identifier: Apache-2.0 */
/* host_names.c - the other names that a gateway is called by */
#include "cli/serve/host_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/json_file.h"

enum { MAX_LABEL = 63 };

const char cli_sandbox_host[] = "public-api.sandbox.bunq.com";

static const char file_name[] = "hosts.json";

/* ---- names ------------------------------------------------------------- */

bool
cli_host_name_is_good(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const char *label = text;
    bool has_letter = false;

    if (strlen(text) >= CLI_MAX_HOST_NAME) {
        return false;
    }

    for (;;) {
        size_t len = strspn(label, letters);

        if (len == 0 || len > MAX_LABEL || label[0] == '-'
            || label[len - 1] == '-') {
            return false;
        }

        /* Of the last label: 192.0.2.1 is no name. */
        has_letter = strspn(label, "0123456789") < len;
        if (label[len] == '\0') {
            return has_letter;
        }
        if (label[len] != '.') {
            return false;
        }

        label += len + 1;
    }
}

/* ---- the file ---------------------------------------------------------- */

enum trivet_status
cli_hosts_write(
    const char *dir, const struct cli_hosts *hosts, struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    json_t *names = json_array();
    enum trivet_status status;
    json_t *tree;
    char *text;

    TRIVET_TRY(cli_data_path(dir, file_name, path, err));

    for (size_t i = 0; i < hosts->num_names; i++) {
        (void) json_array_append_new(names, json_string(hosts->names[i]));
    }
    tree = json_pack("{s:s, s:i, s:s, s:o}", "address", hosts->address, "port",
        (int) hosts->port, "ca", hosts->ca, "names", names);
    text = tree == NULL ? NULL : json_dumps(tree, JSON_INDENT(1));
    json_decref(tree);
    if (text == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "hosts", "out of memory");
    }

    status =
        trivet_file_replace_whole(path, trivet_slice_text(text), 0600, err);
    free(text);

    return status;
}

static enum trivet_status
read_names(const struct cli_json_file *file, struct cli_hosts *out,
    struct trivet_error *err)
{
    const struct cli_json_at root = cli_json_root(file);
    struct cli_json_at list;

    TRIVET_TRY(
        cli_json_get_array(file, &root, "names", &list, &out->num_names, err));
    if (out->num_names > CLI_MAX_HOST_NAMES) {
        return cli_json_refuse(file, &list, err, "too many");
    }

    for (size_t i = 0; i < out->num_names; i++) {
        const struct cli_json_at item = cli_json_item(&list, i);
        const char *name = json_string_value(item.value);

        if (name == NULL || !cli_host_name_is_good(name)) {
            return cli_json_refuse(file, &item, err, "not a host name");
        }
        (void) snprintf(out->names[i], CLI_MAX_HOST_NAME, "%s", name);
    }

    return TRIVET_OK;
}

static enum trivet_status
read_hosts(const struct cli_json_file *file, struct cli_hosts *out,
    struct trivet_error *err)
{
    const struct cli_json_at root = cli_json_root(file);
    const struct cli_json_at port = cli_json_field(&root, "port");
    json_int_t number = json_integer_value(port.value);
    const char *ca = json_string_value(json_object_get(file->tree, "ca"));
    const char *address;

    memset(out, 0, sizeof *out);
    TRIVET_TRY(cli_json_get_text(
        file, &root, "address", sizeof out->address - 1, true, &address, err));
    if (number < 1 || number > 65535) {
        return cli_json_refuse(file, &port, err, "not a port");
    }

    (void) snprintf(out->address, sizeof out->address, "%s", address);
    (void) snprintf(out->ca, sizeof out->ca, "%s", ca == NULL ? "" : ca);
    out->port = (unsigned) number;

    return read_names(file, out, err);
}

enum trivet_status
cli_hosts_read(const char *dir, struct cli_hosts *out, struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    struct cli_json_file file;
    enum trivet_status status;

    TRIVET_TRY(cli_data_path(dir, file_name, path, err));
    TRIVET_TRY(cli_json_file_load(path, &file, err));

    status = read_hosts(&file, out, err);
    cli_json_file_free(&file);

    return status;
}
