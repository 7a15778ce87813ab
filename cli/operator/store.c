/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - trivet store: whether a store is sound; its schema; its roles */
#include "cli/operator/common.h"

#include "cli/exit.h"
#include "cli/open_store.h"
#include "cli/operator/store_backup.h"
#include "cli/operator/store_copy.h"
#include "cli/operator/store_restore.h"
#include "cli/output.h"
#include "cli/table.h"
#include "store/backup.h"
#include "store/noun/admission.h"

enum { MAX_FAULTS_TOLD = 20 };

static const struct {
    const char *word;
    const char *text; /* to people; behind the session */
} fault_texts[] = {
    [TRIVET_ADMISSION_DIFFERS] = {"differs",
        "its row in admission is not what the other tables say"},
    [TRIVET_ADMISSION_STALE] = {"stale",
        "it has a row in admission, but may not be admitted"},
    [TRIVET_ADMISSION_MISSING] = {"missing",
        "it has no row in admission: it is looked up the slow way"},
};

struct checking {
    size_t num_faults;
    json_t *faults; /* NULL: told as text */
};

static void
take_fault(void *opaque, enum trivet_admission_fault fault, int64_t session_id)
{
    struct checking *checking = opaque;

    if (checking->num_faults++ >= MAX_FAULTS_TOLD) {
        return;
    }

    if (checking->faults != NULL) {
        (void) json_array_append_new(checking->faults,
            json_pack("{s:s, s:I}", "fault", fault_texts[fault].word,
                "session_id", (json_int_t) session_id));
    } else {
        cli_print("session %lld: %s\n", (long long) session_id,
            fault_texts[fault].text);
    }
}

static void
take_damage(void *opaque, const char *text)
{
    struct checking *checking = opaque;

    checking->num_faults++;
    if (checking->faults != NULL) {
        (void) json_array_append_new(checking->faults,
            json_pack("{s:s, s:s}", "fault", "damaged", "text", text));
    } else {
        cli_print("damaged: %s\n", text);
    }
}

static void
tell_result(const struct cli_operator *op, const struct checking *checking,
    int64_t num_rows)
{
    if (op->as_json) {
        cli_json_print(json_pack("{s:b, s:I, s:I, s:O}", "agrees",
            checking->num_faults == 0, "rows", (json_int_t) num_rows,
            "num_faults", (json_int_t) checking->num_faults, "faults",
            checking->faults));
    } else if (checking->num_faults == 0) {
        cli_print("agrees: %lld rows\n", (long long) num_rows);
    } else if (checking->num_faults > MAX_FAULTS_TOLD) {
        cli_print("and %zu more\n", checking->num_faults - MAX_FAULTS_TOLD);
    }
}

static enum trivet_status
check(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    struct checking checking = {
        .faults = op->as_json ? json_array() : NULL,
    };
    int64_t num_rows;
    enum trivet_status status =
        trivet_store_examine(op->store, take_damage, &checking, err);

    if (status == TRIVET_OK) {
        status = trivet_store_admission_check(
            op->store, take_fault, &checking, &num_rows, err);
    }
    if (status == TRIVET_OK) {
        tell_result(op, &checking, num_rows);
    }
    if (status == TRIVET_OK && checking.num_faults > 0) {
        status = trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.check",
            "the store does not agree with itself");
    }

    json_decref(checking.faults);
    return status;
}

static int
run_check(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, check);
}

static const struct cli_command check_command = {
    .name = "check",
    .summary = "whether the file is sound, and its tables agree",
    .doc = "Has SQLite examine its file. Then compares each row of the table "
           "admission, by which requests are admitted, with the tables that it "
           "is made from, and names each session for which they differ. Exits "
           "with 6 when something is wrong.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_check,
};

/* ---- migrate ------------------------------------------------------------ */

static enum trivet_status
migrate(const char *url, struct trivet_error *err)
{
    struct trivet_store *store = NULL;

    TRIVET_TRY(trivet_store_open(url, TRIVET_STORE_UPGRADE, &store, err));
    trivet_store_close(store);

    cli_tell("the store has this trivet's schema\n");
    return TRIVET_OK;
}

static int
run_migrate(void *input)
{
    struct cli_operator *op = input;
    struct trivet_error err = {.status = TRIVET_OK};

    return cli_finish_here(migrate(op->words.at[0], &err), &err);
}

static const struct cli_command migrate_command = {
    .name = "migrate",
    .summary = "give a database this trivet's schema",
    .doc = "Makes the tables of a store in the database at URL, or brings them "
           "up to date, in one transaction. A gateway never does this to a "
           "database that others use too.",
    .arguments = {"URL", 1, 1, offsetof(struct cli_operator, words), NULL},
    .input_size = sizeof(struct cli_operator),
    .run = run_migrate,
};

/* ---- roles -------------------------------------------------------------- */

/*
 * SELECT ... FOR UPDATE needs UPDATE of one column: of audit_head by all that
 * write, of installation by who prunes. Nobody changes or removes a row of the
 * audit log. Where a server key is found may be a URI with a PIN in it. Ids
 * need no right to a sequence, foreign keys none to the other table; what
 * triggers do to admission is done with the rights of who changed the other
 * table.
 */
