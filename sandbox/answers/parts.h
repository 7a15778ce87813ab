/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what the files of the templates share: a template in memory */
#ifndef TRIVET_SANDBOX_ANSWERS_PARTS_H
#define TRIVET_SANDBOX_ANSWERS_PARTS_H

#include "sandbox/answers/template.h"

enum trivet_template_kind {
    TRIVET_TEMPLATE_TEXT = 0, /* as it stands in the file */
    TRIVET_TEMPLATE_ID,
    TRIVET_TEMPLATE_NOW,
    TRIVET_TEMPLATE_PATH,
    TRIVET_TEMPLATE_BODY
};

struct trivet_template_part {
    enum trivet_template_kind kind;
    bool is_in_string;
    size_t segment;           /* of TRIVET_TEMPLATE_PATH: from 0 */
    struct trivet_slice text; /* of TRIVET_TEMPLATE_TEXT; of
                                 TRIVET_TEMPLATE_BODY: the field's name */
};

struct trivet_template {
    char *text; /* what the parts point into */
    struct trivet_template_part *parts;
    size_t num_parts;
    bool uses_id;
    bool uses_body;
};

#endif
