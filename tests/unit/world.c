/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - an authority on a store of its own, and clients with real keys */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

struct world world;
struct client ann;
struct client bob;

/* ---- making the world --------------------------------------------------- */

int64_t
world_clock(void)
{
    return world.now_us;
}

void
world_pass(int64_t seconds)
{
    world.now_us += seconds * TRIVET_US_PER_S;
}

void
world_restart(void)
{
    trivet_authority_free(world.authority);
    trivet_authority_free(world.passing);
    assert_int_equal(
        trivet_authority_new(&world.config, &world.authority, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_authority_new(&world.config, &world.passing, NULL), TRIVET_OK);
}

void
make_store(void)
{
    struct trivet_store *store;

    assert_int_equal(trivet_store_open(
                         world.scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    trivet_store_close(store);
}

struct trivet_memo *
make_memo(size_t value_len)
{
    size_t size = trivet_memo_size(NUM_WORLD_MEMOS, value_len);
    void *memory = aligned_alloc(64, size);

    assert_non_null(memory);
    memset(memory, 0, size);
    return trivet_memo_init(memory, NUM_WORLD_MEMOS, value_len);
}

int
world_set_up(void **state)
{
    (void) state;

    scratch_make(&world.scratch);
    make_store();
    world.now_us = START_US;
    world.configured[0] = world.server_keys[0];
    world.configured[1] = world.server_keys[1];
    world.config = (struct trivet_authority_config){
        .store_url = world.scratch.url,
        .server_keys = world.configured,
        .num_server_keys = 1,
        .is_sandbox = true,
        .session_timeout_s = TIMEOUT_S,
        .key_lifetime_s = KEY_LIFETIME_S,
        .now_us = world_clock,
    };
    world.memos.made = make_memo(TRIVET_SIGNATURE_TEXT_LEN);
    world.memos.right = make_memo(0);
    world.config.memos = &world.memos;
    world.authority = NULL;
    world.passing = NULL;
    world_restart();
    return 0;
}

int
world_tear_down(void **state)
{
    (void) state;

    trivet_authority_free(world.authority);
    trivet_authority_free(world.passing);
    free(world.memos.made);
    free(world.memos.right);
    scratch_remove(&world.scratch);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

EVP_PKEY *
read_private_key(const char *name)
{
    struct vector pem = vector_read(name);
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int) pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    assert_non_null(key);
    BIO_free(bio);
    return key;
}

void
read_public_pem(EVP_PKEY *key, char out[MAX_WORLD_TEXT])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_read(bio, out, MAX_WORLD_TEXT - 1);
    assert_in_range(len, 1, MAX_WORLD_TEXT - 1);
    out[len] = '\0';
    BIO_free(bio);
}

void
load_server_key(
    const struct scratch *scratch, EVP_PKEY *key, struct trivet_server_key *out)
{
    char path[MAX_SCRATCH_PATH];
    FILE *file;

    scratch_name(scratch, "server.pem", path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(trivet_server_key_load(path, out, NULL), TRIVET_OK);
    EVP_PKEY_free(key);
}

int
world_begin(void **state)
{
    struct scratch scratch;

    (void) state;

    scratch_make(&scratch);
    load_server_key(&scratch, read_private_key("keys/rsa2048-private.pem"),
        &world.server_keys[0]);
    load_server_key(&scratch, EVP_RSA_gen(2048), &world.server_keys[1]);
    scratch_remove(&scratch);

    ann.key = read_private_key("client-test-key.pem");
    bob.key = read_private_key("keys/rsa2047-private.pem");
    read_public_pem(ann.key, ann.pem);
    read_public_pem(bob.key, bob.pem);
    return 0;
}

int
world_end(void **state)
{
    (void) state;

    trivet_server_key_release(&world.server_keys[0]);
    trivet_server_key_release(&world.server_keys[1]);
    EVP_PKEY_free(ann.key);
    EVP_PKEY_free(bob.key);
    return 0;
}

/* ---- requests ----------------------------------------------------------- */

struct trivet_address
address_of(const char *text)
{
    struct trivet_address address;

    assert_int_equal(
        trivet_address_parse(trivet_slice_text(text), &address), TRIVET_OK);
    return address;
}

void
set_profile(struct sent *sent, const char *name)
{
    sent->request.profile = trivet_profile_find(trivet_slice_text(name));
    assert_non_null(sent->request.profile);
}

void
set_address(struct sent *sent, const char *text)
{
    sent->request.address = address_of(text);
}

void
set_token(struct sent *sent, const char *token)
{
    (void) snprintf(sent->token, sizeof sent->token, "%s", token);
    sent->request.token = trivet_slice_text(sent->token);
    sent->request.num_tokens = 1;
}

void
set_signature(struct sent *sent, const char *text)
{
    (void) snprintf(sent->signature, sizeof sent->signature, "%s", text);
    sent->request.signature = trivet_slice_text(sent->signature);
    sent->request.signature_header = TRIVET_SIGNATURE_HEADER_ONE;
}

void
set_body(struct sent *sent, const char *body)
{
    unsigned len;

    (void) snprintf(sent->body, sizeof sent->body, "%s", body);
    sent->request.body = trivet_slice_text(sent->body);
    assert_int_equal(EVP_Digest(sent->body, sent->request.body.len,
                         sent->request.body_digest, &len, EVP_sha256(), NULL),
        1);
}

void
sign_as(struct sent *sent, const struct client *client)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[512];
    unsigned char text[MAX_WORLD_TEXT];
    size_t len = sizeof signature;

    assert_int_equal(
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, client->key), 1);
    assert_int_equal(
        EVP_DigestSign(context, signature, &len,
            (const unsigned char *) sent->body, strlen(sent->body)),
        1);
    EVP_MD_CTX_free(context);
    (void) EVP_EncodeBlock(text, signature, (int) len);
    set_signature(sent, (const char *) text);
}

struct trivet_slice
split_target(struct sent *sent, const char *target)
{
    size_t len = strcspn(target, "?");

    if (target[len] == '?') {
        (void) snprintf(
            sent->query, sizeof sent->query, "%s", target + len + 1);
        sent->request.query = trivet_slice_text(sent->query);
    }

    return trivet_slice_make(target, len);
}

void
make_request(struct sent *sent, const char *method, const char *target,
    const char *token, const struct client *client, const char *body)
{
    struct trivet_call_search search;
    struct trivet_slice path;

    memset(sent, 0, sizeof *sent);
    path = split_target(sent, target);
    if (trivet_call_find(trivet_slice_text(method), path, true, &search)
        == TRIVET_CALL_FOUND)
    {
        sent->request.call = search.call;
        sent->request.rule = trivet_call_rule(search.call);
        memcpy(sent->request.path_ids, search.path_ids, sizeof search.path_ids);
    } else {
        sent->request.rule = (struct trivet_rule){
            TRIVET_NEEDS_SESSION, TRIVET_SIGNED_BY_PROFILE};
    }

    sent->request.is_head = strcmp(method, "HEAD") == 0;
    set_profile(sent, "strict");
    set_address(sent, HOME);
    set_body(sent, body);
    if (token != NULL) {
        set_token(sent, token);
    }
    if (client != NULL) {
        sign_as(sent, client);
    }
}

void
make_protected(struct sent *sent, const struct client *client)
{
    make_request(sent, "POST", "/v1/payment", client->session_token, client,
        "{\"a\":1}");
}

/* ---- answers ------------------------------------------------------------ */

void
assert_agrees(const struct sent *sent, bool was_admitted,
    const struct trivet_answer *early, const struct trivet_answer *answer)
{
    bool is_easy = sent->request.call == NULL
                   && answer->verdict.admission == TRIVET_ALLOW
                   && !answer->verdict.extends_session
                   && answer->is_id_counted == sent->request.is_id_counted
                   && !world.scratch.is_postgres; /* never in an event loop */

    assert_int_equal(was_admitted, is_easy);
    if (was_admitted) {
        assert_memory_equal(
            &early->identity, &answer->identity, sizeof early->identity);
        assert_int_equal(early->server_key, answer->server_key);
        assert_null(early->body.data);
    }
}

struct trivet_answer
ask(const struct sent *sent)
{
    struct trivet_answer answer;
    struct trivet_answer early;
    bool was_admitted;

    memset(&early, 0x5a, sizeof early);
    was_admitted =
        trivet_authority_admit(world.passing, &sent->request, &early);
    assert_int_equal(ERR_peek_error(), 0);

    memset(&answer, 0x5a, sizeof answer);
    trivet_authority_answer(world.authority, &sent->request, &answer);
    assert_int_equal(ERR_peek_error(), 0);
    assert_agrees(sent, was_admitted, &early, &answer);

    return answer;
}

bool
is_signed_with(const struct sent *sent, const struct trivet_answer *answer,
    const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[TRIVET_SIGNATURE_TEXT_LEN];
    size_t len = sent->request.is_head ? 0 : answer->body.len;
    int fits;

    BIO_free(bio);
    assert_non_null(key);
    assert_true(answer->has_signature);
    assert_int_equal(
        EVP_DecodeBlock(signature, (const unsigned char *) answer->signature,
            TRIVET_SIGNATURE_TEXT_LEN),
        258);
    assert_int_equal(
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    fits = EVP_DigestVerify(context, signature, 256,
        (const unsigned char *) answer->body.data, len);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();

    return fits == 1;
}

void
assert_signed(
    const struct sent *sent, const struct trivet_answer *answer, int server_key)
{
    if (server_key == NOT_SIGNED) {
        assert_false(answer->has_signature);
        return;
    }

    assert_int_equal(answer->server_key, server_key);
    assert_true(
        is_signed_with(sent, answer, world.configured[server_key].public_pem));
}

json_t *
parse_answer(const struct trivet_answer *answer)
{
    json_t *root = json_loadb(answer->body.data, answer->body.len, 0, NULL);

    assert_non_null(root);
    return root;
}

void
assert_error_body(const struct trivet_answer *answer, const char *text)
{
    json_t *root = parse_answer(answer);
    const char *told;
    const char *translated;

    assert_int_equal(
        json_unpack(root, "{s:[{s:s, s:s}!]}", "Error", "error_description",
            &told, "error_description_translated", &translated),
        0);
    if (strcmp(told, text) != 0 || strcmp(translated, text) != 0) {
        fail_msg("\"%s\", not \"%s\"", told, text);
    }
    json_decref(root);
}

void
assert_denies(const struct trivet_answer *answer)
{
    assert_int_equal(answer->verdict.admission, TRIVET_DENY);
    assert_false(answer->verdict.extends_session);
    assert_true(answer->status >= 400 && answer->status <= 599);
    assert_non_null(answer->body.data);
}

void
assert_refused(const struct sent *sent, enum trivet_reason reason,
    unsigned status, const char *text, int server_key)
{
    struct trivet_answer answer = ask(sent);

    assert_denies(&answer);
    if (answer.verdict.reason != reason) {
        fail_msg("%s, not %s", trivet_reason_row(answer.verdict.reason)->id,
            trivet_reason_row(reason)->id);
    }
    assert_int_equal(answer.status, status);
    if (text != NULL) {
        assert_error_body(&answer, text);
    }
    assert_signed(sent, &answer, server_key);
    trivet_answer_release(&answer);
}

struct trivet_answer
ask_admitted(const struct sent *sent)
{
    struct trivet_answer answer = ask(sent);

    if (answer.verdict.admission != TRIVET_ALLOW) {
        fail_msg("refused: %s", trivet_reason_row(answer.verdict.reason)->id);
    }
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_NONE);
    if (sent->request.call == NULL) {
        assert_null(answer.body.data);
        assert_false(answer.has_signature);
    } else {
        assert_int_equal(answer.status, 200);
        assert_signed(sent, &answer, answer.server_key);
    }

    return answer;
}

void
assert_admitted(const struct sent *sent)
{
    struct trivet_answer answer = ask_admitted(sent);

    trivet_answer_release(&answer);
}
