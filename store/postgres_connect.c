/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_connect.c - a store's URL, and connections to what it names
 *
 * libpq's own connect_timeout counts in seconds and blocks: connections are
 * made step by step here, each host with its share of the time. A host's name
 * is still looked up by libpq, which waits as long as the resolver does: give
 * addresses (hostaddr) where that matters.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/ticks.h"
#include "crypto/thread.h"
#include "store/again.h"
#include "store/store.h"

enum { MAX_WORDS = 64, FIRST_PAUSE_MS = 50, MAX_PAUSE_MS = 1000 };

/* ---- the URL ----------------------------------------------------------- */

static enum trivet_status
fail_memory(struct trivet_error *err)
{
    return trivet_error_set(
        err, TRIVET_E_MEMORY, "store.open", "out of memory");
}

static const char *
value_of(const struct trivet_pg_target *target, const char *word)
{
    for (const PQconninfoOption *o = target->options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, word) == 0) {
            return o->val != NULL && o->val[0] != '\0' ? o->val : NULL;
        }
    }

    return NULL;
}

/* Takes "name=value" out of the query that begins at url's '?'. False when it
 * is not there; value is cut to fit. */
static bool
take_parameter(char *url, const char *name, char *value, size_t cap)
{
    char *query = strchr(url, '?');
    const size_t name_len = strlen(name);

    for (char *at = query; at != NULL; at = strchr(at + 1, '&')) {
        char *end = strchr(at + 1, '&');
        size_t len = end == NULL ? strlen(at + 1) : (size_t) (end - at - 1);

        if (strncmp(at + 1, name, name_len) != 0 || at[1 + name_len] != '=') {
            continue;
        }

        (void) snprintf(
            value, cap, "%.*s", (int) (len - name_len - 1), at + 2 + name_len);
        if (end == NULL) {
            *at = '\0';
        } else {
            memmove(at + 1, end + 1, strlen(end + 1) + 1);
        }
        return true;
    }

    return false;
}

/* trivet's own parameters, which libpq does not know. */
static enum trivet_status
take_own(char *url, struct trivet_pg_target *target, struct trivet_error *err)
{
    char value[16] = "";
    char *end;

    target->may_prepare = true;
    if (take_parameter(url, "prepare", value, sizeof value)) {
        target->may_prepare = strcmp(value, "off") != 0;
        if (target->may_prepare && strcmp(value, "on") != 0) {
            return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
                "the store's URL: prepare is on or off, not %s", value);
        }
    }

    target->statement_ms = TRIVET_PG_STATEMENT_MS;
    if (take_parameter(url, "deadline_ms", value, sizeof value)) {
        target->statement_ms = strtol(value, &end, 10);
        if (*end != '\0' || target->statement_ms < 100
            || target->statement_ms > 3600000)
        {
            return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
                "the store's URL: deadline_ms is 100 to 3600000, not %s",
                value);
        }
    }

    return TRIVET_OK;
}

/* In the order of what an operator must do first. */
static enum trivet_status
check_options(struct trivet_pg_target *target, struct trivet_error *err)
{
    const char *timeout = value_of(target, "connect_timeout");
    const char *attrs = value_of(target, "target_session_attrs");
    long seconds;
    char *end;

    if (value_of(target, "password") != NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store's URL has a password in it, which others can read: put "
            "it into a file (passfile), PGPASSWORD or a credential");
    }
    if (value_of(target, "dbname") == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store's URL names no database: " TRIVET_STORE_POSTGRES);
    }
    if (attrs != NULL && strcmp(attrs, "read-write") != 0
        && strcmp(attrs, "primary") != 0)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store's URL: target_session_attrs=%s: a store must be "
            "writable (read-write)",
            attrs);
    }

    target->connect_ms = TRIVET_PG_CONNECT_MS;
    if (timeout != NULL) {
        seconds = strtol(timeout, &end, 10);
        if (*end != '\0' || seconds < 1 || seconds > 60) {
            return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
                "the store's URL: connect_timeout is 1 to 60 seconds, not %s",
                timeout);
        }
        target->connect_ms = seconds * 1000;
    }

    return TRIVET_OK;
}

/* For messages: where it is, and not who asks or how. */
static char *
name_of(const struct trivet_pg_target *target)
{
    const char *host = value_of(target, "host");
    const char *dbname = value_of(target, "dbname");
    char name[192];

    if (host == NULL) {
        host = value_of(target, "hostaddr");
    }
    if (host == NULL) {
        host = "";
    }
    (void) snprintf(name, sizeof name, TRIVET_PG_SCHEME "%s/%s", host, dbname);

    return strdup(name);
}

/* PQconninfoParse quotes the URL in its message, and with it what may be a
 * password. */
