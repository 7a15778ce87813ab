/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.c - the embedded database
 *
 * WAL: readers never wait for writers. synchronous=FULL: a commit is on disk
 * before it is acknowledged. One connection per thread, so SQLite's own locks
 * are left out.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "schema_sqlite.h"
#include "store/statement.h"

enum {
    MAX_STATEMENTS = 256, /* twice as many as there are: a table by hash */
    BUSY_STEP_NS = 500000,
    BUSY_STEPS_PER_MS = 2,
    MAX_BUSY_MS = 3000 /* then the store counts as down */
};

static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

struct prepared {
    const void *key; /* NULL: free */
    sqlite3_stmt *statement;
};

struct connection {
    sqlite3 *db;
    char *path;
    struct stat file; /* as it was opened */
    char *notice;     /* NULL: none */
    int max_busy_steps;
    struct prepared statements[MAX_STATEMENTS];
    sqlite3_stmt *version; /* NULL: not prepared yet */
};

/* SQLite's own handler sleeps up to 100 ms at a time: too long for requests
 * that wait for a commit of two. */
static int
wait_a_little(void *opaque, int num_calls)
{
    const struct connection *connection = opaque;
    const struct timespec step = {.tv_nsec = BUSY_STEP_NS};

    if (num_calls >= connection->max_busy_steps) {
        return 0;
    }

    (void) nanosleep(&step, NULL);
    return 1;
}

/* SQLite had no memory for the connection itself: there is none to ask. */
static bool
is_transaction_open(const struct connection *connection)
{
    return connection->db != NULL
           && sqlite3_get_autocommit(connection->db) == 0;
}

/* Whose fault it is: the statement's, or the database's. Out of memory in a
 * transaction is the statement's, unless SQLite has rolled all of it back. */
static enum trivet_status
status_of(struct connection *connection, int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT:
        return TRIVET_E_CONFLICT;
    case SQLITE_OK: /* it was not SQLite that found none */
    case SQLITE_NOMEM:
        return is_transaction_open(connection) ? TRIVET_E_MEMORY
                                               : TRIVET_E_UNAVAILABLE;
    case SQLITE_TOOBIG:
        return TRIVET_E_LIMIT;
    default:
        return TRIVET_E_UNAVAILABLE;
    }
}

static enum trivet_status
fail(struct connection *connection, const char *where, struct trivet_error *err)
{
    int code = sqlite3_errcode(connection->db);
    const char *text = sqlite3_errmsg(connection->db);
    const bool is_others = strncmp(text, "no such table", 13) == 0;
    const char *advice = is_others ? " (no store of trivet's)" : "";

    return trivet_error_set(err, status_of(connection, code), where, "%s: %s%s",
        connection->path, text, advice);
}

static void
close_connection(void *opaque)
{
    struct connection *connection = opaque;

    if (connection == NULL) {
        return;
    }

    for (size_t i = 0; i < MAX_STATEMENTS; i++) {
        (void) sqlite3_finalize(connection->statements[i].statement);
    }

    (void) sqlite3_finalize(connection->version);
    (void) sqlite3_close(connection->db);
    free(connection->notice);
    free(connection->path);
    free(connection);
}

static void
set_patience(void *opaque, unsigned max_wait_ms)
{
    struct connection *connection = opaque;
    bool is_default = max_wait_ms == 0 || max_wait_ms > MAX_BUSY_MS;
    unsigned ms = is_default ? MAX_BUSY_MS : max_wait_ms;

    connection->max_busy_steps = (int) ms * BUSY_STEPS_PER_MS;
}

