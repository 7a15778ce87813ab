/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pem.h - PEM text as programs really write it, put into its strict form
 *
 *   pem   = "-----BEGIN " label "-----" base64 "-----END " label "-----"
 *   label = "PRIVATE KEY" / "RSA PRIVATE KEY" / "PUBLIC KEY" / ...
 *
 * with line ends and blanks of any kind in between and around: one long line,
 * CRLF, no last newline. The strict form has 64 columns, LF and a last newline.
 */
#ifndef TRIVET_CORE_PEM_H
#define TRIVET_CORE_PEM_H

#include "base/slice.h"
#include "base/writer.h"
#include "trivet/status.h"

enum { TRIVET_MAX_PEM_LABEL = 64 /* bytes */ };

/*
 * Writes the strict form of text, which holds one PEM block and nothing else.
 *
 * TRIVET_E_MALFORMED  the marks are missing or name different labels.
 * TRIVET_E_LIMIT      out is full.
 */
TRIVET_MUST_USE enum trivet_status trivet_pem_rewrap(
    struct trivet_slice text, struct trivet_writer *out);

#endif
