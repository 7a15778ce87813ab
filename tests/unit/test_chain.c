/* SPDX-License-Identifier: Apache-2.0 */
/* test_chain.c - chains of the audit log beside each other; what was done to
 * them is found */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/chains.h"

/* ---- chains ------------------------------------------------------------- */

static void
assert_refuses_rows(const char *chain)
{
    struct trivet_store *store = open_store(chain);
    const struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_RESET};
    int64_t num = operate("SELECT COUNT(*) FROM audit");

    assert_int_equal(
        trivet_store_audit_put(store, &entry, 7, NULL), TRIVET_E_UNAVAILABLE);
    trivet_store_close(store);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit"), num);
}

static void
names_are_plain(void **state)
{
    static const char *const good[] = {"main", "a", "gateway-1.example", "A_9",
        "12345678901234567890123456789012"};
    static const char *const bad[] = {"", "a b", "a'b", "a:b", "\xc3\xa4",
        "123456789012345678901234567890123", "a\n"};

    (void) state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(trivet_chain_is_name(good[i]));
        assert_true(trivet_authority_takes_chain(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(trivet_chain_is_name(bad[i]));
        assert_false(trivet_authority_takes_chain(bad[i]));
    }
    assert_true(trivet_chain_is_name(TRIVET_CHAIN_OPERATOR));
    assert_false(trivet_authority_takes_chain(TRIVET_CHAIN_OPERATOR));
}

static void
authority_writes_its_own_chain(void **state)
{
    (void) state;

    world.config.chain = "north";
    world_restart();
    log_in(&ann);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE chain = 'north'"), 8);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit"), 8);
    world.config.chain = NULL;
    world_restart();
    log_in(&bob);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE chain = 'main'"), 7);
    assert_int_equal(verify(), 0);
    assert_int_equal(report.num_chains, 2);
}

/* ---- showing them -------------------------------------------------------- */

static char shown[1024];

static void
show_row(void *user, const struct trivet_audit_row *row)
{
    size_t len = strlen(shown);

    (void) user;

    (void) snprintf(shown + len, sizeof shown - len, "%s:%lld ", row->chain,
        (long long) row->id);
}

static void
put_at(struct trivet_store *store, const char *chain, int64_t at_us)
{
    const struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_RESET};

    trivet_store_use_chain(store, chain);
    assert_int_equal(
        trivet_store_audit_put(store, &entry, at_us, NULL), TRIVET_OK);
}

static const char *
read_more(struct trivet_store *store, struct trivet_audit_reader *reader)
{
    shown[0] = '\0';
    assert_int_equal(
        trivet_store_audit_read(store, reader, show_row, NULL, NULL),
        TRIVET_OK);
    return shown;
}

static void
rows_come_in_the_order_of_time_and_of_their_chain(void **state)
{
    struct trivet_store *store = open_store(NULL);
    struct trivet_audit_reader *reader = trivet_audit_reader_new();

    (void) state;

    assert_non_null(reader);
    assert_int_equal(trivet_audit_reader_skip(reader, "c", 1), TRIVET_OK);
    put_at(store, "a", 10);
    put_at(store, "b", 5);
    put_at(store, "c", 1);
    put_at(store, "c", 7);
    put_at(store, "a", 3); /* its clock went back */
    put_at(store, "b", 20);
    assert_string_equal(read_more(store, reader), "b:1 c:2 a:1 a:2 b:2 ");
    assert_string_equal(read_more(store, reader), "");
    put_at(store, "d", 2);
    put_at(store, "a", 1);
    assert_string_equal(read_more(store, reader), "a:3 d:1 ");
    trivet_audit_reader_free(reader);
    trivet_store_close(store);
}

