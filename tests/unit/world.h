/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - an authority on a store of its own, clients with real keys, and a
 * clock that stands still until it is told
 *
 * Clients sign, and judge the answers' signatures, with OpenSSL itself: not
 * with the code under test. Whoever includes it defines _POSIX_C_SOURCE
 * 200809L before.
 */
#ifndef TRIVET_TESTS_WORLD_H
#define TRIVET_TESTS_WORLD_H

#include "tests/unit/scratch.h"
#include "tests/unit/vector.h"

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include "authority/authority.h"
#include "base/timestamp.h"
#include "crypto/token.h"
#include "store/store.h"

#define HOME   "192.0.2.1"
#define ABROAD "198.51.100.7"
#define THIRD  "203.0.113.9"

/* 2026-01-02 03:04:05.678901 */
#define START_US   INT64_C(1767323045678901)
#define START_TEXT "2026-01-02 03:04:05.678901"

enum {
    TIMEOUT_S = 604800,
    KEY_LIFETIME_S = 3600,
    MAX_WORLD_BODY = 16384,
    MAX_WORLD_TEXT = 1024,
    NUM_WORLD_MEMOS = 64,
    NOT_SIGNED = -1
};

static struct world {
    struct scratch scratch;
    struct trivet_server_key server_keys[2];
    struct trivet_server_key configured[2]; /* borrows of server_keys */
    struct trivet_authority_config config;
    struct trivet_authority *authority;
    struct trivet_authority *passing; /* as an event loop has one */
    struct trivet_memos memos;
    int64_t now_us;
} world;

struct client {
    EVP_PKEY *key;
    char pem[MAX_WORLD_TEXT];
    char api_key[TRIVET_TOKEN_LEN + 1];
    char installation_token[TRIVET_TOKEN_LEN + 1];
    char session_token[TRIVET_TOKEN_LEN + 1];
    char server_pem[MAX_WORLD_TEXT]; /* as the installation was given it */
    json_int_t installation_id;
    json_int_t device_id;
    json_int_t session_id;
    json_int_t user_id;
};

static struct client ann; /* her key has 2048 bits */
static struct client bob; /* his has 2047          */

/* A request with what it points to. */
struct sent {
    struct trivet_request request;
    char method[16];
    char token[MAX_WORLD_TEXT];
    char signature[MAX_WORLD_TEXT];
    char body[MAX_WORLD_BODY];
    char query[MAX_WORLD_TEXT];
};

/* ---- making the world --------------------------------------------------- */

static inline int64_t
world_clock(void)
{
    return world.now_us;
}

static inline void
world_pass(int64_t seconds)
{
    world.now_us += seconds * TRIVET_US_PER_S;
}

