/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_calls.c - the part of nginx's configuration that answers /v1/ */
#include "cli/serve/nginx_calls.h"

#include "cli/serve/nginx_proxy.h"
#include "core/rate.h"

enum { RATE_ZONE_MB = 8 /* 60000 keys for each class of calls */ };

/*
 * nginx's bucket: as many calls at once as the limit has, then each again when
 * its share of the seconds is over. A client that keeps the limit is never
 * refused, but that nginx rounds down: a session takes 30.3 s. Each refusal
 * has one line in the log, and that is ours.
 */
void
cli_nginx_put_rate_zones(FILE *to)
{
    for (int i = 1; i < TRIVET_NUM_RATE_CLASSES; i++) {
        const struct trivet_rate_limit *limit =
            trivet_rate_limit((enum trivet_rate_class) i);

        (void) fprintf(to,
            "    limit_req_zone $trivet_rate_%s zone=trivet_%s:%dm "
            "rate=%dr/m;\n",
            limit->name, limit->name, RATE_ZONE_MB,
            limit->max_calls * 60 / limit->per_s);
    }

    (void) fprintf(to, "    limit_req_status 429;\n"
                       "    limit_req_log_level info;\n"
                       "\n");
}

static void
put_rate_limits(FILE *to)
{
    for (int i = 1; i < TRIVET_NUM_RATE_CLASSES; i++) {
        const struct trivet_rate_limit *limit =
            trivet_rate_limit((enum trivet_rate_class) i);

        (void) fprintf(to, "            limit_req zone=trivet_%s", limit->name);
        if (limit->max_calls > 1) {
            (void) fprintf(to, " burst=%d nodelay", limit->max_calls - 1);
        }
        (void) fprintf(to, ";\n");
    }
}

/*
 * The API gets the path as it was sent, and nginx finds the location by what it
 * makes of it: "/other/..%2fv1/x" would be decided as /v1/x and could be served
 * as /other/. So what is below /v1/ has to be sent so.
 */
void
cli_nginx_put_path_guard(FILE *to, const struct cli_nginx_conf *conf)
{
    if (conf->upstreams->num == 0) {
        return;
    }

    (void) fputs("        set $sent_and_taken \"$request_uri $uri\";\n"
                 "        if ($sent_and_taken ~ "
                 "\"^(?!/v1/)[^ ]* /v1/\") {\n"
                 "            return 404;\n"
                 "        }\n"
                 "\n",
        to);
}

/* The built-in API. */
static void
put_answers(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to, "            trivet_answers");
    for (size_t i = 0; i < conf->num_answers; i++) {
        (void) fprintf(to, " \"%s\"", conf->answers[i]);
    }
    (void) fprintf(to, ";\n");
}

void
cli_nginx_put_calls(FILE *to, const struct cli_nginx_conf *conf)
{
    if (conf->has_rate_limits) {
        put_rate_limits(to);
    }
    if (conf->upstreams->num == 0) {
        put_answers(to, conf);
    } else {
        cli_nginx_put_proxy(to, conf);
    }
}
