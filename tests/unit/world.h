/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - an authority on a store of its own, clients with real keys, and a
 * clock that stands still until it is told
 *
 * Clients sign, and judge the answers' signatures, with OpenSSL itself: not
 * with the code under test. Whoever includes it defines _POSIX_C_SOURCE
 * 200809L before. One world for a program, in world.c.
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

struct world {
    struct scratch scratch;
    struct trivet_server_key server_keys[2];
    struct trivet_server_key configured[2]; /* borrows of server_keys */
    struct trivet_authority_config config;
    struct trivet_authority *authority;
    struct trivet_authority *passing; /* as an event loop has one */
    struct trivet_memos memos;
    int64_t now_us;
};

extern struct world world;

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

extern struct client ann; /* her key has 2048 bits */
extern struct client bob; /* his has 2047          */

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

int64_t world_clock(void);
void world_pass(int64_t seconds);
void world_restart(void);
void make_store(void);

/* A memo is where its memory is. */
struct trivet_memo *make_memo(size_t value_len);

/* Of each test: a new store, the first server key, the first moment. */
int world_set_up(void **state);
int world_tear_down(void **state);
EVP_PKEY *read_private_key(const char *name);
void read_public_pem(EVP_PKEY *key, char out[MAX_WORLD_TEXT]);
void load_server_key(const struct scratch *scratch, EVP_PKEY *key,
    struct trivet_server_key *out);

/* Of all tests: two keys of the server and two of clients; one has to be made.
 */
int world_begin(void **state);
int world_end(void **state);

#define WORLD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

/* ---- requests ----------------------------------------------------------- */

struct trivet_address address_of(const char *text);
void set_profile(struct sent *sent, const char *name);
void set_address(struct sent *sent, const char *text);
void set_token(struct sent *sent, const char *token);
void set_signature(struct sent *sent, const char *text);
void set_body(struct sent *sent, const char *body);

/* Signs the body with client's key, as a client does. */
void sign_as(struct sent *sent, const struct client *client);

/* The path of a target, whose query is kept in sent. */
struct trivet_slice split_target(struct sent *sent, const char *target);

/*
 * A request to the protocol's own calls, or with a path that is none of them
 * to the API behind. From home, profile strict, signed by client (NULL: not).
 */
void make_request(struct sent *sent, const char *method, const char *target,
    const char *token, const struct client *client, const char *body);

/* A call of the API behind, in client's session. */
void make_protected(struct sent *sent, const struct client *client);

/* ---- answers ------------------------------------------------------------ */

/* What is admitted in passing is what would be admitted anyway, and all of it
 * that has nothing to write, be it an id that counts. */
void assert_agrees(const struct sent *sent, bool was_admitted,
    const struct trivet_answer *early, const struct trivet_answer *answer);
struct trivet_answer ask(const struct sent *sent);

/* Whether the answer's signature fits its body (nothing, of a HEAD) and the
 * key in pem. */
bool is_signed_with(const struct sent *sent, const struct trivet_answer *answer,
    const char *pem);

/* server_key: the place of the one that signed, or NOT_SIGNED. */
void assert_signed(const struct sent *sent, const struct trivet_answer *answer,
    int server_key);
json_t *parse_answer(const struct trivet_answer *answer);
void assert_error_body(const struct trivet_answer *answer, const char *text);

/* What must be true of every refusal, whatever its reason. */
void assert_denies(const struct trivet_answer *answer);

/* text: the public one; NULL when it is not looked at. */
void assert_refused(const struct sent *sent, enum trivet_reason reason,
    unsigned status, const char *text, int server_key);

/* Admitted; a call of ours is answered with 200 and a signature of the first
 * server key, one of the API behind with nothing yet. */
struct trivet_answer ask_admitted(const struct sent *sent);
void assert_admitted(const struct sent *sent);

/* ---- the handshake ------------------------------------------------------ */

void copy_token(char out[TRIVET_TOKEN_LEN + 1], const char *token);
void get_api_key(struct client *client);
void make_installation_body(
    const struct client *client, char out[MAX_WORLD_BODY]);
void install_from(struct client *client, const char *address);

/* permitted: the JSON of permitted_ips, NULL to leave it out. */
void make_device(struct sent *sent, const struct client *client,
    const char *permitted, const char *address);
void make_session(
    struct sent *sent, const struct client *client, const char *address);
void register_from(
    struct client *client, const char *permitted, const char *address);
void open_session_from(struct client *client, const char *address);

/* All of it, from home. */
void log_in(struct client *client);

/* Whether client's session is admitted from address. */
void assert_works_from(const struct client *client, const char *address);

/* Looks at the store, or changes something in it, beside the authority. */
TRIVET_PRINTF(1, 2)
int64_t operate(const char *format, ...);

#endif
