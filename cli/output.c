/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - all that trivet(1) writes: escaped, and checked at the end */
#define _GNU_SOURCE
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <langinfo.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "cli/exit.h"

enum {
    MAX_COMBINING = 4, /* marks on one letter; more would cover other lines */
    NOT_UTF8 = -1,
    ZERO_WIDTH_JOINER = 0x200d,
    FIRST_OF_TWO = 0xd800, /* UTF-16's surrogates, as JSON writes them */
    SECOND_OF_TWO = 0xdc00
};

enum form { FORM_LINE = 0, FORM_BLOCK, FORM_JSON };

static bool has_failed; /* standard output lacks something */
static int last_errno;  /* why, when that is known          */

/* ---- which characters are shown as themselves -------------------------- */

/* In order. C0, DEL, C1 and what is unassigned are the C library's. */
static const struct {
    int32_t first;
    int32_t last;
} hidden[] = {
    {0xad, 0xad},        /* soft hyphen                             */
    {0x34f, 0x34f},      /* grapheme joiner                         */
    {0x61c, 0x61c},      /* Arabic letter mark                      */
    {0x115f, 0x1160},    /* Hangul fillers                          */
    {0x17b4, 0x17b5},    /* inherent vowels                         */
    {0x180b, 0x180f},    /* Mongolian selectors                     */
    {0x200b, 0x200f},    /* zero width, direction marks             */
    {0x2028, 0x202e},    /* separators, embeddings, overrides       */
    {0x2060, 0x206f},    /* joiners, invisible operators, isolates  */
    {0x3164, 0x3164},    /* Hangul filler                           */
    {0xd800, 0xf8ff},    /* surrogates, private use                 */
    {0xfe00, 0xfe0d},    /* variation selectors; 15 and 16 are emoji's */
    {0xfeff, 0xfeff},    /* byte order mark                         */
    {0xffa0, 0xffa0},    /* Hangul filler                           */
    {0xfff0, 0xfffb},    /* annotations                             */
    {0x13430, 0x1345f},  /* hieroglyph format                       */
    {0x1bca0, 0x1bca3},  /* shorthand format                        */
    {0x1d159, 0x1d159},  /* musical null                            */
    {0x1d173, 0x1d17a},  /* musical format                          */
    {0xe0000, 0x10ffff}, /* tags, selectors, private use            */
};

/* "C.UTF-8" knows widths and what is assigned, whatever the user's locale. */
static locale_t
unicode(void)
{
    static locale_t locale;

    if (locale == (locale_t) 0) {
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
    }

    return locale;
}

/* Columns; -1: not a character to show. */
static int
width_of(int32_t c)
{
    locale_t before;
    int width;

    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (c >= hidden[i].first && c <= hidden[i].last) {
            return -1;
        }
    }
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        return -1;
    }
    if (c < 0x7f || unicode() == (locale_t) 0) {
        return 1;
    }

    before = uselocale(unicode());
    width = iswprint((wint_t) c) != 0 ? wcwidth((wchar_t) c) : -1;
    (void) uselocale(before);

    return width;
}

static bool
is_pictograph(int32_t c)
{
    return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2190 && c <= 0x2bff);
}

/*
 * Whether bytes above 0x7f are shown as UTF-8: in a locale such as
 * ISO-8859-1 the second byte of a letter can be a C1 control there.
 */
static bool
is_utf8_shown(void)
{
    const char *codeset = nl_langinfo(CODESET);

    return strcasecmp(codeset, "UTF-8") == 0
           || strcmp(codeset, "ANSI_X3.4-1968") == 0; /* no locale is set */
}

/* ---- UTF-8 ------------------------------------------------------------- */

/* The bytes of a character by its first; 0: no character begins so. */
static size_t
size_of_character(unsigned char first)
{
    static const struct {
        unsigned below;
        size_t size;
    } sizes[] = {
        {0x80, 1},
        {0xc2, 0}, /* a later byte, or an overlong form */
        {0xe0, 2},
        {0xf0, 3},
        {0xf5, 4},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (first < sizes[i].below) {
            return sizes[i].size;
        }
    }

    return 0;
}

