/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - the fields of a request's body, as the server reads them */
#include "core/message/fields.h"

#include <stdint.h>
#include <string.h>

#include "core/json.h"

struct trivet_complaint
trivet_fields_accept(void)
{
    return trivet_fields_refuse(TRIVET_REASON_NONE, NULL);
}

struct trivet_complaint
trivet_fields_refuse(enum trivet_reason reason, const char *field)
{
    return (struct trivet_complaint){reason, field};
}

json_t *
trivet_fields_load(
    struct trivet_slice body, struct trivet_complaint *out_complaint)
{
    json_t *root;

    if (body.len == 0) {
        root = json_object();
    } else {
        root = trivet_json_load(body, JSON_REJECT_DUPLICATES, NULL);
    }

    if (!json_is_object(root)) {
        *out_complaint = trivet_fields_refuse(TRIVET_REASON_JSON_INVALID, NULL);
        json_decref(root);
        return NULL;
    }

    *out_complaint = trivet_fields_accept();
    return root;
}

struct trivet_complaint
trivet_fields_get(
    const json_t *root, const char *field, size_t cap, struct trivet_slice *out)
{
    const json_t *value = json_object_get(root, field);

    if (value == NULL || json_is_null(value)) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_MISSING, field);
    }
    if (!json_is_string(value)) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_INVALID, field);
    }
    if (json_string_length(value) == 0) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_MISSING, field);
    }
    if (json_string_length(value) > cap) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_INVALID, field);
    }

    *out =
        trivet_slice_make(json_string_value(value), json_string_length(value));
    return trivet_fields_accept();
}

struct trivet_complaint
trivet_fields_get_optional(
    const json_t *root, const char *field, size_t cap, struct trivet_slice *out)
{
    const json_t *value = json_object_get(root, field);

    *out = trivet_slice_make(NULL, 0);
    if (value == NULL || json_is_null(value)) {
        return trivet_fields_accept();
    }

    return trivet_fields_get(root, field, cap, out);
}

struct trivet_complaint
trivet_fields_copy(const json_t *root, const char *field, char *out, size_t cap,
    size_t *out_len)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        trivet_fields_get(root, field, cap, &text);

    if (complaint.reason == TRIVET_REASON_NONE) {
        memcpy(out, text.data, text.len);
        *out_len = text.len;
    }

    return complaint;
}

struct trivet_complaint
trivet_fields_take_secret(const json_t *root, struct trivet_secret *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        trivet_fields_get(root, "secret", sizeof out->bytes, &text);

    if (complaint.reason == TRIVET_REASON_NONE) {
        memcpy(out->bytes, text.data, text.len);
        out->len = text.len;
        /* jansson frees its copy without wiping; it is ours, and writable. */
        trivet_wipe((void *) (uintptr_t) text.data, text.len);
    }

    return complaint;
}