static enum trivet_status
run_script(void *opaque, const char *sql, struct trivet_error *err)
{
    struct connection *connection = opaque;

    if (sqlite3_exec(connection->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(connection, "store.script", err);
    }

    return TRIVET_OK;
}

/*
 * Whether the file holds a database, or may be made one. What is none must not
 * come to SQLite: it would read the write-ahead log that lies beside it, of the
 * database that was moved away, and throw it away with all commits in it.
 *
 * Read through SQLite's own handle: closing another one would drop the locks
 * that other threads' connections have on the file.
 */
static bool
is_database(sqlite3 *db, bool may_create)
{
    static const char magic[16] = "SQLite format 3";
    sqlite3_file *file = NULL;
    sqlite3_int64 size;
    char head[sizeof magic];

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file)
            != SQLITE_OK
        || file->pMethods == NULL
        || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
    {
        return false;
    }

    if (size == 0) {
        return may_create;
    }

    return file->pMethods->xRead(file, head, sizeof head, 0) == SQLITE_OK
           && memcmp(head, magic, sizeof magic) == 0;
}

/* Two that turn one new file to WAL do not wait for each other: SQLite fails
 * one of them without asking its busy handler. */
static enum trivet_status
apply_settings(struct connection *connection, struct trivet_error *err)
{
    int num_calls = 0;
    int code;

    do {
        code = sqlite3_exec(connection->db, settings, NULL, NULL, NULL);
    } while (code == SQLITE_BUSY && wait_a_little(connection, num_calls++));

    return code == SQLITE_OK ? TRIVET_OK
                             : fail(connection, "store.settings", err);
}

/* ---- the file's mode --------------------------------------------------- */

/*
 * A new file is 0600 before SQLite sees it, whatever the umask; what SQLite
 * makes beside it gets the same mode. A file that is there is left alone.
 *
 * Closing it drops no lock of another connection: the file is new.
 */
static enum trivet_status
make_file(const struct connection *connection, struct trivet_error *err)
{
    int fd = open(connection->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
        S_IRUSR | S_IWUSR);
    struct stat info;
    bool is_made;

    if (fd < 0 && errno == EEXIST && stat(connection->path, &info) != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: a link to a file that does not exist: others could read a "
            "store that is made there",
            connection->path);
    }
    if (fd < 0) {
        /* Of other failures SQLite tells. */
        return TRIVET_OK;
    }

    is_made = fchmod(fd, S_IRUSR | S_IWUSR) == 0;
    if (!is_made) {
        (void) trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: chmod: %s", connection->path, strerror(errno));
    }
    (void) close(fd);

    return is_made ? TRIVET_OK : TRIVET_E_UNAVAILABLE;
}

/*
 * A store that others may read, of an earlier version or after a copy, is for
 * its owner alone from now on. By name: a file must not be opened and closed
 * beside SQLite, whose locks would go with it.
 */
static const char *
confine(void *opaque)
{
    struct connection *connection = opaque;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    const size_t cap = strlen(connection->path) + 128;
    char *text = malloc(cap);

    for (size_t i = 0; text != NULL && i < sizeof suffixes / sizeof suffixes[0];
         i++)
    {
        unsigned mode;
        bool is_done;

        (void) snprintf(text, cap, "%s%s", connection->path, suffixes[i]);
        mode = trivet_file_take_from_others(text, &is_done);
        if (mode == 0 || connection->notice != NULL) {
            continue;
        }

        if (is_done) {
            (void) snprintf(text, cap,
                "%s%s: others could open it (mode %04o); now they cannot",
                connection->path, suffixes[i], mode);
        } else {
            (void) snprintf(text, cap,
                "%s%s: others can open it (mode %04o); chmod 600 it",
                connection->path, suffixes[i], mode);
        }
        connection->notice = strdup(text);
    }

    free(text);
    return connection->notice;
}

/* ---- opening ----------------------------------------------------------- */

/* A commit empties the page caches of all other connections. SQLite would take
 * a block of twenty pages for each of them then and give it back at the next
 * commit, for which the C library asks the kernel each time. */
