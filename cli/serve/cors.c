/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/serve/cors.h"

#include <string.h>

#include "core/field_names.h"

static bool
is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.';
}

/* "[...]", or letters, digits, "-" and "."; the byte behind it, or NULL. */
static const char *
skip_host(const char *at)
{
    const char *begin = at;

    if (*at == '[') {
        at += 1 + strspn(at + 1, "0123456789abcdef:.");
        return *at == ']' && at > begin + 2 ? at + 1 : NULL;
    }

    while (is_host_byte(*at)) {
        at++;
    }

    return at > begin ? at : NULL;
}

static bool
is_port(const char *text)
{
    size_t len = strspn(text, "0123456789");

    return len >= 1 && len <= 5 && text[len] == '\0' && text[0] != '0';
}

bool
cli_origin_is_good(const char *text)
{
    const char *at = NULL;

    if (strlen(text) >= CLI_MAX_ORIGIN) {
        return false;
    }
    if (strncmp(text, "https://", 8) == 0) {
        at = text + 8;
    } else if (strncmp(text, "http://", 7) == 0) {
        at = text + 7;
    }
    if (at != NULL) {
        at = skip_host(at);
    }

    return at != NULL && (*at == '\0' || (*at == ':' && is_port(at + 1)));
}

void
cli_cors_put_maps(FILE *to, const char *const *origins, size_t num_origins)
{
    /* A map compares without case, and an origin has none in it. */
    (void) fputs("    map $http_origin $trivet_cors {\n"
                 "        default \"\";\n",
        to);
    for (size_t i = 0; i < num_origins; i++) {
        (void) fprintf(to, "        \"%s\" \"%s\";\n", origins[i], origins[i]);
    }

    (void) fputs(
        "    }\n"
        "    map $trivet_cors $trivet_cors_shows {\n"
        "        default \"" TRIVET_FIELD_SERVER_SIGNATURE
        ", " TRIVET_FIELD_REQUEST_ID ", " TRIVET_FIELD_RESPONSE_ID
        ", " TRIVET_FIELD_WARNING "\";\n"
        "        \"\" \"\";\n"
        "    }\n"
        "    map \"$request_method $http_access_control_request_method "
        "$trivet_cors\" $trivet_cors_asks {\n"
        "        default \"\";\n"
        "        \"~^OPTIONS [A-Z]+ .\" yes;\n"
        "    }\n"
        "\n",
        to);
}

static void
put_fields(FILE *to, const char *indent)
{
    (void) fprintf(to,
        "%sadd_header Access-Control-Allow-Origin $trivet_cors always;\n"
        "%sadd_header Vary Origin always;\n",
        indent, indent);
}

void
cli_cors_put_server(FILE *to)
{
    put_fields(to, "        ");
    (void) fputs(
        "        add_header Access-Control-Expose-Headers $trivet_cors_shows "
        "always;\n"
        "\n"
        "        # What a browser asks before a call, for the origins named.\n"
        "        if ($trivet_cors_asks) {\n"
        "            rewrite ^ /cors-preflight last;\n"
        "        }\n"
        "        location = /cors-preflight {\n"
        "            internal;\n"
        "            trivet_calls off;\n"
        "            trivet_protect off;\n",
        to);
    put_fields(to, "            ");
    (void) fputs("            add_header Access-Control-Allow-Methods "
                 "\"GET, POST, PUT, DELETE\";\n"
                 "            add_header Access-Control-Allow-Headers "
                 "\"Cache-Control, Content-Type, " TRIVET_FIELD_TOKEN
                 ", " TRIVET_FIELD_CLIENT_SIGNATURE ", " TRIVET_FIELD_REQUEST_ID
                 ", " TRIVET_FIELD_GEOLOCATION ", " TRIVET_FIELD_LANGUAGE
                 ", " TRIVET_FIELD_REGION "\";\n"
                 "            add_header Access-Control-Max-Age 600;\n"
                 "            return 204;\n"
                 "        }\n"
                 "\n",
        to);
}