static void
many_rows_are_read_some_at_a_time(void **state)
{
    struct trivet_store *store = open_store(NULL);
    struct trivet_audit_reader *reader = trivet_audit_reader_new();
    size_t len = 0;

    (void) state;

    assert_int_equal(trivet_audit_reader_skip(reader, "a", 128), TRIVET_OK);
    for (int i = 0; i < 200; i++) {
        put_at(store, "a", i);
    }
    (void) read_more(store, reader);
    for (int i = 129; i <= 200; i++) {
        char word[16];

        (void) snprintf(word, sizeof word, "a:%d ", i);
        assert_memory_equal(shown + len, word, strlen(word));
        len += strlen(word);
    }
    assert_int_equal(strlen(shown), len);
    trivet_audit_reader_free(reader);
    trivet_store_close(store);
}

/* ---- what was done to chains -------------------------------------------- */

static void
end_that_was_cut_behind_a_checkpoint_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("DELETE FROM audit WHERE chain = 'main' AND id > 8");
    (void) operate("UPDATE audit_head SET num_rows = 8, last_hash = (SELECT"
                   " hash FROM audit WHERE chain = 'main' AND id = 8)"
                   " WHERE chain = 'main'");
    assert_found(TRIVET_AUDIT_ROWS_MISSING, "main", 9, 10, 1);
}

/* As the manual says: nothing signed it yet. */
static void
end_that_no_checkpoint_covers_is_found_by_who_noted_it(void **state)
{
    struct trivet_audit_note note = {.chain = "south", .head.num_rows = 4};

    (void) state;

    fill();
    (void) operate("DELETE FROM audit WHERE chain = 'south' AND id = 4");
    (void) operate("UPDATE audit_head SET num_rows = 3, last_hash = (SELECT"
                   " hash FROM audit WHERE chain = 'south' AND id = 3)"
                   " WHERE chain = 'south'");
    assert_int_equal(verify(), 0);
    assert_int_equal(inquire(&note, NULL), 1);
    assert_fault(0, TRIVET_AUDIT_NOT_AS_NOTED, "south", 4, 4);
    assert_int_equal(report.whole_until, 3);
}

static void
row_that_was_changed_with_all_that_follows_is_found(void **state)
{
    (void) state;

    fill();

    /* Another history, each row of which follows the one before it. */
    (void) operate("DELETE FROM audit WHERE chain = 'south'");
    (void) operate("UPDATE audit_head SET num_rows = 0, last_hash = (SELECT"
                   " last_hash FROM audit_checkpoint_end) WHERE chain ="
                   " 'south'");
    {
        unsigned char start[TRIVET_DIGEST_LEN];
        char hex[2 * TRIVET_DIGEST_LEN + 1] = "";

        assert_int_equal(
            trivet_sha256(trivet_slice_text("south"), start), TRIVET_OK);
        trivet_hex_encode(trivet_slice_make(start, sizeof start), hex);
        (void) operate("UPDATE audit_head SET last_hash = x'%s'"
                       " WHERE chain = 'south'",
            hex);
    }
    for (int i = 0; i < 4; i++) {
        struct trivet_store *store = open_store("south");
        const struct trivet_audit_entry entry = {
            .event = TRIVET_AUDIT_RESET, .detail = "forged"};

        assert_int_equal(
            trivet_store_audit_put(store, &entry, 7, NULL), TRIVET_OK);
        trivet_store_close(store);
    }

    assert_int_equal(verify(), 2);
    assert_fault(0, TRIVET_AUDIT_NOT_AS_SIGNED, "south", 2, 2);
    assert_fault(1, TRIVET_AUDIT_NOT_AS_SIGNED, "south", 3, 3);
    assert_int_equal(report.whole_until, 0);
}

