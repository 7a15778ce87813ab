/* SPDX-License-Identifier: Apache-2.0 */
/* test_checkpoint.c - the ends of chains, signed together; what was done to
 * that is found */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/chains.h"

#include "crypto/statement.h"
#include "store/noun/server_key.h"

/* ---- writing them ------------------------------------------------------- */

static void
is_written_when_a_chain_has_moved(void **state)
{
    (void) state;

    checkpoint();
    assert_int_equal(num_checkpoints(), 1);
    checkpoint();
    assert_int_equal(num_checkpoints(), 1);
    log_in(&ann);
    checkpoint();
    checkpoint();
    assert_int_equal(num_checkpoints(), 2);
    assert_int_equal(verify(), 0);
}

static void
is_written_when_it_is_time(void **state)
{
    const int64_t minute_us = 60 * TRIVET_US_PER_S;

    (void) state;

    log_in(&ann);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            trivet_authority_checkpoint(world.authority, minute_us, NULL),
            TRIVET_OK);
        open_session_from(&ann, HOME);
        assert_int_equal(num_checkpoints(), i + 1);
        assert_int_equal(
            trivet_authority_checkpoint(world.authority, minute_us, NULL),
            TRIVET_OK);
        assert_int_equal(num_checkpoints(), i + 1);
        world_pass(i == 1 ? -3600 : 60); /* a clock that went back as well */
    }
}

/* Of two gateways that have drafted the same one, one writes it. */
static void
is_written_once(void **state)
{
    struct trivet_store *store;
    struct trivet_checkpoint draft;
    unsigned char signature[TRIVET_SIGNATURE_LEN] = {0};

    (void) state;

    log_in(&ann);
    store = open_store(NULL);
    assert_int_equal(
        trivet_store_checkpoint_draft(store, 1, 7, &draft, NULL), TRIVET_OK);
    assert_int_equal(draft.num_heads, 1);
    checkpoint();
    assert_int_equal(
        trivet_store_checkpoint_put(store, &draft, signature, NULL),
        TRIVET_E_CONFLICT);
    trivet_checkpoint_release(&draft);
    trivet_store_close(store);
    assert_int_equal(num_checkpoints(), 1);
    assert_int_equal(verify(), 0);
}

static void
key_that_signed_one_stays(void **state)
{
    struct trivet_store *store;

    (void) state;

    checkpoint();
    store = open_store(NULL);
    assert_int_equal(
        trivet_store_server_key_drop(store, 1, 7, NULL), TRIVET_OK);
    trivet_store_close(store);
    assert_int_equal(operate("SELECT COUNT(*) FROM server_key"), 1);
    assert_int_equal(verify(), 0);
}

/* ---- what was done to checkpoints ---------------------------------------- */

static void
changed_checkpoint_is_found(void **state)
{
    static const struct {
        const char *change;
        const char *back;
    } changes[] = {
        {"audit_checkpoint SET at_us = at_us + 1 WHERE id = 2",
            "audit_checkpoint SET at_us = at_us - 1 WHERE id = 2"},
        {"audit_checkpoint_head SET num_rows = 7 WHERE checkpoint_id = 2",
            "audit_checkpoint_head SET num_rows = 9 WHERE checkpoint_id = 2"},
        {"audit_checkpoint_head SET chain = 'west' WHERE checkpoint_id = 2",
            "audit_checkpoint_head SET chain = 'main' WHERE checkpoint_id = 2"},
    };

    (void) state;

    fill();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        (void) operate("UPDATE %s", changes[i].change);
        assert_true(verify() >= 1);
        assert_fault(0, TRIVET_AUDIT_CHECKPOINT_CHANGED, "", 2, 2);
        assert_int_equal(report.whole_until, 1);
        (void) operate("UPDATE %s", changes[i].back);
        assert_int_equal(verify(), 0);
    }

    (void) operate("DELETE FROM audit_checkpoint_head WHERE checkpoint_id = 2");
    assert_found(TRIVET_AUDIT_CHECKPOINT_CHANGED, "", 2, 2, 1);
}

static void
checkpoint_that_the_server_did_not_sign_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("UPDATE audit_checkpoint SET signature = (SELECT signature"
                   " FROM audit_checkpoint WHERE id = 1) WHERE id = 3");
    assert_found(TRIVET_AUDIT_CHECKPOINT_FORGED, "", 3, 3, 2);
    (void) operate("UPDATE audit_checkpoint SET signature = x'00'"
                   " WHERE id = 3");
    assert_found(TRIVET_AUDIT_CHECKPOINT_FORGED, "", 3, 3, 2);
}

/* It fits its place, and says who signed it. */
static void
checkpoint_that_another_key_signed_is_found(void **state)
{
    struct trivet_store *store;
    struct trivet_checkpoint draft;
    char statement[TRIVET_MAX_CHECKPOINT_STATEMENT];
    char text[TRIVET_SIGNATURE_TEXT_LEN];
    unsigned char signature[TRIVET_SIGNATURE_LEN];
    size_t len;

    (void) state;

    fill();
    store = open_store(NULL);
    assert_int_equal(
        trivet_store_checkpoint_draft(store, 1, 7, &draft, NULL), TRIVET_OK);
    trivet_checkpoint_statement(draft.id, draft.hash, statement);
    assert_int_equal(trivet_statement_sign(world.server_keys[1].key,
                         trivet_slice_text(statement), text),
        TRIVET_OK);
    assert_int_equal(trivet_base64_decode(trivet_slice_make(text, sizeof text),
                         signature, sizeof signature, &len),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_checkpoint_put(store, &draft, signature, NULL), TRIVET_OK);
    trivet_checkpoint_release(&draft);
    trivet_store_close(store);
    assert_found(TRIVET_AUDIT_CHECKPOINT_FORGED, "", 4, 4, 3);
}