static void
allocate_by_page(void)
{
    (void) sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

static enum trivet_status
connect(
    struct connection *connection, bool may_create, struct trivet_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
                | (may_create ? SQLITE_OPEN_CREATE : 0);

    (void) pthread_once(&once, allocate_by_page);

    if (may_create) {
        TRIVET_TRY(make_file(connection, err));
    }

    if (sqlite3_open_v2(connection->path, &connection->db, flags, NULL)
        != SQLITE_OK)
    {
        return fail(connection, "store.open", err);
    }

    /* SQLite opens what it cannot write for reading, without a word. */
    if (sqlite3_db_readonly(connection->db, "main") != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: cannot be written", connection->path);
    }
    if (!is_database(connection->db, may_create)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: not a database", connection->path);
    }

    (void) sqlite3_extended_result_codes(connection->db, 0);
    TRIVET_TRY(apply_settings(connection, err));
    (void) sqlite3_busy_handler(connection->db, wait_a_little, connection);

    if (stat(connection->path, &connection->file) != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.open",
            "%s: removed while it was opened", connection->path);
    }

    return TRIVET_OK;
}

static enum trivet_status
open_connection(const char *location, bool may_create, unsigned max_wait_ms,
    void **out, struct trivet_error *err)
{
    struct connection *connection = calloc(1, sizeof *connection);
    enum trivet_status status;

    if (connection == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    set_patience(connection, max_wait_ms);
    connection->path = strdup(location);
    if (connection->path == NULL) {
        close_connection(connection);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.open", "out of memory");
    }

    status = connect(connection, may_create, err);
    if (status != TRIVET_OK) {
        close_connection(connection);
        return status;
    }

    *out = connection;
    return TRIVET_OK;
}

/* An open file lives on when its name is taken away; the store does not: what
 * the operator put in its place counts. The file only grows while it is ours,
 * so a smaller one was written over. */
static bool
is_current(void *opaque)
{
    struct connection *connection = opaque;
    struct stat now;

    return stat(connection->path, &now) == 0
           && now.st_ino == connection->file.st_ino
           && now.st_dev == connection->file.st_dev
           && now.st_size >= connection->file.st_size;
}

static bool
is_in_transaction(void *opaque)
{
    struct connection *connection = opaque;

    return sqlite3_get_autocommit(connection->db) == 0;
}

static enum trivet_status
get_version(void *opaque, int64_t *out, struct trivet_error *err)
{
    struct connection *connection = opaque;
    enum trivet_status status = TRIVET_OK;

    if (connection->version == NULL
        && sqlite3_prepare_v3(connection->db, "PRAGMA data_version", -1,
               SQLITE_PREPARE_PERSISTENT, &connection->version, NULL)
               != SQLITE_OK)
    {
        return fail(connection, "store.version", err);
    }

    if (sqlite3_step(connection->version) == SQLITE_ROW) {
        *out = sqlite3_column_int64(connection->version, 0);
    } else {
        status = fail(connection, "store.version", err);
    }

    (void) sqlite3_reset(connection->version);
    return status;
}

static int
bind(sqlite3_stmt *statement, int at, const struct trivet_value *value)
{
    const char *bytes =
        value->bytes.len > 0 ? (const char *) value->bytes.data : "";
    int len = (int) value->bytes.len;

    switch (value->kind) {
    case TRIVET_VALUE_INTEGER:
        return sqlite3_bind_int64(statement, at, value->integer);
    case TRIVET_VALUE_TEXT:
        return sqlite3_bind_text(statement, at, bytes, len, SQLITE_STATIC);
    case TRIVET_VALUE_BLOB:
        return sqlite3_bind_blob(statement, at, bytes, len, SQLITE_STATIC);
    case TRIVET_VALUE_NULL:
        break;
    }

    return sqlite3_bind_null(statement, at);
}

static struct trivet_value
column(sqlite3_stmt *statement, int at)
{
    struct trivet_value value = {.kind = TRIVET_VALUE_NULL};

    switch (sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER:
        value.kind = TRIVET_VALUE_INTEGER;
        value.integer = sqlite3_column_int64(statement, at);
        break;
    case SQLITE_TEXT:
        value.kind = TRIVET_VALUE_TEXT;
        break;
    case SQLITE_BLOB:
        value.kind = TRIVET_VALUE_BLOB;
        break;
    default:
        break;
    }

    if (value.kind == TRIVET_VALUE_TEXT || value.kind == TRIVET_VALUE_BLOB) {
        value.bytes.data = sqlite3_column_blob(statement, at);
        value.bytes.len = (size_t) sqlite3_column_bytes(statement, at);
    }

    return value;
}

/* Where the statement of that key is or goes; NULL when the table is full. */
static struct prepared *
find_place(struct connection *connection, const void *key)
{
    const size_t first = (uintptr_t) key / sizeof(struct trivet_statement);

    for (size_t i = 0; i < MAX_STATEMENTS; i++) {
        struct prepared *place =
            &connection->statements[(first + i) % MAX_STATEMENTS];

        if (place->key == key || place->key == NULL) {
            return place;
        }
    }

    return NULL;
}

/* SQLite numbers $1, $2 by where they stand in the text; ?1, ?2 by what they
 * say. NULL when it cannot be prepared. */
static sqlite3_stmt *
prepare(struct connection *connection, const char *text)
{
    sqlite3_stmt *statement = NULL;
    char *sql = strdup(text);

    if (sql == NULL) {
        return NULL;
    }

    for (char *p = sql; *p != '\0'; p++) {
        *p = *p == '$' ? '?' : *p;
    }

    (void) sqlite3_prepare_v3(
        connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    free(sql);

    return statement;
}

static enum trivet_status
get_statement(struct connection *connection, const struct trivet_query *query,
    sqlite3_stmt **out, struct trivet_error *err)
{
    struct prepared *place = find_place(connection, query->key);

    if (place == NULL) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "store.run", "MAX_STATEMENTS is too small");
    }

    if (place->key == NULL) {
        place->statement = prepare(connection, query->sql);
        if (place->statement == NULL) {
            return fail(connection, "store.prepare", err);
        }
        place->key = query->key;
    }

    *out = place->statement;
    return TRIVET_OK;
}