/* The character at text, and its bytes. NOT_UTF8: one byte that is none;
 * overlong forms and surrogates are none either. */
static int32_t
decode(const unsigned char *text, size_t len, size_t *out_taken)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = size_of_character(text[0]);
    int32_t c;

    *out_taken = 1;
    if (size == 1) {
        return text[0];
    }
    if (size == 0 || size > len) {
        return NOT_UTF8;
    }

    c = text[0] & (0xff >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return NOT_UTF8;
        }
        c = c << 6 | (text[i] & 0x3f);
    }
    if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        return NOT_UTF8;
    }

    *out_taken = size;
    return c;
}

/* ---- showing ----------------------------------------------------------- */

/* What came before the present character. */
struct shower {
    enum form form;
    bool is_utf8;
    int32_t base; /* the letter that marks would go on; 0: none */
    int num_on_base;
};

/* The columns of c in this place; -1: it is escaped. */
static int
place(struct shower *shower, int32_t c, const unsigned char *rest, size_t len)
{
    size_t taken;
    int width;

    if (c == NOT_UTF8 || (c > 0x7f && !shower->is_utf8)) {
        return -1;
    }
    if (c == ZERO_WIDTH_JOINER) {
        /* Between two emoji it makes them one. */
        return is_pictograph(shower->base) && len > 0
                       && is_pictograph(decode(rest, len, &taken))
                   ? 0
                   : -1;
    }

    width = width_of(c);
    if (width == 0) {
        return shower->base != 0 && ++shower->num_on_base <= MAX_COMBINING ? 0
                                                                           : -1;
    }
    if (width > 0) {
        shower->base = c;
        shower->num_on_base = 0;
    }

    return width;
}

static size_t
write_escape(
    const struct shower *shower, int32_t c, unsigned char byte, char out[16])
{
    if (c == NOT_UTF8) {
        return (size_t) snprintf(out, 16, "\\x%02x", byte);
    }
    if (c == '\n') {
        return (size_t) snprintf(out, 16, "\\n");
    }
    if (c == '\r') {
        return (size_t) snprintf(out, 16, "\\r");
    }
    if (c == '\t') {
        return (size_t) snprintf(out, 16, "\\t");
    }
    if (c <= 0xffff) {
        return (size_t) snprintf(out, 16, "\\u%04x", (unsigned) c);
    }
    if (shower->form != FORM_JSON) {
        return (size_t) snprintf(out, 16, "\\U%08x", (unsigned) c);
    }

    c -= 0x10000;
    return (size_t) snprintf(out, 16, "\\u%04x\\u%04x",
        FIRST_OF_TWO | (unsigned) c >> 10, SECOND_OF_TWO | (c & 0x3ff));
}

/* Whether c ends or divides lines, and may. */
static bool
is_kept(const struct shower *shower, int32_t c, const unsigned char *rest,
    size_t len)
{
    if (shower->form != FORM_BLOCK) {
        return false;
    }

    return c == '\n' || c == '\t' || (c == '\r' && len > 0 && rest[0] == '\n');
}

/* Writes text to `to` (NULL: nowhere) as long as it fits into max_width
 * columns; returns the columns. *out_is_cut: it did not fit. */
static size_t
show(FILE *to, const char *text, size_t len, enum form form, size_t max_width,
    bool *out_is_cut)
{
    struct shower shower = {.form = form, .is_utf8 = is_utf8_shown()};
    const unsigned char *at = (const unsigned char *) text;
    size_t columns = 0;
    size_t taken;

    *out_is_cut = false;

    for (size_t i = 0; i < len; i += taken) {
        int32_t c = decode(at + i, len - i, &taken);
        char escape[16];
        size_t num_out = taken;
        int width = 0;

        if (is_kept(&shower, c, at + i + taken, len - i - taken)) {
            shower.base = 0;
        } else {
            width = place(&shower, c, at + i + taken, len - i - taken);
        }
        if (width < 0) {
            num_out = write_escape(&shower, c, at[i], escape);
            shower.base = 0;
        }
        if (columns + (width < 0 ? num_out : (size_t) width) > max_width) {
            *out_is_cut = true;
            break;
        }
        if (to != NULL) {
            (void) fwrite(width < 0 ? escape : text + i, 1, num_out, to);
        }
        columns += width < 0 ? num_out : (size_t) width;
    }

    return columns;
}

