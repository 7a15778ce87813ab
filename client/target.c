/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - where a call goes: below the context's URL, and nowhere else
 *
 * A request always goes to the context's own server, whatever is given. What is
 * refused here is a text whose author meant another one: signed and sent as a
 * path, it would tell a server what was meant for somebody else.
 */
#include "client/target.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/url.h"

enum { MAX_ORIGIN = 512 }; /* bytes of scheme, host and port, with the NUL */

static enum trivet_status
refuse(struct trivet_error *err, const char *what, const char *base_url)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "call",
        "the path %s; a call goes to a path below %.120s", what, base_url);
}

/* The length of "scheme:" at the beginning of text; 0 when there is none. */
static size_t
scheme_len(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-";
    size_t len = strspn(text, others);
    bool is_scheme =
        len > 0 && strchr(letters, text[0]) != NULL && text[len] == ':';

    return is_scheme ? len + 1 : 0;
}

/* Where "//host:port" at `text` ends. */
static size_t
authority_len(const char *text)
{
    return 2 + strcspn(text + 2, "/?#");
}

/* Whether "https:" with that authority is where base_url is. */
static bool
is_same_server(const char *base_url, const char *authority, size_t len)
{
    char text[MAX_ORIGIN];

    /* Nothing that a second reader could take for something else. */
    return memchr(authority, '@', len) == NULL
           && memchr(authority, '%', len) == NULL
           && snprintf(text, sizeof text, "https:%.*s/", (int) len, authority)
                  < (int) sizeof text
           && trivet_url_is_same_origin(base_url, text);
}

/* A path as it is sent: no reader may see a line end or another host in it. */
static enum trivet_status
check_path(const char *path, const char *base_url, struct trivet_error *err)
{
    for (const unsigned char *p = (const unsigned char *) path; *p != '\0'; p++)
    {
        if (*p <= 0x20 || *p == 0x7f) {
            return refuse(err, "has a blank or a control byte", base_url);
        }
        if (*p > 0x7f) {
            return refuse(err,
                "has a letter that is not ASCII: percent-encode it", base_url);
        }
        if (*p == '#' || *p == '\\') {
            return refuse(err, "has a # or a backslash", base_url);
        }
    }

    return TRIVET_OK;
}

/* The path of the base URL: "/v1" of "https://host:1/v1". */
static const char *
path_of(const char *base_url)
{
    const char *authority = strstr(base_url, "//");

    return authority == NULL ? "" : authority + authority_len(authority);
}

/* What follows the base URL in a URL; `rest` begins behind its scheme. */
static enum trivet_status
read_url(const char *base_url, const char *rest, const char **out,
    struct trivet_error *err)
{
    const char *base_path = path_of(base_url);
    size_t base_len = strlen(base_path);
    size_t len = strncmp(rest, "//", 2) == 0 ? authority_len(rest) : 0;
    const char *path = rest + len;

    if (len == 0 || !is_same_server(base_url, rest, len)) {
        return refuse(err, "is the URL of another server", base_url);
    }
    if (strncmp(path, base_path, base_len) != 0 || path[base_len] != '/') {
        return refuse(
            err, "is a URL of this server, but not below it", base_url);
    }

    *out = path + base_len + 1;
    return check_path(*out, base_url, err);
}

bool
trivet_base_url_is_usable(const char *url)
{
    for (const unsigned char *p = (const unsigned char *) url; *p != '\0'; p++)
    {
        if (*p <= 0x20 || *p == 0x7f || strchr("?#@\\\"<>", *p) != NULL) {
            return false;
        }
    }

    return strncmp(url, "https://", 8) == 0 && url[8] != '\0' && url[8] != '/'
           && url[8] != ':';
}

enum trivet_status
trivet_target_below(const char *base_url, const char *given, const char **out,
    struct trivet_error *err)
{
    size_t len = scheme_len(given);

    if (len > 0 && strncasecmp(given, "https:", len) != 0) {
        return refuse(err,
            "begins like a URL that is not https (if it is a path, put a / "
            "before it)",
            base_url);
    }
    if (len > 0 || strncmp(given, "//", 2) == 0) {
        return read_url(base_url, given + len, out, err);
    }

    TRIVET_TRY(check_path(given, base_url, err));

    given += given[0] == '/';
    *out = strncmp(given, "v1/", 3) == 0 ? given + 3 : given;
    return TRIVET_OK;
}