static enum trivet_status
read_url(char *url, struct trivet_pg_target *target, struct trivet_error *err)
{
    char *text = NULL;

    TRIVET_TRY(take_own(url, target, err));

    target->options = PQconninfoParse(url, &text);
    PQfreemem(text);
    if (target->options == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.open",
            "the store's URL cannot be read: " TRIVET_STORE_POSTGRES
            "?sslmode=verify-full");
    }

    TRIVET_TRY(check_options(target, err));

    target->name = name_of(target);
    return target->name == NULL ? fail_memory(err) : TRIVET_OK;
}

enum trivet_status
trivet_pg_target_read(const char *location, struct trivet_pg_target *out,
    struct trivet_error *err)
{
    const size_t cap = strlen(TRIVET_PG_SCHEME) + strlen(location) + 1;
    char *url = malloc(cap);
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    if (url == NULL) {
        return fail_memory(err);
    }

    (void) snprintf(url, cap, TRIVET_PG_SCHEME "%s", location);
    status = read_url(url, out, err);
    trivet_wipe(url, cap);
    free(url);

    return status;
}

void
trivet_pg_target_free(struct trivet_pg_target *target)
{
    PQconninfoFree(target->options);
    free(target->name);
    memset(target, 0, sizeof *target);
}

/* ---- the pause after a failure ------------------------------------------ */

/* Of the process: what all its threads would find out one after the other. */
static struct {
    pthread_mutex_t lock;
    int64_t until_ms; /* 0: none */
    int64_t pause_ms;
    char name[192];
    struct trivet_error why;
} backoff = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum trivet_status
check_pause(const struct trivet_pg_target *target, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;

    (void) pthread_mutex_lock(&backoff.lock);
    if (backoff.until_ms > trivet_ticks_ms()
        && strcmp(backoff.name, target->name) == 0)
    {
        status = backoff.why.status;
        if (err != NULL) {
            *err = backoff.why;
        }
    }
    (void) pthread_mutex_unlock(&backoff.lock);

    return status;
}

/* Between a half and all of it, so that processes do not come together. */
static void
note_outcome(const struct trivet_pg_target *target,
    const struct trivet_error *why, int64_t now_ms)
{
    (void) pthread_mutex_lock(&backoff.lock);
    if (why->status == TRIVET_OK || strcmp(backoff.name, target->name) != 0) {
        backoff.pause_ms = 0;
        backoff.until_ms = 0;
    }
    if (why->status != TRIVET_OK) {
        backoff.pause_ms =
            backoff.pause_ms == 0 ? FIRST_PAUSE_MS : backoff.pause_ms * 2;
        if (backoff.pause_ms > MAX_PAUSE_MS) {
            backoff.pause_ms = MAX_PAUSE_MS;
        }
        backoff.until_ms =
            now_ms + backoff.pause_ms / 2
            + trivet_store_jitter((unsigned) (backoff.pause_ms / 2));
        backoff.why = *why;
        (void) snprintf(backoff.name, sizeof backoff.name, "%s", target->name);
    }
    (void) pthread_mutex_unlock(&backoff.lock);
}

/* ---- connecting --------------------------------------------------------- */

struct words {
    const char *names[MAX_WORDS];
    const char *values[MAX_WORDS];
    size_t num;
};

/* words->num: it is not there. */
static size_t
find_word(const struct words *words, const char *name)
{
    size_t at = 0;

    while (at < words->num && strcmp(words->names[at], name) != 0) {
        at++;
    }

    return at;
}

static void
set_word(struct words *words, const char *name, const char *value)
{
    size_t at = find_word(words, name);

    if (at == MAX_WORDS - 1) {
        return;
    }

    words->names[at] = name;
    words->values[at] = value;
    words->num += at == words->num;
}

static void
set_default(struct words *words, const char *name, const char *value)
{
    if (find_word(words, name) == words->num) {
        set_word(words, name, value);
    }
}

static size_t
count_items(const char *list)
{
    size_t num = 1;

    for (; list != NULL && *list != '\0'; list++) {
        num += *list == ',';
    }

    return num;
}

/* The item of a list with commas; a list of one is the same for all. */
static void
get_item(const char *list, size_t index, char *out, size_t cap)
{
    size_t num = count_items(list);

    out[0] = '\0';
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; num > 1 && i < index; i++) {
        list = strchr(list, ',');
        if (list == NULL) {
            return;
        }
        list++;
    }

    (void) snprintf(out, cap, "%.*s", (int) strcspn(list, ","), list);
}

static bool
is_of_this_machine(const char *host, const char *hostaddr)
{
    const char *where = hostaddr[0] != '\0' ? hostaddr : host;

    return where[0] == '\0' || where[0] == '/' || where[0] == '@'
           || strcmp(where, "localhost") == 0 || strcmp(where, "::1") == 0
           || strncmp(where, "127.", 4) == 0;
}