void
cli_put_text(FILE *to, const char *text)
{
    bool is_cut;

    (void) show(to, text, strlen(text), FORM_LINE, SIZE_MAX, &is_cut);
}

size_t
cli_put_cell(FILE *to, const char *text, size_t max_width)
{
    static const char more[] = "...";
    bool is_cut;
    size_t columns =
        show(NULL, text, strlen(text), FORM_LINE, max_width, &is_cut);

    if (!is_cut) {
        return to == NULL ? columns
                          : show(to, text, strlen(text), FORM_LINE, max_width,
                              &is_cut);
    }

    columns = show(
        to, text, strlen(text), FORM_LINE, max_width - strlen(more), &is_cut);
    if (to != NULL) {
        (void) fputs(more, to);
    }

    return columns + strlen(more);
}

void
cli_put_block(FILE *to, const char *text, size_t len)
{
    bool is_cut;

    (void) show(to, text, len, FORM_BLOCK, SIZE_MAX, &is_cut);
}

void
cli_put_json(FILE *to, const char *text)
{
    bool is_cut;

    (void) show(to, text, strlen(text), FORM_JSON, SIZE_MAX, &is_cut);
}

void
cli_put_sequence(FILE *to, const char *sequence)
{
    (void) fputs(sequence, to);
}

static void TRIVET_PRINTF(2, 0)
    put_format(FILE *to, const char *format, va_list args)
{
    char *text;
    int len = vasprintf(&text, format, args);

    if (len < 0) {
        cli_output_fail();
        return;
    }

    flockfile(to); /* threads do not mix their lines */
    cli_put_block(to, text, (size_t) len);
    funlockfile(to);
    free(text);
}

void
cli_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_format(stdout, format, args);
    va_end(args);
}

void
cli_tell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_format(stderr, format, args);
    va_end(args);
}

/* ---- that it was written ----------------------------------------------- */

void
cli_output_fail(void)
{
    has_failed = true;
}

void
cli_output_wait(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (poll(&fd, 1, -1) < 0 && errno == EINTR) {
    }
}

bool
cli_output_flush(void)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        if (last_errno == 0) {
            last_errno = errno;
        }
        has_failed = true;
    }

    return !has_failed;
}

bool
cli_output_is_whole(void)
{
    struct stat info;

    if (!cli_output_flush()) {
        return false;
    }
    if (fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode)
        && fsync(STDOUT_FILENO) != 0)
    {
        has_failed = true;
    }

    return !has_failed;
}

/* Runs at exit(), whoever calls it: argp does after --help. */
static void
check_output(int status, void *unused)
{
    bool had_error = has_failed || ferror(stdout) != 0;
    const char *reason = "it could not be written whole";

    (void) unused;

    errno = 0;
    if (fclose(stdout) != 0) {
        had_error = true;
        reason = errno != 0 ? strerror(errno) : reason;
    } else if (last_errno != 0) {
        reason = strerror(last_errno);
    }
    if (!had_error) {
        return;
    }

    (void) fprintf(stderr, "trivet: standard output: %s\n", reason);
    (void) fflush(stderr);
    _exit(status == CLI_OK ? CLI_FAILURE : status);
}

void
cli_output_start(void)
{
    /* Standard input and output are opened the wrong way round: using them
     * fails, as it does when they are closed. */
    static const int how[] = {
        [STDIN_FILENO] = O_WRONLY,
        [STDOUT_FILENO] = O_RDONLY,
        [STDERR_FILENO] = O_RDWR,
    };

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", how[fd]) != fd) {
            _exit(CLI_FAILURE);
        }
    }

    (void) setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
    if (on_exit(check_output, NULL) != 0) {
        _exit(CLI_FAILURE);
    }
}

bool
cli_has_colour(FILE *stream)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(fileno(stream)) != 0
           && (no_colour == NULL || no_colour[0] == '\0')
           && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}
