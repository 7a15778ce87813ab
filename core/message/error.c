/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - the answer to a request that was refused */
#include "core/message/error.h"

#include <jansson.h>
#include <string.h>

#include "core/json_tree.h"
#include "core/message/text.h"

#define LINK_466 "https://together.bunq.com/d/15399"

static const char description[] = "error_description";
static const char translated[] = "error_description_translated";
static const char additional[] = "error_additional_parameter";

/* ---- written ----------------------------------------------------------- */

/* The text with its "%s", if any, replaced by subject. */
static json_t *
fill_text(const char *text, const char *subject)
{
    const char *mark = strstr(text, "%s");
    const char *put = subject == NULL ? "" : subject;

    if (mark == NULL) {
        return json_string(text);
    }

    return json_sprintf("%.*s%s%s", (int) (mark - text), text, put, mark + 2);
}

/* The list of what comes with the texts: the row's link, and explained (NULL:
 * none), which it takes over. NULL: nothing does. */
static json_t *
make_additional(const struct trivet_reason_row *row, json_t *explained)
{
    if (row->has_link && explained != NULL) {
        return json_pack(
            "[{s:s}, o]", "url_together_post", LINK_466, explained);
    }
    if (row->has_link) {
        return json_pack("[{s:s}]", "url_together_post", LINK_466);
    }

    return explained == NULL ? NULL : json_pack("[o]", explained);
}

/* more: the list of make_additional, taken over. */
static struct trivet_buffer
write_error(const struct trivet_reason_row *row, const char *subject,
    struct trivet_slice language, json_t *more)
{
    const char *text = row->text;
    json_t *error;

    if (row->text_nl != NULL && trivet_slice_is(language, "nl_NL")) {
        text = row->text_nl;
    }

    error = json_pack("{s:o, s:o}", description, fill_text(row->text, subject),
        translated, fill_text(text, subject));
    if (more != NULL) {
        trivet_json_put(&error, additional, more);
    }

    return trivet_message_write_answer(json_pack("{s:[o]}", "Error", error));
}

struct trivet_buffer
trivet_error_answer_write(enum trivet_reason reason, const char *subject,
    struct trivet_slice language)
{
    const struct trivet_reason_row *row = trivet_reason_row(reason);

    return write_error(row, subject, language, make_additional(row, NULL));
}

struct trivet_buffer
trivet_error_answer_write_explained(enum trivet_reason reason,
    struct trivet_slice language, const char *mistake, const char *explanation)
{
    const struct trivet_reason_row *row = trivet_reason_row(reason);
    json_t *explained =
        json_pack("{s:s, s:s}", "mistake", mistake, "explanation", explanation);

    return write_error(row, NULL, language, make_additional(row, explained));
}

struct trivet_buffer
trivet_error_answer_write_text(const char *text)
{
    return trivet_message_write_answer(json_pack(
        "{s:[{s:s, s:s}]}", "Error", description, text, translated, text));
}

/* ---- read -------------------------------------------------------------- */

static const char *
text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text == NULL ? "" : text;
}

/* Of the first of the additional parameters that has one. */
static const char *
explanation_of(const json_t *error)
{
    const json_t *list = json_object_get(error, additional);
    size_t i;
    const json_t *entry;

    json_array_foreach(list, i, entry)
    {
        const char *text = text_of(entry, "explanation");

        if (text[0] != '\0') {
            return text;
        }
    }

    return "";
}

bool
trivet_error_answer_read(
    const json_t *root, size_t index, struct trivet_error_texts *out)
{
    const json_t *error = json_array_get(json_object_get(root, "Error"), index);

    if (error == NULL) {
        return false;
    }

    out->description = text_of(error, description);
    out->translated = text_of(error, translated);
    out->explanation = explanation_of(error);
    return true;
}
