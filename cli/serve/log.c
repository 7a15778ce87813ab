/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - what a request leaves in the log: a line of text, or of JSON
 *
 * Queries are in neither: people put secrets there. The JSON is that of
 * examples/nginx.conf; a test compares them.
 */
#include "cli/serve/log.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *variable;
    bool is_number; /* always one, for nginx */
} fields[] = {
    {"time", "$time_iso8601", false},
    {"request_id", "$request_id", false},
    {"trace_id", "$trivet_trace_id", false},
    {"address", "$remote_addr", false},
    {"method", "$request_method", false},
    {"path", "$trivet_path", false},
    {"protocol", "$server_protocol", false},
    {"status", "$status", false},
    {"verdict", "$trivet_verdict", false},
    {"reason", "$trivet_reason", false},
    {"user_id", "$trivet_user_id", false},
    {"api_key_id", "$trivet_api_key_id", false},
    {"device_id", "$trivet_device_id", false},
    {"installation_id", "$trivet_installation_id", false},
    {"session_id", "$trivet_session_id", false},
    {"request_bytes", "$request_length", true},
    {"answer_bytes", "$body_bytes_sent", true},
    {"seconds", "$request_time", true},
    {"upstream", "$upstream_addr", false},
    {"upstream_status", "$upstream_status", false},
    {"upstream_seconds", "$upstream_response_time", false},
};

static void
put_json(FILE *to)
{
    const char *before = "{";

    (void) fputs("    log_format trivet escape=json\n", to);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *quote = fields[i].is_number ? "" : "\"";

        (void) fprintf(to, "        '%s\"%s\":%s%s%s'\n", before,
            fields[i].name, quote, fields[i].variable, quote);
        before = ",";
    }
    (void) fputs("        '}';\n", to);
}

void
cli_serve_put_log(FILE *to, const char *dir, bool is_json)
{
    if (is_json) {
        put_json(to);
    } else {
        (void) fputs("    log_format trivet '$remote_addr [$time_iso8601] "
                     "\"$request\" $status $body_bytes_sent "
                     "user=$trivet_user_id session=$trivet_session_id "
                     "reason=$trivet_reason';\n",
            to);
    }
    (void) fprintf(to, "    access_log \"%s/log/access.log\" trivet;\n", dir);
}