static int
step_all(sqlite3_stmt *statement, const struct trivet_query *query)
{
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct trivet_value columns[TRIVET_MAX_COLUMNS];
        int num_columns = sqlite3_column_count(statement);

        if (query->on_row == NULL || num_columns > TRIVET_MAX_COLUMNS) {
            continue;
        }

        for (int i = 0; i < num_columns; i++) {
            columns[i] = column(statement, i);
        }

        query->on_row(query->user, columns);
    }

    return code;
}

static enum trivet_status
run(void *opaque, const struct trivet_query *query, struct trivet_error *err)
{
    struct connection *connection = opaque;
    sqlite3_stmt *statement = NULL;
    enum trivet_status status = TRIVET_OK;
    size_t num_bound = 0;

    TRIVET_TRY(get_statement(connection, query, &statement, err));

    while (num_bound < query->num_params
           && bind(statement, (int) num_bound + 1, &query->params[num_bound])
                  == SQLITE_OK)
    {
        num_bound++;
    }

    if (num_bound < query->num_params) {
        status = fail(connection, "store.bind", err);
    } else if (step_all(statement, query) != SQLITE_DONE) {
        status = fail(connection, "store.run", err);
    }

    (void) sqlite3_reset(statement);
    (void) sqlite3_clear_bindings(statement);
    return status;
}

/* One writer at a time: it waits here, not at its first change. */
static const struct trivet_statement begin_sql = {
    .name = "begin", .sql = "BEGIN IMMEDIATE"};

const struct trivet_driver trivet_sqlite_driver = {
    .scheme = "sqlite:",
    .example = TRIVET_STORE_SQLITE,
    .dialect = TRIVET_DIALECT_SQLITE,
    .migrations = migrations,
    .num_migrations = sizeof migrations / sizeof migrations[0],
    .begin = &begin_sql,
    .open = open_connection,
    .close = close_connection,
    .confine = confine,
    .is_current = is_current,
    .is_in_transaction = is_in_transaction,
    .get_version = get_version,
    .set_patience = set_patience,
    .run_script = run_script,
    .run = run,
};