static const char roles_sql[] =
    "-- Rights of the roles of a trivet store in PostgreSQL. Run it with\n"
    "-- psql -v ON_ERROR_STOP=1, as the owner of the tables (who ran trivet\n"
    "-- store migrate), who may make roles, or after somebody else made them.\n"
    "-- It can be run again, such as after trivet store migrate: all of it or\n"
    "-- nothing is done, and rights that are not here are taken away.\n"
    "--\n"
    "--   trivet_gateway   nginx with trivet_store, trivet serve\n"
    "--   trivet_operator  trivet user, key, device, session, prune,\n"
    "--                    server-key, clock, store check, audit\n"
    "--   trivet_auditor   trivet audit\n"
    "--\n"
    "-- Roles are of the whole server: where it has two stores, REVOKE "
    "CONNECT\n"
    "-- ON DATABASE ... FROM PUBLIC and grant it to the right ones.\n"
    "BEGIN;\n"
    "DO $$ DECLARE name TEXT; BEGIN\n"
    "    FOREACH name IN ARRAY ARRAY['trivet_gateway', 'trivet_operator',\n"
    "        'trivet_auditor'] LOOP\n"
    "        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN\n"
    "            EXECUTE format('CREATE ROLE %I NOLOGIN', name);\n"
    "        END IF;\n"
    "    END LOOP;\n"
    "END $$;\n"
    "REVOKE ALL ON ALL TABLES IN SCHEMA public\n"
    "    FROM trivet_gateway, trivet_operator, trivet_auditor, PUBLIC;\n"
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public\n"
    "    FROM trivet_gateway, trivet_operator, trivet_auditor, PUBLIC;\n"
    "GRANT SELECT ON schema_version, audit, audit_head, audit_checkpoint,\n"
    "    audit_checkpoint_head, audit_checkpoint_end, clock\n"
    "    TO trivet_auditor;\n"
    "GRANT SELECT (id, public_der) ON server_key TO trivet_auditor;\n"
    "GRANT SELECT ON ALL TABLES IN SCHEMA public\n"
    "    TO trivet_gateway, trivet_operator;\n"
    "GRANT INSERT ON audit, audit_head TO trivet_gateway, trivet_operator;\n"
    "GRANT INSERT ON audit_checkpoint, audit_checkpoint_head\n"
    "    TO trivet_gateway;\n"
    "GRANT UPDATE ON audit_checkpoint_end TO trivet_gateway;\n"
    "GRANT UPDATE ON audit_head, clock, sandbox\n"
    "    TO trivet_gateway, trivet_operator;\n"
    "GRANT INSERT, DELETE ON admission TO trivet_gateway, trivet_operator;\n"
    "-- What callers make, and what is pruned.\n"
    "GRANT INSERT, UPDATE ON server_key, users TO trivet_gateway;\n"
    "GRANT INSERT, UPDATE, DELETE ON installation, api_key, permitted_ip,\n"
    "    session TO trivet_gateway;\n"
    "GRANT INSERT, DELETE ON installation_token TO trivet_gateway;\n"
    "GRANT INSERT ON device TO trivet_gateway;\n"
    "-- What operators make, end and prune; they open no sessions.\n"
    "GRANT INSERT, UPDATE ON users TO trivet_operator;\n"
    "GRANT INSERT, UPDATE, DELETE ON server_key, api_key, permitted_ip\n"
    "    TO trivet_operator;\n"
    "GRANT UPDATE, DELETE ON session TO trivet_operator;\n"
    "GRANT DELETE ON installation, installation_token TO trivet_operator;\n"
    "GRANT UPDATE (registered_us) ON installation TO trivet_operator;\n"
    "-- The list of changes, and what is counted once among all gateways.\n"
    "GRANT INSERT ON change TO trivet_operator;\n"
    "GRANT INSERT, UPDATE, DELETE ON change, session_turn, request_id\n"
    "    TO trivet_gateway;\n"
    "COMMIT;\n"
    "-- Then, for each gateway: CREATE ROLE gateway1 LOGIN IN ROLE\n"
    "-- trivet_gateway; and so on.\n";

static int
run_roles(void *input)
{
    (void) input;

    cli_print("%s", roles_sql);
    return cli_finish_here(TRIVET_OK, NULL);
}

static const struct cli_command roles_command = {
    .name = "roles",
    .summary = "print the SQL that gives roles their rights in PostgreSQL",
    .doc = "Prints the SQL that makes the roles trivet_gateway, "
           "trivet_operator and trivet_auditor, with the rights that each "
           "needs and no more. It can be run again.",
    .input_size = sizeof(struct cli_operator),
    .run = run_roles,
};

static const struct cli_command *const children[] = {&check_command,
    &cli_store_backup_command, &cli_store_restore_command, &migrate_command,
    &cli_store_copy_command, &roles_command, NULL};

const struct cli_command cli_store_command = {
    .name = "store",
    .summary = "the store: check, backup, restore, migrate, copy, roles",
    .children = children,
};