static inline void
world_restart(void)
{
    trivet_authority_free(world.authority);
    trivet_authority_free(world.passing);
    assert_int_equal(
        trivet_authority_new(&world.config, &world.authority, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_authority_new(&world.config, &world.passing, NULL), TRIVET_OK);
}

static inline void
make_store(void)
{
    struct trivet_store *store;

    assert_int_equal(trivet_store_open(
                         world.scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    trivet_store_close(store);
}

/* A memo is where its memory is. */
static inline struct trivet_memo *
make_memo(size_t value_len)
{
    size_t size = trivet_memo_size(NUM_WORLD_MEMOS, value_len);
    void *memory = aligned_alloc(64, size);

    assert_non_null(memory);
    memset(memory, 0, size);
    return trivet_memo_init(memory, NUM_WORLD_MEMOS, value_len);
}

/* Of each test: a new store, the first server key, the first moment. */
static inline int
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

static inline int
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

static inline EVP_PKEY *
read_private_key(const char *name)
{
    struct vector pem = vector_read(name);
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int) pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    assert_non_null(key);
    BIO_free(bio);
    return key;
}

static inline void
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

static inline void
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

/* Of all tests: two keys of the server and two of clients; one has to be made.
 */
static inline int
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

static inline int
world_end(void **state)
{
    (void) state;

    trivet_server_key_release(&world.server_keys[0]);
    trivet_server_key_release(&world.server_keys[1]);
    EVP_PKEY_free(ann.key);
    EVP_PKEY_free(bob.key);
    return 0;
}

#define WORLD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

/* ---- requests ----------------------------------------------------------- */

static inline struct trivet_address
address_of(const char *text)
{
    struct trivet_address address;

    assert_int_equal(
        trivet_address_parse(trivet_slice_text(text), &address), TRIVET_OK);
    return address;
}

static inline void
set_profile(struct sent *sent, const char *name)
{
    sent->request.profile = trivet_profile_find(trivet_slice_text(name));
    assert_non_null(sent->request.profile);
}

static inline void
set_address(struct sent *sent, const char *text)
{
    sent->request.address = address_of(text);
}

static inline void
set_token(struct sent *sent, const char *token)
{
    (void) snprintf(sent->token, sizeof sent->token, "%s", token);
    sent->request.token = trivet_slice_text(sent->token);
    sent->request.num_tokens = 1;
}

static inline void
set_signature(struct sent *sent, const char *text)
{
    (void) snprintf(sent->signature, sizeof sent->signature, "%s", text);
    sent->request.signature = trivet_slice_text(sent->signature);
    sent->request.num_signatures = 1;
}

static inline void
set_body(struct sent *sent, const char *body)
{
    unsigned len;

    (void) snprintf(sent->body, sizeof sent->body, "%s", body);
    sent->request.body = trivet_slice_text(sent->body);
    assert_int_equal(EVP_Digest(sent->body, sent->request.body.len,
                         sent->request.body_digest, &len, EVP_sha256(), NULL),
        1);
}

/* Signs the body with client's key, as a client does. */
static inline void
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

/* The path of a target, whose query is kept in sent. */
static inline struct trivet_slice
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

/*
 * A request to the protocol's own calls, or with a path that is none of them
 * to the API behind. From home, profile strict, signed by client (NULL: not).
 */
static inline void
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

/* A call of the API behind, in client's session. */
static inline void
make_protected(struct sent *sent, const struct client *client)
{
    make_request(sent, "POST", "/v1/payment", client->session_token, client,
        "{\"a\":1}");
}

/* ---- answers ------------------------------------------------------------ */

/* What is admitted in passing is what would be admitted anyway, and all of it
 * that has nothing to write, be it an id that counts. */
static inline void
assert_agrees(const struct sent *sent, bool was_admitted,
    const struct trivet_answer *early, const struct trivet_answer *answer)
{
    bool is_easy = sent->request.call == NULL
                   && answer->verdict.admission == TRIVET_ALLOW
                   && !answer->verdict.extends_session
                   && answer->is_id_counted == sent->request.is_id_counted;

    assert_int_equal(was_admitted, is_easy);
    if (was_admitted) {
        assert_memory_equal(
            &early->identity, &answer->identity, sizeof early->identity);
        assert_int_equal(early->server_key, answer->server_key);
        assert_null(early->body.data);
    }
}

static inline struct trivet_answer
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

/* Whether the answer's signature fits its body (nothing, of a HEAD) and the
 * key in pem. */
static inline bool
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

/* server_key: the place of the one that signed, or NOT_SIGNED. */
static inline void
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

static inline json_t *
parse_answer(const struct trivet_answer *answer)
{
    json_t *root = json_loadb(answer->body.data, answer->body.len, 0, NULL);

    assert_non_null(root);
    return root;
}

static inline void
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

/* What must be true of every refusal, whatever its reason. */
static inline void
assert_denies(const struct trivet_answer *answer)
{
    assert_int_equal(answer->verdict.admission, TRIVET_DENY);
    assert_false(answer->verdict.extends_session);
    assert_true(answer->status >= 400 && answer->status <= 599);
    assert_non_null(answer->body.data);
}

/* text: the public one; NULL when it is not looked at. */
static inline void
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

/* Admitted; a call of ours is answered with 200 and a signature of the first
 * server key, one of the API behind with nothing yet. */
static inline struct trivet_answer
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

static inline void
assert_admitted(const struct sent *sent)
{
    struct trivet_answer answer = ask_admitted(sent);

    trivet_answer_release(&answer);
}

/* ---- the handshake ------------------------------------------------------ */

static inline void
copy_token(char out[TRIVET_TOKEN_LEN + 1], const char *token)
{
    assert_int_equal(strlen(token), TRIVET_TOKEN_LEN);
    memcpy(out, token, TRIVET_TOKEN_LEN + 1);
}

static inline void
get_api_key(struct client *client)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *key;

    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:s!}!}!]!}", "Response",
                         "ApiKey", "api_key", &key),
        0);
    copy_token(client->api_key, key);
    json_decref(root);
    trivet_answer_release(&answer);
}

