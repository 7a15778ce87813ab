/* SPDX-License-Identifier: Apache-2.0 */
/* psp_name.c - who a payment service provider is, by its certificate */
#include "crypto/psp_name.h"

#include <openssl/err.h>
#include <stdio.h>

/* The string types that hold text, all of which can be written as UTF-8. */
enum {
    TEXT_TYPES = B_ASN1_UTF8STRING | B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING
                 | B_ASN1_PRINTABLESTRING | B_ASN1_T61STRING | B_ASN1_IA5STRING
                 | B_ASN1_VISIBLESTRING,
    /* Those that hold ASCII as it is. */
    PLAIN_TYPES = TEXT_TYPES & ~(B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING)
};

/* ---- to be shown ------------------------------------------------------- */

/* The one common name, as UTF-8 without a NUL in it. */
static bool
read_common_name(const X509_NAME *name, char out[TRIVET_MAX_NAME])
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text;
    bool is_good;
    int len;

    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) {
        return false;
    }

    len = ASN1_STRING_to_UTF8(
        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (len < 0) {
        return false;
    }

    is_good = len > 0 && len < TRIVET_MAX_NAME
              && memchr(text, '\0', (size_t) len) == NULL;
    if (is_good) {
        memcpy(out, text, (size_t) len);
        out[len] = '\0';
    }

    OPENSSL_free(text);
    return is_good;
}

bool
trivet_psp_read_names(X509 *certificate, struct trivet_psp *out)
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    char *line = X509_NAME_oneline(name, NULL, 0);
    bool is_good = line != NULL && strlen(line) < TRIVET_MAX_NAME
                   && read_common_name(name, out->common_name);

    if (is_good) {
        (void) snprintf(out->distinguished_name, sizeof out->distinguished_name,
            "%s", line);
    }

    OPENSSL_free(line);
    ERR_clear_error();
    return is_good;
}

/* ---- the one form ------------------------------------------------------ */

static bool
is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* As RFC 5280 (7.1) compares text, and OpenSSL's X509_NAME_cmp does: ASCII's
 * letters small, no blanks around it, one for several within. Returns what is
 * left of len. */
static int
fold_text(unsigned char *text, int len)
{
    int num = 0;

    for (int i = 0; i < len; i++) {
        unsigned char c = text[i];

        if (!is_blank(c)) {
            text[num++] =
                c >= 'A' && c <= 'Z' ? (unsigned char) (c - 'A' + 'a') : c;
        } else if (num > 0 && text[num - 1] != ' ') {
            text[num++] = ' ';
        }
    }

    return num > 0 && text[num - 1] == ' ' ? num - 1 : num;
}

static bool
has_type(const ASN1_STRING *value, unsigned long types)
{
    return (ASN1_tag2bit(ASN1_STRING_type(value)) & types) != 0;
}

/* place: 0 for an RDN of its own, -1 for the one before. */
static bool
add_entry(X509_NAME *out, const X509_NAME_ENTRY *entry, int place)
{
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    unsigned char *text;
    bool is_added;
    int len;

    if (!has_type(value, TEXT_TYPES)) {
        return X509_NAME_add_entry(out, entry, -1, place) == 1;
    }

    len = ASN1_STRING_to_UTF8(&text, value);
    if (len < 0) {
        return false;
    }

    is_added =
        X509_NAME_add_entry_by_OBJ(out, X509_NAME_ENTRY_get_object(entry),
            V_ASN1_UTF8STRING, text, fold_text(text, len), -1, place)
        == 1;
    OPENSSL_free(text);

    return is_added;
}

static bool
is_in_rdn_before(const X509_NAME *name, int at)
{
    return at > 0
           && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, at))
                  == X509_NAME_ENTRY_set(X509_NAME_get_entry(name, at - 1));
}

/* Its DER, all text in it folded; the parts of one RDN in DER's order. The
 * caller frees *out. False when it cannot be written. */
static bool
write_name(const X509_NAME *name, unsigned char **out, int *out_len)
{
    X509_NAME *folded = X509_NAME_new();
    bool is_good = folded != NULL;

    for (int i = 0; is_good && i < X509_NAME_entry_count(name); i++) {
        int set = is_in_rdn_before(name, i) ? -1 : 0;

        is_good = add_entry(folded, X509_NAME_get_entry(name, i), set);
    }

    *out = NULL;
    *out_len = is_good ? i2d_X509_NAME(folded, out) : -1;

    X509_NAME_free(folded);
    return *out_len >= 0;
}

/* Two DERs behind each other are read in one way alone. */
static bool
add_name(struct trivet_digest *digest, const X509_NAME *name)
{
    unsigned char *der;
    int len;

    if (!write_name(name, &der, &len)) {
        return false;
    }

    trivet_digest_add(digest, trivet_slice_make(der, (size_t) len));
    OPENSSL_free(der);
    return true;
}

static bool
add_key(struct trivet_digest *digest, X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);

    if (len < 0) {
        return false;
    }

    trivet_digest_add(digest, trivet_slice_make(der, (size_t) len));
    OPENSSL_free(der);
    return true;
}

static enum trivet_status
digest_names(struct trivet_digest *digest, X509 *certificate, bool with_key,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    trivet_digest_start(digest);

    if (!add_name(digest, X509_get_subject_name(certificate))
        || !add_name(digest, X509_get_issuer_name(certificate))
        || (with_key && !add_key(digest, certificate)))
    {
        return TRIVET_E_MALFORMED;
    }

    return trivet_digest_finish(digest, out);
}

/* ---- what it was before ------------------------------------------------ */

/* Whether no other text is shown like this one: ASCII without an escape, and
 * without what would look like the beginning of another part. */
static bool
is_plain_text(const ASN1_STRING *value)
{
    const unsigned char *text = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    bool has_slash = false;

    if (!has_type(value, PLAIN_TYPES)) {
        return false;
    }

    for (int i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '\\'
            || (has_slash && text[i] == '='))
        {
            return false;
        }
        has_slash |= text[i] == '/';
    }

    return true;
}

static bool
is_plain_name(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        if (is_in_rdn_before(name, i)
            || OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_undef
            || !is_plain_text(X509_NAME_ENTRY_get_data(entry)))
        {
            return false;
        }
    }

    return true;
}

/* Of the name as it is shown. */
static enum trivet_status
digest_shown(struct trivet_digest *digest, X509 *certificate, bool with_key,
    const char *shown, unsigned char out[TRIVET_DIGEST_LEN])
{
    trivet_digest_start(digest);

    if (with_key && !add_key(digest, certificate)) {
        return TRIVET_E_MALFORMED;
    }
    trivet_digest_add(digest, trivet_slice_text(shown));

    return trivet_digest_finish(digest, out);
}

/* ---- all of it --------------------------------------------------------- */

enum trivet_status
trivet_psp_identify(X509 *certificate, bool with_key, struct trivet_psp *out)
{
    struct trivet_digest *digest = trivet_digest_new();
    enum trivet_status status = TRIVET_E_MEMORY;

    if (digest != NULL) {
        status = digest_names(digest, certificate, with_key, out->digest);
    }
    if (status == TRIVET_OK) {
        status = digest_shown(digest, certificate, with_key,
            out->distinguished_name, out->shown_digest);
    }

    out->is_shown_alone =
        with_key || is_plain_name(X509_get_subject_name(certificate));

    trivet_digest_free(digest);
    ERR_clear_error();
    return status;
}