struct one_host {
    char host[256];
    char hostaddr[64];
    char port[8];
};

static void
fill_words(const struct trivet_pg_target *target, const struct one_host *one,
    const char *password, struct words *words)
{
    for (const PQconninfoOption *o = target->options; o->keyword != NULL; o++) {
        if (o->val != NULL && o->val[0] != '\0') {
            set_word(words, o->keyword, o->val);
        }
    }

    set_word(words, "host", one->host);
    set_word(words, "hostaddr", one->hostaddr);
    set_word(words, "port", one->port);
    /* Asked afterwards: a pooler tells libpq what the server was once. */
    set_word(words, "target_session_attrs", "any");
    set_word(words, "client_encoding", "UTF8");
    set_default(words, "application_name", "trivet");
    set_default(words, "gssencmode", "disable");
    set_default(words, "keepalives_idle", "5");
    set_default(words, "keepalives_interval", "2");
    set_default(words, "keepalives_count", "3");
    set_default(words, "tcp_user_timeout", "10000");
    if (!is_of_this_machine(one->host, one->hostaddr)) {
        set_default(words, "sslmode", "verify-full");
    }
    if (password[0] != '\0') {
        set_word(words, "password", password);
    }
    words->names[words->num] = NULL;
    words->values[words->num] = NULL;
}

/* libpq ends TLS that was never begun, and leaves what OpenSSL says to that. */
void
trivet_pg_finish(PGconn *conn)
{
    PQfinish(conn);
    trivet_crypto_thread_forget_errors();
}

/* Whether it came to an end, well or not, before the deadline. */
static bool
follow(PGconn *conn, int64_t deadline_ms)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;

    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (!trivet_pg_await(conn, events, deadline_ms)) {
            return false;
        }
        step = PQconnectPoll(conn);
    }

    return true;
}

static enum trivet_status
connect_to(const struct trivet_pg_target *target, size_t index,
    int64_t deadline_ms, PGconn **out, bool *out_is_pooled,
    struct trivet_error *err)
{
    struct words words = {.num = 0};
    struct one_host one;
    char password[TRIVET_PG_MAX_PASSWORD];
    PGconn *conn;
    enum trivet_status status = TRIVET_OK;
    const char *shown = one.host;

    get_item(value_of(target, "host"), index, one.host, sizeof one.host);
    get_item(
        value_of(target, "hostaddr"), index, one.hostaddr, sizeof one.hostaddr);
    get_item(value_of(target, "port"), index, one.port, sizeof one.port);
    if (one.host[0] == '\0') {
        shown = one.hostaddr;
    }
    TRIVET_TRY(trivet_pg_get_password(password, err));
    fill_words(target, &one, password, &words);

    conn = PQconnectStartParams(words.names, words.values, 0);
    trivet_wipe(password, sizeof password);
    if (conn == NULL) {
        return fail_memory(err);
    }

    if (PQstatus(conn) != CONNECTION_BAD && !follow(conn, deadline_ms)) {
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: no answer in time from %s", target->name, shown);
    } else if (PQstatus(conn) != CONNECTION_OK
               || PQsetnonblocking(conn, 1) != 0) {
        status = trivet_pg_fail_connection(target, conn, "store.open", err);
    } else {
        status = trivet_pg_check_primary(
            target, conn, deadline_ms, out_is_pooled, err);
    }

    if (status != TRIVET_OK) {
        trivet_pg_finish(conn);
        return status;
    }

    *out = conn;
    return TRIVET_OK;
}

/* The first failure is told: the others are often of standbys. */
enum trivet_status
trivet_pg_connect(const struct trivet_pg_target *target, PGconn **out,
    bool *out_is_pooled, struct trivet_error *err)
{
    const char *host = value_of(target, "host");
    size_t num =
        count_items(host == NULL ? value_of(target, "hostaddr") : host);
    int64_t start_ms = trivet_ticks_ms();
    struct trivet_error first = {.status = TRIVET_OK};
    enum trivet_status status = TRIVET_E_UNAVAILABLE;

    TRIVET_TRY(check_pause(target, err));

    num = num > TRIVET_PG_MAX_HOSTS ? TRIVET_PG_MAX_HOSTS : num;
    for (size_t i = 0; i < num && status != TRIVET_OK; i++) {
        struct trivet_error why = {.status = TRIVET_OK};
        int64_t left = start_ms + target->connect_ms - trivet_ticks_ms();
        int64_t deadline_ms = trivet_ticks_ms() + left / (int64_t) (num - i);

        status = connect_to(target, i, deadline_ms, out, out_is_pooled, &why);
        if (first.status == TRIVET_OK) {
            first = why;
            first.status = status;
        }
    }

    first.status = status;
    note_outcome(target, &first, trivet_ticks_ms());
    if (status != TRIVET_OK && err != NULL) {
        *err = first;
    }

    return status;
}