static inline void
make_installation_body(const struct client *client, char out[MAX_WORLD_BODY])
{
    json_t *root = json_pack("{s:s}", "client_public_key", client->pem);
    char *text = json_dumps(root, 0);

    (void) snprintf(out, MAX_WORLD_BODY, "%s", text);
    free(text);
    json_decref(root);
}

static inline void
install_from(struct client *client, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    char body[MAX_WORLD_BODY];
    json_t *root;
    const char *token;
    const char *pem;

    make_installation_body(client, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    set_address(&sent, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(
        json_unpack(root, "{s:[{s:{s:I}}, {s:{s:s}}, {s:{s:s}}]}", "Response",
            "Id", "id", &client->installation_id, "Token", "token", &token,
            "ServerPublicKey", "server_public_key", &pem),
        0);
    copy_token(client->installation_token, token);
    (void) snprintf(client->server_pem, sizeof client->server_pem, "%s", pem);
    json_decref(root);
    trivet_answer_release(&answer);
}

/* permitted: the JSON of permitted_ips, NULL to leave it out. */
static inline void
make_device(struct sent *sent, const struct client *client,
    const char *permitted, const char *address)
{
    char body[MAX_WORLD_BODY];

    (void) snprintf(body, sizeof body,
        "{\"description\":\"a device\",\"secret\":\"%s\"%s%s}", client->api_key,
        permitted == NULL ? "" : ",\"permitted_ips\":",
        permitted == NULL ? "" : permitted);
    make_request(sent, "POST", "/v1/device-server", client->installation_token,
        client, body);
    set_address(sent, address);
}

static inline void
make_session(
    struct sent *sent, const struct client *client, const char *address)
{
    char body[MAX_WORLD_BODY];

    (void) snprintf(body, sizeof body, "{\"secret\":\"%s\"}", client->api_key);
    make_request(sent, "POST", "/v1/session-server", client->installation_token,
        client, body);
    set_address(sent, address);
}

static inline void
register_from(struct client *client, const char *permitted, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;

    make_device(&sent, client, permitted, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:I!}!}!]!}", "Response", "Id",
                         "id", &client->device_id),
        0);
    json_decref(root);
    trivet_answer_release(&answer);
}

static inline void
open_session_from(struct client *client, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *token;

    make_session(&sent, client, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:I}}, {s:{s:s}}, {s:{s:I}}]}",
                         "Response", "Id", "id", &client->session_id, "Token",
                         "token", &token, "UserPerson", "id", &client->user_id),
        0);
    copy_token(client->session_token, token);
    json_decref(root);
    trivet_answer_release(&answer);
}

/* All of it, from home. */
static inline void
log_in(struct client *client)
{
    get_api_key(client);
    install_from(client, HOME);
    register_from(client, NULL, HOME);
    open_session_from(client, HOME);
}

/* Whether client's session is admitted from address. */
static inline void
assert_works_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_protected(&sent, client);
    set_address(&sent, address);
    assert_admitted(&sent);
}

/* Looks at the store, or changes something in it, beside the authority. */
TRIVET_PRINTF(1, 2)
static inline int64_t
operate(const char *format, ...)
{
    char sql[MAX_WORLD_TEXT];
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);

    return scratch_sql(&world.scratch, sql);
}

#endif
