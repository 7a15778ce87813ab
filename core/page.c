/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - which part of a list is asked for, and where its neighbours are */
#include "core/page.h"

#include <stdio.h>

static const struct trivet_page newest = {
    .count = TRIVET_DEFAULT_PAGE, .newer_id = -1, .older_id = INT64_MAX};

/* Cuts the part up to the next mark off the front of *rest. */
static struct trivet_slice
take_until(struct trivet_slice *rest, unsigned char mark)
{
    size_t len = 0;
    struct trivet_slice part;

    while (len < rest->len && rest->data[len] != mark) {
        len++;
    }

    part = trivet_slice_make(rest->data, len);
    *rest = trivet_slice_after(*rest, len < rest->len ? len + 1 : len);

    return part;
}

/* False when the value is not what the name wants. */
static bool
take_field(struct trivet_page *page, struct trivet_slice name,
    struct trivet_slice text)
{
    long long value;

    if (!trivet_slice_to_id(text, &value)) {
        return false;
    }

    if (trivet_slice_is(name, "newer_id")) {
        page->newer_id = value;
        return true;
    }
    if (trivet_slice_is(name, "older_id")) {
        page->older_id = value;
        return true;
    }

    page->count = value;
    page->has_count = true;
    return value >= 1 && value <= TRIVET_MAX_PAGE;
}

struct trivet_complaint
trivet_page_read(struct trivet_slice query, struct trivet_page *out)
{
    static const char *const names[] = {"count", "newer_id", "older_id"};

    *out = newest;

    while (query.len > 0) {
        struct trivet_slice value = take_until(&query, '&');
        struct trivet_slice name = take_until(&value, '=');

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (value.len > 0 && trivet_slice_is(name, names[i])
                && !take_field(out, name, value))
            {
                *out = newest;
                return (struct trivet_complaint){
                    TRIVET_REASON_FIELD_INVALID, names[i]};
            }
        }
    }

    return (struct trivet_complaint){TRIVET_REASON_NONE, NULL};
}

struct trivet_page
trivet_page_of(int64_t id)
{
    struct trivet_page page = newest;

    page.count = 1;
    page.newer_id = id > 0 ? id - 1 : 0;
    page.older_id = id < INT64_MAX ? id + 1 : id;

    return page;
}

bool
trivet_page_has(const struct trivet_page *page, int64_t id)
{
    return id > page->newer_id && id < page->older_id;
}

void
trivet_page_see(struct trivet_page_seen *seen, int64_t id)
{
    if (seen->first_id == 0) {
        seen->first_id = id;
    }
    seen->last_id = id;
}

static void
write_url(char out[TRIVET_MAX_PAGE_URL], const struct trivet_page *page,
    const char *path, const char *name, int64_t id)
{
    char count[24] = "";

    if (page->has_count) {
        (void) snprintf(
            count, sizeof count, "count=%lld&", (long long) page->count);
    }

    (void) snprintf(out, TRIVET_MAX_PAGE_URL, "%s?%s%s=%lld", path, count, name,
        (long long) id);
}

void
trivet_page_urls(const struct trivet_page *page,
    const struct trivet_page_seen *seen, const char *path,
    struct trivet_page_urls *out)
{
    bool is_empty = seen->first_id == 0;

    memset(out, 0, sizeof *out);

    if (seen->is_fixed) {
        return;
    }
    if (is_empty) {
        /* Nothing new yet: the same question once more. */
        if (page->newer_id >= 0) {
            write_url(out->future, page, path, "newer_id", page->newer_id);
        }
        return;
    }

    if (seen->newest_id > seen->first_id) {
        write_url(out->newer, page, path, "newer_id", seen->first_id);
    } else {
        write_url(out->future, page, path, "newer_id", seen->first_id);
    }
    if (seen->oldest_id < seen->last_id) {
        write_url(out->older, page, path, "older_id", seen->last_id);
    }
}