static void
remove_checkpoint(int id)
{
    (void) operate(
        "DELETE FROM audit_checkpoint_head WHERE checkpoint_id = %d", id);
    (void) operate("DELETE FROM audit_checkpoint WHERE id = %d", id);
}

static void
checkpoint_that_was_removed_is_found(void **state)
{
    (void) state;

    fill();
    remove_checkpoint(2);
    assert_found(TRIVET_AUDIT_CHECKPOINTS_MISSING, "", 2, 2, 1);
    remove_checkpoint(1);
    assert_found(TRIVET_AUDIT_CHECKPOINTS_MISSING, "", 1, 2, 0);
    remove_checkpoint(3);
    assert_found(TRIVET_AUDIT_CHECKPOINTS_MISSING, "", 1, 3, 0);
}

static void
last_checkpoint_that_was_removed_is_found(void **state)
{
    struct trivet_audit_head noted;

    (void) state;

    fill();
    noted = report.checkpoint;
    remove_checkpoint(3);
    assert_found(TRIVET_AUDIT_CHECKPOINTS_MISSING, "", 3, 3, 2);
    (void) operate("UPDATE audit_checkpoint_end SET num = 2");
    assert_found(TRIVET_AUDIT_CHECKPOINT_END_WRONG, "", 2, 2, 1);

    /* With an end to fit, only who noted it can tell. */
    (void) operate("UPDATE audit_checkpoint_end SET last_hash ="
                   " (SELECT hash FROM audit_checkpoint WHERE id = 2)");
    assert_int_equal(verify(), 0);
    assert_int_equal(inquire(NULL, &noted), 1);
    assert_fault(0, TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED, "", 3, 3);
    assert_int_equal(report.whole_until, 2);
    noted.num_rows = 9;
    assert_int_equal(inquire(NULL, &noted), 1);
    assert_fault(0, TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED, "", 9, 9);
    assert_int_equal(report.whole_until, 2);
}

static void
checkpoint_that_was_noted_stays(void **state)
{
    struct trivet_audit_head noted;

    (void) state;

    fill();
    noted = report.checkpoint;
    checkpoint();
    assert_int_equal(inquire(NULL, &noted), 0);
    assert_int_equal(report.checkpoint.num_rows, 4);
    noted.hash[5] ^= 1;
    assert_int_equal(inquire(NULL, &noted), 1);
    assert_fault(0, TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED, "", 3, 3);
}

static void
checkpoint_behind_the_end_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("INSERT INTO audit_checkpoint (id, at_us, server_key_id,"
                   " hash, signature) SELECT 4, at_us, server_key_id, hash,"
                   " signature FROM audit_checkpoint WHERE id = 3");
    assert_found(TRIVET_AUDIT_CHECKPOINT_ADDED, "", 4, 4, 3);
    (void) operate("UPDATE audit_checkpoint SET id = 0 WHERE id = 4");
    assert_found(TRIVET_AUDIT_CHECKPOINT_ADDED, "", 0, 0, 0);
}

static void
end_of_checkpoints_that_is_gone_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("DELETE FROM audit_checkpoint_end");
    assert_found(TRIVET_AUDIT_CHECKPOINT_END_MISSING, "", 0, 0, 0);
    assert_int_equal(trivet_authority_checkpoint(world.authority, 0, NULL),
        TRIVET_E_UNAVAILABLE);
}

/* Nobody who can write into the store alone can make it whole again. */
static void
hash_to_fit_has_no_signature(void **state)
{
    struct trivet_store *store;
    struct trivet_checkpoint draft;
    unsigned char signature[TRIVET_SIGNATURE_LEN] = {1};

    (void) state;

    log_in(&ann);
    store = open_store(NULL);
    assert_int_equal(
        trivet_store_checkpoint_draft(store, 1, 7, &draft, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_checkpoint_put(store, &draft, signature, NULL), TRIVET_OK);
    trivet_checkpoint_release(&draft);
    trivet_store_close(store);
    assert_found(TRIVET_AUDIT_CHECKPOINT_FORGED, "", 1, 1, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(is_written_when_a_chain_has_moved),
        WORLD_TEST(is_written_when_it_is_time),
        WORLD_TEST(is_written_once),
        WORLD_TEST(key_that_signed_one_stays),
        WORLD_TEST(changed_checkpoint_is_found),
        WORLD_TEST(checkpoint_that_the_server_did_not_sign_is_found),
        WORLD_TEST(checkpoint_that_another_key_signed_is_found),
        WORLD_TEST(checkpoint_that_was_removed_is_found),
        WORLD_TEST(last_checkpoint_that_was_removed_is_found),
        WORLD_TEST(checkpoint_that_was_noted_stays),
        WORLD_TEST(checkpoint_behind_the_end_is_found),
        WORLD_TEST(end_of_checkpoints_that_is_gone_is_found),
        WORLD_TEST(hash_to_fit_has_no_signature),
    };

    return cmocka_run_group_tests_name(
        "checkpoint", tests, world_begin, world_end);
}
