/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what is remembered, as nouns and verbs
 *
 * Tokens and API keys are given as SHA-256 digests only. Every function blocks
 * (disk, locks) and works on one connection: one thread at a time.
 *
 * Failures: TRIVET_E_UNAVAILABLE when the store cannot be reached, read or
 * written (close it and open it again to try anew), TRIVET_E_NOT_FOUND and
 * TRIVET_E_CONFLICT as their names say. A change is durable when its commit
 * returned TRIVET_OK; outside a transaction each change is one of its own. Each
 * change appends its row to the audit (store/noun/audit.h).
 */
#ifndef TRIVET_STORE_STORE_H
#define TRIVET_STORE_STORE_H

#include <stdint.h>

#include "core/address.h"
#include "core/expiry.h"
#include "core/user.h"
#include "crypto/digest.h"
#include "crypto/key.h"

struct trivet_store;

enum trivet_store_mode {
    TRIVET_STORE_EXISTING, /* must be there, with the schema of this version */
    TRIVET_STORE_AT_ONCE,  /* the same, with a patience from the beginning of
                              TRIVET_STORE_AT_ONCE_MS                       */
    TRIVET_STORE_MIGRATE   /* made when it is not there, brought up to date  */
};

/* Who must not wait at all waits so long for others. */
enum { TRIVET_STORE_AT_ONCE_MS = 1 };

/* Whether there is a driver for that url. Does not block. */
bool trivet_store_knows(const char *url);

/*
 * Opens the store at url, such as "sqlite:/var/lib/trivet/trivet.db". Its files
 * are the owner's alone (0600), whatever the umask; looser ones are mended.
 *
 * TRIVET_E_USAGE     no driver for that url, or the schema is of a later
 *                    version (or of an earlier one, when not migrating).
 */
TRIVET_MUST_USE enum trivet_status trivet_store_open(const char *url,
    enum trivet_store_mode mode, struct trivet_store **out,
    struct trivet_error *err);
void trivet_store_close(struct trivet_store *store);

/* What the operator should know of how the store was found, such as that
 * others could read it; NULL: nothing. Lives as long as the handle. */
const char *trivet_store_notice(struct trivet_store *store);

/* Whether it can be read: one small statement. */
TRIVET_MUST_USE enum trivet_status trivet_store_check(
    struct trivet_store *store, struct trivet_error *err);

/* Whether the handle still reaches what the url names, and can still begin a
 * transaction; if not, close it and open another. Cheap. */
bool trivet_store_is_current(struct trivet_store *store);

/* A number that is another one once somebody else has changed something in the
 * store. Only good to compare with others of this handle. Cheap. */
TRIVET_MUST_USE enum trivet_status trivet_store_get_version(
    struct trivet_store *store, int64_t *out, struct trivet_error *err);

/* How long to wait for others that write; 0: as long as the driver thinks
 * right, some seconds. */
void trivet_store_set_patience(
    struct trivet_store *store, unsigned max_wait_ms);

/* One writing transaction at a time; others wait. After a failed call in it
 * only rollback is of use. */
TRIVET_MUST_USE enum trivet_status trivet_store_begin(
    struct trivet_store *store, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_commit(
    struct trivet_store *store, struct trivet_error *err);
void trivet_store_rollback(struct trivet_store *store);

/* ---- server keys ------------------------------------------------------- */

/* The id of the key, which is added when it is new. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_ensure(
    struct trivet_store *store, const struct trivet_public_key *key,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

struct trivet_server_key_row {
    int64_t id;
    int64_t created_us;
    int64_t retired_us;                 /* 0: not */
    bool is_current;                    /* given to new installations */
    char location[TRIVET_MAX_LOCATION]; /* path or URI; empty: not known here */

    /* of trivet_store_server_key_list alone */
    int64_t num_installations;
    int64_t num_alive; /* of these with a session that may be used */
};

TRIVET_MUST_USE enum trivet_status trivet_store_server_key_get(
    struct trivet_store *store, int64_t id, struct trivet_server_key_row *out,
    struct trivet_error *err);

