/* SPDX-License-Identifier: Apache-2.0 */
/* allow.c - which calls a caller may make */
#include "sidecar/allow.h"

static const char base[] = "/v1/";

static bool
is_plain(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_'
           || byte == '.';
}

static bool
is_star(struct trivet_slice segment)
{
    return trivet_slice_is(segment, "*");
}

static bool
is_rest(struct trivet_slice segment)
{
    return trivet_slice_is(segment, "**");
}

/* Neither empty, nor a step in a tree, nor with a byte that some read as
 * something else. */
static bool
is_segment_plain(struct trivet_slice segment)
{
    for (size_t i = 0; i < segment.len; i++) {
        if (!is_plain(segment.data[i])) {
            return false;
        }
    }

    return segment.len > 0 && !trivet_slice_is(segment, ".")
           && !trivet_slice_is(segment, "..");
}

/* Takes the next segment off a path that begins with a slash. False: there is
 * none. */
static bool
take_segment(struct trivet_slice *path, struct trivet_slice *out)
{
    struct trivet_slice rest;
    const unsigned char *slash;

    if (path->len == 0 || path->data[0] != '/') {
        return false;
    }

    rest = trivet_slice_after(*path, 1);
    slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
    *out = rest;
    if (slash != NULL) {
        out->len = (size_t) (slash - rest.data);
    }
    *path = trivet_slice_after(rest, out->len);

    return true;
}

/* A rule's two parts. */
static bool
split(struct trivet_slice rule, struct trivet_slice *out_method,
    struct trivet_slice *out_pattern)
{
    const unsigned char *colon =
        rule.len == 0 ? NULL : memchr(rule.data, ':', rule.len);

    if (colon == NULL) {
        return false;
    }

    *out_method = trivet_slice_make(rule.data, (size_t) (colon - rule.data));
    *out_pattern = trivet_slice_after(rule, out_method->len + 1);

    return true;
}

static bool
is_method(struct trivet_slice method)
{
    for (size_t i = 0; i < method.len; i++) {
        if (method.data[i] < 'A' || method.data[i] > 'Z') {
            return false;
        }
    }

    return method.len > 0;
}

bool
trivet_allow_is_rule(struct trivet_slice rule)
{
    struct trivet_slice method;
    struct trivet_slice pattern;
    struct trivet_slice segment;

    if (!split(rule, &method, &pattern)
        || !(is_star(method) || is_method(method))
        || !trivet_slice_starts_with(pattern, base))
    {
        return false;
    }

    while (take_segment(&pattern, &segment)) {
        bool is_good = is_star(segment) || is_segment_plain(segment)
                       || (is_rest(segment) && pattern.len == 0);

        if (!is_good) {
            return false;
        }
    }

    return pattern.len == 0;
}

static bool
matches_method(struct trivet_slice wanted, struct trivet_slice method)
{
    return is_star(wanted) || trivet_slice_equal(wanted, method)
           || (trivet_slice_is(wanted, "GET")
               && trivet_slice_is(method, "HEAD"));
}

/* All that is left of a path is plain. */
static bool
is_path_plain(struct trivet_slice path)
{
    struct trivet_slice segment;

    while (take_segment(&path, &segment)) {
        if (!is_segment_plain(segment)) {
            return false;
        }
    }

    return path.len == 0;
}

bool
trivet_allow_matches(struct trivet_slice rule, struct trivet_slice method,
    struct trivet_slice target)
{
    struct trivet_slice wanted;
    struct trivet_slice pattern;
    struct trivet_slice path = target;
    struct trivet_slice part;
    struct trivet_slice segment;
    const unsigned char *query =
        target.len == 0 ? NULL : memchr(target.data, '?', target.len);

    if (query != NULL) {
        path.len = (size_t) (query - target.data);
    }
    if (!split(rule, &wanted, &pattern) || !matches_method(wanted, method)
        || !is_path_plain(path))
    {
        return false;
    }

    while (take_segment(&pattern, &part)) {
        if (is_rest(part)) {
            return true;
        }
        if (!take_segment(&path, &segment)
            || !(is_star(part) || trivet_slice_equal(part, segment)))
        {
            return false;
        }
    }

    return path.len == 0;
}
