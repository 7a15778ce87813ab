/* SPDX-License-Identifier: Apache-2.0 */
/* secrets_cut.c - bodies and paths without their secrets */
#include "sidecar/secrets_cut.h"

#include <string.h>

#include "core/secret_names.h"

static const char left_out[] = "[left out]";

/* ---- JSON --------------------------------------------------------------- */

static enum trivet_status
cut_member(json_t *object, const char *name, json_t *value, bool *out_had_any)
{
    bool is_text = json_is_string(value) || json_is_number(value);

    if (!is_text || !trivet_secret_is_member(trivet_slice_text(name))) {
        return trivet_secrets_cut_json(value, out_had_any);
    }

    *out_had_any = true;
    return json_object_set_new(object, name, json_string(left_out)) == 0
               ? TRIVET_OK
               : TRIVET_E_MEMORY;
}

enum trivet_status
trivet_secrets_cut_json(json_t *root, bool *out_had_any)
{
    const char *name;
    json_t *value;
    void *next;
    size_t i;

    json_array_foreach(root, i, value)
    {
        TRIVET_TRY(trivet_secrets_cut_json(value, out_had_any));
    }
    json_object_foreach_safe(root, next, name, value)
    {
        TRIVET_TRY(cut_member(root, name, value, out_had_any));
    }

    return TRIVET_OK;
}

/* ---- paths -------------------------------------------------------------- */

/* One parameter, name=value. */
static enum trivet_status
copy_parameter(struct trivet_slice parameter, struct trivet_buffer *out)
{
    const unsigned char *mark = NULL;
    size_t len;

    if (parameter.len > 0) {
        mark = memchr(parameter.data, '=', parameter.len);
    }
    if (mark == NULL) {
        return trivet_buffer_append(out, parameter);
    }

    len = (size_t) (mark - parameter.data);
    if (!trivet_secret_is_member(trivet_slice_make(parameter.data, len))) {
        return trivet_buffer_append(out, parameter);
    }

    TRIVET_TRY(
        trivet_buffer_append(out, trivet_slice_make(parameter.data, len + 1)));
    return trivet_buffer_append(out, trivet_slice_text(left_out));
}

static enum trivet_status
copy_path(const char *path, struct trivet_buffer *out)
{
    size_t len = strcspn(path, "?");

    TRIVET_TRY(trivet_buffer_append(out, trivet_slice_make(path, len)));
    path += len;
    while (*path != '\0') {
        TRIVET_TRY(trivet_buffer_append(out, trivet_slice_make(path, 1)));
        path++;
        len = strcspn(path, "&");
        TRIVET_TRY(copy_parameter(trivet_slice_make(path, len), out));
        path += len;
    }

    return TRIVET_OK;
}

struct trivet_buffer
trivet_secrets_cut_path(const char *path)
{
    struct trivet_buffer out =
        trivet_buffer_make((strlen(path) + 1) * sizeof left_out);

    if (copy_path(path, &out) != TRIVET_OK) {
        trivet_buffer_free(&out);
    }

    return out;
}
