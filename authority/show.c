/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - calls that show things: one, or a page of a list */
#include "authority/show.h"

#include "authority/call.h"
#include "authority/path.h"

static enum trivet_status
fetch_and_answer(struct trivet_case *c, const struct trivet_page *page,
    trivet_fetch_fn fetch, struct trivet_list *list)
{
    struct trivet_page_seen seen = {0};
    struct trivet_page_urls urls;
    char path[TRIVET_MAX_CALL_PATH];

    TRIVET_TRY(fetch(c, page, list, &seen));

    trivet_path_write(c->request->call->path, c->request->path_ids, path);
    trivet_page_urls(page, &seen, path, &urls);

    return trivet_case_answer(c, trivet_list_answer_write(list, &urls));
}

enum trivet_status
trivet_case_show_page(struct trivet_case *c, trivet_fetch_fn fetch)
{
    struct trivet_page page;
    struct trivet_list *list;
    enum trivet_status status;
    struct trivet_complaint complaint =
        trivet_page_read(c->request->query, &page);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    list = trivet_list_new();
    if (list == NULL) {
        return TRIVET_E_MEMORY;
    }

    status = fetch_and_answer(c, &page, fetch, list);
    trivet_list_free(list);

    return status;
}

enum trivet_status
trivet_case_show_one(struct trivet_case *c, long long id,
    enum trivet_reason missing, trivet_fetch_fn fetch)
{
    struct trivet_page page = trivet_page_of(id);
    struct trivet_page_seen seen = {0};
    struct trivet_list *list = trivet_list_new();
    enum trivet_status status;

    if (list == NULL) {
        return TRIVET_E_MEMORY;
    }

    status = fetch(c, &page, list, &seen);
    if (status == TRIVET_OK) {
        status = seen.first_id == 0 ? trivet_case_refuse_id(c, missing, id)
                                    : trivet_case_answer(c,
                                        trivet_list_answer_write(list, NULL));
    }
    trivet_list_free(list);

    return status;
}
