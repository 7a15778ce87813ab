/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_page.c - the query of a list, and the URLs of its neighbours */
#include "core/page.h"
#include "tests/fuzz/fuzz.h"

/* A URL that we wrote is read again, and asks for as many. */
static void
check_url(const char *url, int64_t count)
{
    const char *query = strchr(url, '?');
    struct trivet_page page;

    if (url[0] == '\0') {
        return;
    }

    HOLDS(query != NULL);
    HOLDS(trivet_page_read(trivet_slice_text(query + 1), &page).reason
          == TRIVET_REASON_NONE);
    HOLDS(!page.has_count || page.count == count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_page page;
    struct trivet_page_seen seen = {.newest_id = 900, .oldest_id = 1};
    struct trivet_page_urls urls;

    if (trivet_page_read(trivet_slice_make(data, len), &page).reason
        != TRIVET_REASON_NONE)
    {
        return 0;
    }

    HOLDS(page.count >= 1 && page.count <= TRIVET_MAX_PAGE);

    for (int64_t id = 600; id > 590; id--) {
        trivet_page_see(&seen, id);
    }
    trivet_page_urls(&page, &seen, "/v1/device", &urls);
    check_url(urls.future, page.count);
    check_url(urls.newer, page.count);
    check_url(urls.older, page.count);
    return 0;
}
