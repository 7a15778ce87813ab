/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c - the tokens that let an operator in at the console */
#define _POSIX_C_SOURCE 200809L
#include "authority/operator/tokens.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/writer.h"
#include "crypto/token.h"

enum { MAX_TOKENS_FILE = 16384 /* bytes */ };

static const char *const roles[] = {
    [TRIVET_ROLE_NONE] = "",
    [TRIVET_ROLE_VIEW] = "view",
    [TRIVET_ROLE_OPERATE] = "operate",
};
enum { NUM_ROLES = sizeof roles / sizeof roles[0] };

/* ---- making ------------------------------------------------------------ */

static enum trivet_status
put_token(enum trivet_operator_role role, const char *name,
    struct trivet_writer *to, struct trivet_error *err)
{
    struct trivet_secret token;

    if (trivet_token_make(&token) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "console", "no token could be made");
    }

    trivet_writer_put_text(to, roles[role]);
    trivet_writer_put_text(to, " ");
    trivet_writer_put(to, trivet_secret_slice(&token));
    trivet_writer_put_text(to, " ");
    trivet_writer_put_text(to, name[0] == '\0' ? "operator" : name);
    trivet_writer_put_text(to, "\n");
    trivet_secret_wipe(&token);

    return TRIVET_OK;
}

enum trivet_status
trivet_console_tokens_make(
    const char *path, const char *name, struct trivet_error *err)
{
    char text[1024];
    struct trivet_writer to = trivet_writer_make(text, sizeof text);
    enum trivet_status status;

    TRIVET_TRY(put_token(TRIVET_ROLE_OPERATE, name, &to, err));
    TRIVET_TRY(put_token(TRIVET_ROLE_VIEW, name, &to, err));

    status =
        trivet_file_replace_whole(path, trivet_writer_slice(&to), 0600, err);
    trivet_wipe(text, sizeof text);

    return status;
}

/* ---- reading ----------------------------------------------------------- */

static struct trivet_slice
cut(struct trivet_slice *rest, char at)
{
    const unsigned char *end =
        rest->len == 0 ? NULL : memchr(rest->data, at, rest->len);
    size_t len = end == NULL ? rest->len : (size_t) (end - rest->data);
    struct trivet_slice part = trivet_slice_make(rest->data, len);

    *rest = trivet_slice_after(*rest, len + (end != NULL));
    return part;
}

static bool
read_line(struct trivet_slice line, struct trivet_console_token *out)
{
    struct trivet_slice role = cut(&line, ' ');
    struct trivet_slice token = cut(&line, ' ');

    out->role = TRIVET_ROLE_NONE;
    for (int i = TRIVET_ROLE_VIEW; i < NUM_ROLES; i++) {
        if (trivet_slice_is(role, roles[i])) {
            out->role = (enum trivet_operator_role) i;
        }
    }
    if (out->role == TRIVET_ROLE_NONE || token.len != TRIVET_TOKEN_LEN) {
        return false;
    }

    memcpy(out->token.bytes, token.data, token.len);
    out->token.bytes[token.len] = '\0';
    out->token.len = token.len;
    (void) snprintf(out->name, sizeof out->name, "%.*s", (int) line.len,
        (const char *) line.data);
    return true;
}

/* token NULL: any of that role. */
static bool
fits(const struct trivet_console_token *have, enum trivet_operator_role role,
    const struct trivet_slice *token)
{
    if (token == NULL) {
        return have->role == role;
    }

    return token->len == have->token.len
           && trivet_ct_equal(token->data, have->token.bytes, token->len);
}

static enum trivet_status
read_file(const char *path, struct trivet_buffer *out, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .forbidden_mode = 077,
        .refuses_two_names = true,
        .content = "the console's tokens",
    };
    enum trivet_status status;
    int fd;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, err));

    status = trivet_file_read_all(fd, path, out, err);
    (void) close(fd);

    return status;
}

static enum trivet_status
look(const char *path, enum trivet_operator_role role,
    const struct trivet_slice *token, struct trivet_console_token *out,
    struct trivet_error *err)
{
    struct trivet_buffer text = trivet_buffer_make(MAX_TOKENS_FILE);
    enum trivet_status status = read_file(path, &text, err);
    struct trivet_slice rest = trivet_slice_make(text.data, text.len);
    bool is_found = false;

    while (status == TRIVET_OK && rest.len > 0 && !is_found) {
        is_found = read_line(cut(&rest, '\n'), out) && fits(out, role, token);
    }

    if (text.data != NULL) {
        trivet_wipe(text.data, text.len);
    }
    trivet_buffer_free(&text);
    if (status == TRIVET_OK && !is_found) {
        trivet_secret_wipe(&out->token);
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "console", "no such token");
    }

    return status;
}

enum trivet_status
trivet_console_tokens_get(const char *path, enum trivet_operator_role role,
    struct trivet_console_token *out, struct trivet_error *err)
{
    return look(path, role, NULL, out, err);
}

enum trivet_status
trivet_console_tokens_find(const char *path, struct trivet_slice token,
    struct trivet_console_token *out, struct trivet_error *err)
{
    return look(path, TRIVET_ROLE_NONE, &token, out, err);
}
