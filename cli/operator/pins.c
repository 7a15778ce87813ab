/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - trivet pins, for a gateway: the pins of its data directory */
#define _DEFAULT_SOURCE
#include "cli/operator/pins.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/output.h"
#include "cli/serving.h"
#include "cli/tls_pins.h"
#include "core/message/pins.h"

static void
print_pins(const struct cli_tls_pins *pins)
{
    cli_print("%s served\n", pins->served);
    if (pins->next[0] != '\0') {
        cli_print("%s next\n", pins->next);
    }
}

static enum trivet_status
read_pins(const struct cli_data_options *options, char dir[CLI_MAX_PATH],
    struct cli_tls_pins *out, struct trivet_error *err)
{
    TRIVET_TRY(cli_data_dir(options, dir, err));

    return cli_tls_pins_read(dir, out, err);
}

int
cli_gateway_pins_export(const struct cli_data_options *options)
{
    char dir[CLI_MAX_PATH];
    struct cli_tls_pins pins;
    struct trivet_error err;
    enum trivet_status status = read_pins(options, dir, &pins, &err);

    if (status == TRIVET_OK) {
        print_pins(&pins);
    }

    return cli_finish_here(status, &err);
}

/* Clients ask for announcements once a day. */
static void
warn_of_young_key(const char *next_key)
{
    struct stat info;

    if (stat(next_key, &info) == 0
        && time(NULL) - info.st_mtime < TRIVET_ANNOUNCEMENT_LIFE_S)
    {
        cli_tell("trivet: the next key was made less than a day ago: a client "
                 "that pins and has not asked since then does not know it\n");
    }
}

/* A certificate that is missing is made anew, with the next key. */
static enum trivet_status
drop_certificate(const char *dir, struct trivet_error *err)
{
    char certificate[CLI_MAX_PATH];
    char next_key[CLI_MAX_PATH];

    TRIVET_TRY(cli_data_path(dir, "tls.crt", certificate, err));
    TRIVET_TRY(cli_data_path(dir, "next.key", next_key, err));

    if (access(next_key, F_OK) != 0 || unlink(certificate) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "pins.rotate",
            "%s: no certificate of trivet's own with a next key is served from "
            "it; a certificate of your own is exchanged by you (--tls-cert, "
            "--tls-key), and the gateway notices",
            dir);
    }

    warn_of_young_key(next_key);
    return TRIVET_OK;
}

static enum trivet_status
rotate(const struct cli_data_options *options, struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    struct cli_tls_pins before;
    struct cli_tls_pins after;
    bool is_running;

    TRIVET_TRY(read_pins(options, dir, &before, err));
    TRIVET_TRY(cli_serving_change(dir, err));
    TRIVET_TRY(drop_certificate(dir, err));
    TRIVET_TRY(cli_serving_reload(dir, &is_running, err));
    TRIVET_TRY(read_pins(options, dir, &after, err));

    if (!is_running) {
        cli_tell("no gateway runs on this data directory: its next start "
                 "serves the next key\n");
    } else if (strcmp(before.served, after.served) == 0) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "pins.rotate",
            "the gateway serves a certificate that it was given, and still "
            "does");
    }

    print_pins(&after);
    return TRIVET_OK;
}

int
cli_gateway_pins_rotate(const struct cli_data_options *options)
{
    struct trivet_error err;

    return cli_finish_here(rotate(options, &err), &err);
}