/* Where the key is found; no other key is found there any more. Several
 * statements, as the next: call it inside a transaction. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_locate(
    struct trivet_store *store, int64_t id, const char *location,
    int64_t now_us, struct trivet_error *err);
/* The key that new installations are given. TRIVET_E_NOT_FOUND when there is
 * no such key, or it is retired. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_make_current(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
/* TRIVET_E_NOT_FOUND when there is no such key, or it is the current one. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_retire(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
/* Forgets a key that no installation was given. */
TRIVET_MUST_USE enum trivet_status trivet_store_server_key_drop(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* ---- users ------------------------------------------------------------- */

/* Fills user->id and its times. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_put(
    struct trivet_store *store, struct trivet_user *user, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_user_get(
    struct trivet_store *store, int64_t id, struct trivet_user *out,
    struct trivet_error *err);
/* Of persons and companies: a payment service provider brings its name itself,
 * in a certificate, and must not pass for a user that the operator named.
 * TRIVET_E_CONFLICT when several users have that name. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_find(
    struct trivet_store *store, const char *display_name,
    struct trivet_user *out, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_user_set_auto_logout(
    struct trivet_store *store, int64_t id, int64_t auto_logout_s,
    int64_t now_us, struct trivet_error *err);

/* The user of a payment service provider, by the digest that stands for it; and
 * how a user becomes one, or one that was found by its shown name gets the
 * digest. */
TRIVET_MUST_USE enum trivet_status trivet_store_psp_find(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    int64_t *out_user_id, struct trivet_error *err);
/* One that was made when the shown name was all that was known of it, and that
 * has not come since. */
TRIVET_MUST_USE enum trivet_status trivet_store_psp_find_by_shown(
    struct trivet_store *store,
    const unsigned char shown_digest[TRIVET_DIGEST_LEN],
    const char *common_name, int64_t *out_user_id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_psp_put(
    struct trivet_store *store, int64_t user_id,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char *distinguished_name, int64_t now_us, struct trivet_error *err);

/* ---- installations ----------------------------------------------------- */

struct trivet_new_installation {
    const struct trivet_public_key *key;
    struct trivet_address address;
    int64_t server_key_id;
    /* TRIVET_DIGEST_LEN bytes each; of what a payment service provider with
     * this installation signs (struct trivet_signed_text). */
    const unsigned char *token_digest;
    const unsigned char *signed_digest;
};

TRIVET_MUST_USE enum trivet_status trivet_store_installation_put(
    struct trivet_store *store, const struct trivet_new_installation *made,
    int64_t now_us, int64_t *out_id, int64_t *out_token_id,
    struct trivet_error *err);

struct trivet_installation {
    int64_t id;
    int64_t server_key_id;
    struct trivet_public_key key;
    bool is_server_key_retired;
    bool is_at_home; /* address is the one that it was made from, or permitted
                        by the API key of one of its devices */
};

TRIVET_MUST_USE enum trivet_status trivet_store_installation_find(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_installation *out,
    struct trivet_error *err);

/*
 * What a payment service provider signs: the public key as the installation
 * sent it, trimmed, a newline, the installation's token. The digest of that is
 * kept; of installations that an earlier version made, the key's text is.
 */
struct trivet_signed_text {
    bool has_digest;
    unsigned char digest[TRIVET_DIGEST_LEN];
    char key_text[TRIVET_MAX_PUBLIC_KEY_TEXT + 1]; /* when there is no digest */
};

TRIVET_MUST_USE enum trivet_status trivet_store_installation_signed(
    struct trivet_store *store, int64_t id, struct trivet_signed_text *out,
    struct trivet_error *err);

/* ---- API keys and their permitted IPs ---------------------------------- */

struct trivet_new_api_key {
    int64_t user_id;
    const unsigned char *digest; /* TRIVET_DIGEST_LEN bytes */
    const char *label;
    int64_t expires_us;
};

/* TRIVET_E_CONFLICT when the very same key exists. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_put(
    struct trivet_store *store, const struct trivet_new_api_key *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

struct trivet_api_key {
    int64_t id;
    int64_t user_id;
    int64_t expires_us;
    bool is_bound;
    bool is_revoked;
    bool allows_all_ips;
    bool is_address_permitted;
    int64_t device_id; /* the newest of the installation with it; 0: none */
};

TRIVET_MUST_USE enum trivet_status trivet_store_api_key_find(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, int64_t installation_id,
    struct trivet_api_key *out, struct trivet_error *err);

/* A key that an installation asked for, and its newest device. */
struct trivet_asked_key {
    int64_t created_us;
    int64_t updated_us;
    int64_t expires_us;
    bool is_bound;
    bool is_revoked;
    bool has_device;
    char description[TRIVET_MAX_DESCRIPTION + 1];
    struct trivet_address address;
};

/* A part of making the key: the audit has one row for the whole. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_asked_by(
    struct trivet_store *store, int64_t id, int64_t installation_id,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_asked(
    struct trivet_store *store, int64_t id, int64_t installation_id,
    struct trivet_asked_key *out, struct trivet_error *err);

/* Whether a session is the first with the key; asked once for each, when it is
 * opened. Part of that. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_open_first(
    struct trivet_store *store, int64_t id, int64_t now_us, bool *out_is_first,
    struct trivet_error *err);

/* From now on valid until revoked; allow_all_ips frees it from binding. */
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_bind(
    struct trivet_store *store, int64_t id, bool allow_all_ips, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_revoke(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_api_key_allow_all_ips(
    struct trivet_store *store, int64_t id, bool allow, int64_t now_us,
    struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_put(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t now_us,
    struct trivet_error *err);
/* The address permitted or not, whether it was there before or not. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_set(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    int64_t *out_id, struct trivet_error *err);
/* How many addresses but this one the key has, active or not. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_count_others(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t *out,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_check(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool *out_is_permitted,
    struct trivet_error *err);

/* ---- devices and sessions ---------------------------------------------- */

struct trivet_new_device {
    int64_t installation_id;
    int64_t api_key_id;
    const char *description;
    struct trivet_address address;
};

/* How many devices there are of an installation, and with an API key (of any
 * installation); no more than the maxima in core/limits.h are counted. */
struct trivet_device_counts {
    int64_t num_of_installation;
    int64_t num_of_key;
};

TRIVET_MUST_USE enum trivet_status trivet_store_device_count(
    struct trivet_store *store, int64_t installation_id, int64_t api_key_id,
    struct trivet_device_counts *out, struct trivet_error *err);

/* TRIVET_E_NOT_FOUND: the installation was pruned meanwhile
 * (store/noun/prune.h); it is not, once it has a device. */
TRIVET_MUST_USE enum trivet_status trivet_store_device_put(
    struct trivet_store *store, const struct trivet_new_device *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_session_put(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN], int64_t device_id,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);

/* Whether a session of the installation is alive. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_is_alive(
    struct trivet_store *store, int64_t installation_id, int64_t now_us,
    bool *out, struct trivet_error *err);

/* A life of its own, whatever the user's auto-logout time is. A part of opening
 * it: the audit has one row for the whole. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_set_timeout(
    struct trivet_store *store, int64_t id, int64_t timeout_s,
    struct trivet_error *err);

struct trivet_session {
    int64_t id;
    int64_t device_id;
    int64_t installation_id;
    int64_t api_key_id;
    int64_t user_id;
    int64_t server_key_id;
    struct trivet_expiry expiry;
    struct trivet_public_key key; /* of the client */
    bool is_ended;
    bool is_key_revoked;
    bool is_address_permitted;
    bool is_server_key_retired;
};

TRIVET_MUST_USE enum trivet_status trivet_store_session_find(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_error *err);

/* Moves the anchor forward; never back, and not of an ended session. */
TRIVET_MUST_USE enum trivet_status trivet_store_session_extend(
    struct trivet_store *store, int64_t id, int64_t anchored_us, int64_t now_us,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_session_end(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* How many sessions are alive: of those that were opened or extended last,
 * TRIVET_MAX_COUNTED_SESSIONS at most, so that the cost has an end. */
enum { TRIVET_MAX_COUNTED_SESSIONS = 100000 };
TRIVET_MUST_USE enum trivet_status trivet_store_session_count_alive(
    struct trivet_store *store, int64_t now_us, int64_t *out,
    struct trivet_error *err);

#endif