static void
change_tells_up_to_where_all_is_whole(void **state)
{
    (void) state;

    fill();
    (void) operate(
        "UPDATE audit SET detail = 'x' WHERE chain = 'main' AND id = 9");
    assert_found(TRIVET_AUDIT_ROW_CHANGED, "main", 9, 9, 1);
    (void) operate(
        "UPDATE audit SET detail = '' WHERE chain = 'main' AND id = 9");
    assert_int_equal(verify(), 0);

    (void) operate("DELETE FROM audit WHERE chain = 'main' AND id = 11");
    assert_found(TRIVET_AUDIT_ROWS_MISSING, "main", 11, 11, 3);
    (void) operate("DELETE FROM audit WHERE chain = 'main' AND id IN (9, 10)");
    assert_found(TRIVET_AUDIT_ROWS_MISSING, "main", 9, 11, 1);
    (void) operate("DELETE FROM audit WHERE chain = 'main' AND id = 3");
    assert_int_equal(verify(), 2);
    assert_int_equal(report.whole_until, 0);
}

static void
row_that_was_moved_to_another_chain_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("UPDATE audit SET chain = 'south', id = 5"
                   " WHERE chain = 'main' AND id = 11");
    assert_int_equal(verify(), 2);
    assert_fault(0, TRIVET_AUDIT_ROWS_MISSING, "main", 11, 11);
    assert_fault(1, TRIVET_AUDIT_ROW_ADDED, "south", 5, 5);
    assert_int_equal(report.whole_until, 3);
}

static void
chain_that_was_removed_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("DELETE FROM audit WHERE chain = 'south'");
    assert_found(TRIVET_AUDIT_ROWS_MISSING, "south", 1, 4, 0);
    (void) operate("DELETE FROM audit_head WHERE chain = 'south'");
    assert_found(TRIVET_AUDIT_CHAIN_MISSING, "south", 1, 3, 0);
    assert_refuses_rows("south");
}

/* Before a checkpoint has seen it. */
static void
chain_that_was_removed_is_found_by_who_noted_it(void **state)
{
    const struct trivet_audit_note note = {
        .chain = "south", .head.num_rows = 2};

    (void) state;

    write_to("south");
    write_to("south");
    (void) operate("DELETE FROM audit WHERE chain = 'south'");
    (void) operate("DELETE FROM audit_head WHERE chain = 'south'");
    assert_int_equal(verify(), 0);
    assert_int_equal(inquire(&note, NULL), 1);
    assert_fault(0, TRIVET_AUDIT_NOT_AS_NOTED, "south", 2, 2);
}

static void
chain_under_another_name_is_found(void **state)
{
    (void) state;

    write_to("south");
    (void) operate("UPDATE audit SET chain = 'west' WHERE chain = 'south'");
    (void) operate("UPDATE audit_head SET chain = 'west'"
                   " WHERE chain = 'south'");
    assert_found(TRIVET_AUDIT_ROW_CHANGED, "west", 1, 1, 0);
}

static void
head_that_is_gone_is_found(void **state)
{
    (void) state;

    fill();
    (void) operate("DELETE FROM audit_head WHERE chain = 'south'");
    assert_found(TRIVET_AUDIT_HEAD_MISSING, "south", 0, 0, 3);
    assert_refuses_rows("south");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(names_are_plain),
        WORLD_TEST(authority_writes_its_own_chain),
        WORLD_TEST(rows_come_in_the_order_of_time_and_of_their_chain),
        WORLD_TEST(many_rows_are_read_some_at_a_time),
        WORLD_TEST(end_that_was_cut_behind_a_checkpoint_is_found),
        WORLD_TEST(end_that_no_checkpoint_covers_is_found_by_who_noted_it),
        WORLD_TEST(row_that_was_changed_with_all_that_follows_is_found),
        WORLD_TEST(change_tells_up_to_where_all_is_whole),
        WORLD_TEST(row_that_was_moved_to_another_chain_is_found),
        WORLD_TEST(chain_that_was_removed_is_found),
        WORLD_TEST(chain_that_was_removed_is_found_by_who_noted_it),
        WORLD_TEST(chain_under_another_name_is_found),
        WORLD_TEST(head_that_is_gone_is_found),
    };

    return cmocka_run_group_tests_name("chain", tests, world_begin, world_end);
}
