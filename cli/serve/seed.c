/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed.c - users, API keys and devices that "trivet serve --seed" makes
 *
 * One walk through the file, twice: without a store it checks each value, with
 * a store it also makes what is missing. seed_device.c has the devices.
 */
#include "cli/serve/seed.h"

#include <string.h>

#include "authority/operator/user.h"
#include "base/duration.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "cli/output.h"
#include "cli/serve/key_file.h"
#include "cli/serve/seed_device.h"
#include "cli/span.h"
#include "core/name.h"
#include "crypto/token.h"
#include "store/noun/api_key.h"
#include "store/noun/permitted_ip.h"
#include "store/noun/user.h"

enum { MIN_SECRET_LEN = 32 /* characters: kept as a plain digest */ };

/* A span of min_s to max_s; *out_s is as it was when it is not there. */
static enum trivet_status
read_span(const struct cli_seed_walk *walk, const struct cli_json_at *object,
    const char *name, int64_t min_s, int64_t max_s, int64_t *out_s,
    struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(object, name);
    const char *text;
    int64_t span_s;

    TRIVET_TRY(cli_json_get_text(
        &walk->file, object, name, CLI_SPAN_TEXT_SIZE, false, &text, err));
    if (text == NULL) {
        return TRIVET_OK;
    }

    if (!cli_span_parse(text, max_s, &span_s) || span_s < min_s) {
        return cli_json_refuse(&walk->file, &field, err,
            "a time of %lld to %lld seconds, such as \"90s\", \"1h\" or \"7d\"",
            (long long) min_s, (long long) max_s);
    }

    *out_s = span_s;
    return TRIVET_OK;
}

static enum trivet_status
read_name(const struct cli_seed_walk *walk, const struct cli_json_at *object,
    const char *name, bool is_required, const char **out,
    struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(object, name);

    TRIVET_TRY(cli_json_get_text(
        &walk->file, object, name, TRIVET_MAX_NAME - 1, is_required, out, err));

    if (*out != NULL && !trivet_name_is_valid(*out)) {
        return cli_json_refuse(
            &walk->file, &field, err, "control characters in it");
    }

    return TRIVET_OK;
}

/* ---- API keys ---------------------------------------------------------- */

static enum trivet_status
read_permitted(const struct cli_seed_walk *walk, const struct cli_json_at *key,
    struct trivet_permitted *out, bool *out_is_given, struct trivet_error *err)
{
    struct cli_json_at list;
    size_t num;

    memset(out, 0, sizeof *out);
    TRIVET_TRY(cli_json_get_array(
        &walk->file, key, "permitted_ips", &list, &num, err));
    *out_is_given = list.value != NULL;
    if (*out_is_given && num == 0) {
        return cli_json_refuse(
            &walk->file, &list, err, "no address in it; [\"*\"] permits all");
    }

    for (size_t i = 0; i < num; i++) {
        const struct cli_json_at item = cli_json_item(&list, i);
        const char *text = json_string_value(item.value);
        enum trivet_status status = TRIVET_E_MALFORMED;

        if (text != NULL) {
            status = trivet_permitted_add(out, trivet_slice_text(text));
        }
        if (status == TRIVET_E_LIMIT) {
            return cli_json_refuse(&walk->file, &item, err,
                "more than %d addresses", (int) TRIVET_MAX_PERMITTED_IPS);
        }
        if (status != TRIVET_OK) {
            return cli_json_refuse(
                &walk->file, &item, err, "neither an IP address nor \"*\"");
        }
    }

    return TRIVET_OK;
}

/* Printable ASCII, in the sandbox with its prefix. */
static enum trivet_status
read_secret(const struct cli_seed_walk *walk, const struct cli_json_at *key,
    const char **out, struct trivet_error *err)
{
    static const char prefix[] = "sandbox_";
    const struct cli_json_at field = cli_json_field(key, "secret");
    bool is_sandbox_key;

    TRIVET_TRY(cli_json_get_text(
        &walk->file, key, "secret", TRIVET_MAX_API_KEY - 1, true, out, err));

    if (strlen(*out) < MIN_SECRET_LEN) {
        return cli_json_refuse(&walk->file, &field, err,
            "%d characters at least", (int) MIN_SECRET_LEN);
    }
    for (const char *p = *out; *p != '\0'; p++) {
        if (*p <= 0x20 || *p > 0x7e) {
            return cli_json_refuse(&walk->file, &field, err,
                "printable ASCII without blanks alone");
        }
    }

    is_sandbox_key = strncmp(*out, prefix, sizeof prefix - 1) == 0;
    if (is_sandbox_key && !walk->seed->is_sandbox) {
        return cli_json_refuse(&walk->file, &field, err,
            "an API key that begins with sandbox_ opens nothing here");
    }

    return TRIVET_OK;
}

static enum trivet_status
bind_key(const struct cli_seed_walk *walk, int64_t id,
    const struct trivet_permitted *permitted, struct trivet_error *err)
{
    int64_t now_us = cli_now_us();

    TRIVET_TRY(trivet_store_api_key_bind(
        walk->store, id, permitted->has_wildcard, now_us, err));

    for (size_t i = 0; i < permitted->num_addresses; i++) {
        TRIVET_TRY(trivet_store_permitted_ip_put(
            walk->store, id, &permitted->addresses[i], now_us, err));
    }

    return TRIVET_OK;
}

/* What an API key of the file says. */
struct key {
    const struct cli_json_at *at;
    const char *secret;
    const char *label;
    int64_t lifetime_s;
    bool is_bound; /* it has permitted_ips */
    struct trivet_permitted permitted;
};

static enum trivet_status
make_key(const struct cli_seed_walk *walk, const struct key *key,
    int64_t user_id, const unsigned char digest[TRIVET_DIGEST_LEN],
    int64_t *out_id, struct trivet_error *err)
{
    int64_t now_us = cli_now_us();
    const struct trivet_new_api_key made = {
        .user_id = user_id,
        .digest = digest,
        .label = key->label == NULL ? "seed" : key->label,
        .expires_us = now_us + key->lifetime_s * TRIVET_US_PER_S,
    };

    TRIVET_TRY(
        trivet_store_api_key_put(walk->store, &made, now_us, out_id, err));

    return key->is_bound ? bind_key(walk, *out_id, &key->permitted, err)
                         : TRIVET_OK;
}

/* Its id, of the key that there is or is made. */
static enum trivet_status
apply_key(const struct cli_seed_walk *walk, const struct key *key,
    int64_t user_id, int64_t *out_id, struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(key->at, "secret");
    const struct trivet_address nobody = {{0}};
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_api_key row;
    enum trivet_status status;

    TRIVET_TRY(trivet_token_digest(trivet_slice_text(key->secret), digest));
    status =
        trivet_store_api_key_find(walk->store, digest, &nobody, 0, &row, err);
    if (status == TRIVET_E_NOT_FOUND) {
        return make_key(walk, key, user_id, digest, out_id, err);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    if (row.user_id != user_id) {
        return cli_json_refuse(&walk->file, &field, err,
            "the API key of another user, %lld", (long long) row.user_id);
    }
    if (row.is_revoked) {
        cli_tell("trivet: --seed %s: API key %lld was revoked, and stays so\n",
            walk->file.path, (long long) row.id);
    }

    *out_id = row.id;
    return TRIVET_OK;
}

static enum trivet_status
walk_key(struct cli_seed_walk *walk, const struct cli_json_at *at,
    int64_t user_id, struct trivet_error *err)
{
    static const char *const names[] = {
        "secret", "label", "expires", "permitted_ips", "devices", NULL};
    struct key key = {.at = at, .lifetime_s = TRIVET_MAX_DURATION_S};
    struct cli_json_at devices;
    size_t num;
    int64_t id = 0;

    TRIVET_TRY(cli_json_check_object(&walk->file, at, names, err));
    TRIVET_TRY(read_secret(walk, at, &key.secret, err));
    TRIVET_TRY(read_name(walk, at, "label", false, &key.label, err));
    TRIVET_TRY(read_span(
        walk, at, "expires", 1, TRIVET_MAX_DURATION_S, &key.lifetime_s, err));
    TRIVET_TRY(read_permitted(walk, at, &key.permitted, &key.is_bound, err));
    TRIVET_TRY(
        cli_json_get_array(&walk->file, at, "devices", &devices, &num, err));
    if (num > 0 && !key.is_bound) {
        return cli_json_refuse(&walk->file, &devices, err,
            "with devices, the API key needs permitted_ips, such as [\"*\"]");
    }

    if (walk->store != NULL) {
        TRIVET_TRY(apply_key(walk, &key, user_id, &id, err));
    }

    for (size_t i = 0; i < num; i++) {
        const struct cli_json_at device = cli_json_item(&devices, i);

        TRIVET_TRY(cli_seed_walk_device(walk, &device, id, err));
    }

    return TRIVET_OK;
}

/* ---- users ------------------------------------------------------------- */

/* What a user of the file says. */
struct person {
    const struct cli_json_at *at;
    const char *name;
    enum trivet_user_kind kind;
    int64_t auto_logout_s;    /* 0: not given */
    const char *requested_by; /* names of users, of an api-key alone */
    const char *granted_by;
};

static enum trivet_status
read_kind(const struct cli_seed_walk *walk, const struct cli_json_at *user,
    enum trivet_user_kind *out, struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(user, "kind");
    const char *text;

    *out = TRIVET_USER_PERSON;
    TRIVET_TRY(cli_json_get_text(
        &walk->file, user, "kind", TRIVET_MAX_NAME, false, &text, err));

    if (text == NULL || strcmp(text, "person") == 0) {
        return TRIVET_OK;
    }
    if (strcmp(text, "company") == 0) {
        *out = TRIVET_USER_COMPANY;
        return TRIVET_OK;
    }
    if (strcmp(text, "api-key") == 0) {
        *out = TRIVET_USER_API_KEY;
        return TRIVET_OK;
    }

    return cli_json_refuse(&walk->file, &field, err,
        "neither \"person\" nor \"company\" nor \"api-key\"");
}

/* Refuses fields that the kind of a user does not have. */
static enum trivet_status
refuse_fields(const struct cli_seed_walk *walk, const struct cli_json_at *user,
    const char *const names[2], const char *why, struct trivet_error *err)
{
    for (int i = 0; i < 2; i++) {
        const struct cli_json_at field = cli_json_field(user, names[i]);

        if (field.value != NULL) {
            return cli_json_refuse(&walk->file, &field, err, "%s", why);
        }
    }

    return TRIVET_OK;
}

/* A user with a name, or an access of OAuth, which has two users' names. */
static enum trivet_status
read_names(const struct cli_seed_walk *walk, struct person *person,
    struct trivet_error *err)
{
    static const char *const of_access[] = {"requested_by", "granted_by"};
    static const char *const of_others[] = {"name", "auto_logout"};

    if (person->kind != TRIVET_USER_API_KEY) {
        TRIVET_TRY(refuse_fields(walk, person->at, of_access,
            "only a user of the kind \"api-key\" has it", err));

        return read_name(walk, person->at, "name", true, &person->name, err);
    }

    TRIVET_TRY(refuse_fields(walk, person->at, of_others,
        "an api-key has that of the user who requested it", err));
    TRIVET_TRY(read_name(
        walk, person->at, "requested_by", true, &person->requested_by, err));

    return read_name(
        walk, person->at, "granted_by", true, &person->granted_by, err);
}

static enum trivet_status
make_user(const struct cli_seed_walk *walk, const struct person *person,
    struct trivet_user *out, struct trivet_error *err)
{
    int64_t auto_logout_s = person->auto_logout_s;

    TRIVET_TRY(trivet_operator_make_user(
        walk->store, person->name, person->kind, cli_now_us(), out, err));

    if (auto_logout_s == 0) {
        auto_logout_s = walk->seed->session_timeout_s;
    }
    if (auto_logout_s == out->session_timeout_s) {
        return TRIVET_OK;
    }

    return trivet_operator_set_auto_logout(
        walk->store, out->id, auto_logout_s, cli_now_us(), err);
}

static enum trivet_status
apply_user(const struct cli_seed_walk *walk, const struct person *person,
    int64_t *out_id, struct trivet_error *err)
{
    const struct cli_json_at name = cli_json_field(person->at, "name");
    const struct cli_json_at kind = cli_json_field(person->at, "kind");
    struct trivet_user user;
    enum trivet_status status =
        trivet_store_user_find(walk->store, person->name, &user, err);

    if (status == TRIVET_E_NOT_FOUND) {
        status = make_user(walk, person, &user, err);
    } else if (status == TRIVET_E_CONFLICT) {
        return cli_json_refuse(
            &walk->file, &name, err, "several users have this name");
    } else if (status == TRIVET_OK && user.kind != person->kind) {
        return cli_json_refuse(&walk->file, &kind, err,
            "user %lld has this name and is of another kind",
            (long long) user.id);
    }

    *out_id = user.id;
    return status;
}

/* ---- accesses of OAuth ------------------------------------------------- */

static enum trivet_status
find_party(const struct cli_seed_walk *walk, const struct person *person,
    const char *field_name, const char *name, int64_t *out_id,
    struct trivet_error *err)
{
    const struct cli_json_at field = cli_json_field(person->at, field_name);
    struct trivet_user user;
    enum trivet_status status =
        trivet_store_user_find(walk->store, name, &user, err);

    if (status == TRIVET_E_NOT_FOUND) {
        return cli_json_refuse(&walk->file, &field, err,
            "no user of this name is there, or stands further up");
    }
    if (status == TRIVET_E_CONFLICT) {
        return cli_json_refuse(
            &walk->file, &field, err, "several users have this name");
    }

    *out_id = user.id;
    return status;
}

/* The access of two users, when there is one. */
struct access {
    int64_t requested_by;
    int64_t granted_by;
    int64_t id; /* 0: not found */
};

static void
compare_access(void *opaque, const struct trivet_user *row)
{
    struct access *access = opaque;

    if (access->id == 0 && row->kind == TRIVET_USER_API_KEY
        && row->requested_by.id == access->requested_by
        && row->granted_by.id == access->granted_by)
    {
        access->id = row->id;
    }
}

static enum trivet_status
apply_access(const struct cli_seed_walk *walk, const struct person *person,
    int64_t *out_id, struct trivet_error *err)
{
    struct access access = {0};
    struct trivet_user user;

    TRIVET_TRY(find_party(walk, person, "requested_by", person->requested_by,
        &access.requested_by, err));
    TRIVET_TRY(find_party(walk, person, "granted_by", person->granted_by,
        &access.granted_by, err));
    TRIVET_TRY(
        trivet_store_user_list(walk->store, compare_access, &access, err));

    if (access.id == 0) {
        TRIVET_TRY(trivet_operator_make_user_api_key(walk->store,
            access.requested_by, access.granted_by, cli_now_us(), &user, err));
        access.id = user.id;
    }

    *out_id = access.id;
    return TRIVET_OK;
}

/* ---- a user, with API keys --------------------------------------------- */

static enum trivet_status
walk_user(struct cli_seed_walk *walk, const struct cli_json_at *at,
    struct trivet_error *err)
{
    static const char *const names[] = {"name", "kind", "auto_logout",
        "requested_by", "granted_by", "api_keys", NULL};
    struct person person = {.at = at};
    struct cli_json_at keys;
    size_t num;
    int64_t id = 0;

    TRIVET_TRY(cli_json_check_object(&walk->file, at, names, err));
    TRIVET_TRY(read_kind(walk, at, &person.kind, err));
    TRIVET_TRY(read_names(walk, &person, err));
    TRIVET_TRY(read_span(walk, at, "auto_logout", TRIVET_MIN_SESSION_TIMEOUT_S,
        TRIVET_MAX_SESSION_TIMEOUT_S, &person.auto_logout_s, err));
    TRIVET_TRY(
        cli_json_get_array(&walk->file, at, "api_keys", &keys, &num, err));

    if (walk->store != NULL) {
        enum trivet_status status = person.kind == TRIVET_USER_API_KEY
                                        ? apply_access(walk, &person, &id, err)
                                        : apply_user(walk, &person, &id, err);

        TRIVET_TRY(status);
    }

    for (size_t i = 0; i < num; i++) {
        const struct cli_json_at key = cli_json_item(&keys, i);

        TRIVET_TRY(walk_key(walk, &key, id, err));
    }

    return TRIVET_OK;
}

/* ---- the file ---------------------------------------------------------- */

static enum trivet_status
walk_file(struct cli_seed_walk *walk, struct trivet_error *err)
{
    static const char *const names[] = {"users", NULL};
    const struct cli_json_at root = cli_json_root(&walk->file);
    struct cli_json_at users;
    size_t num;

    TRIVET_TRY(cli_json_check_object(&walk->file, &root, names, err));
    TRIVET_TRY(
        cli_json_get_array(&walk->file, &root, "users", &users, &num, err));

    for (size_t i = 0; i < num; i++) {
        const struct cli_json_at user = cli_json_item(&users, i);

        TRIVET_TRY(walk_user(walk, &user, err));
    }

    return TRIVET_OK;
}

enum trivet_status
cli_seed_check(const struct cli_seed *seed, struct trivet_error *err)
{
    struct cli_seed_walk walk = {.seed = seed};
    enum trivet_status status;

    if (!seed->is_sandbox) {
        TRIVET_TRY(cli_serve_check_key_mode(seed->path, err));
    }

    status = cli_json_file_load(seed->path, &walk.file, err);
    if (status == TRIVET_E_MEMORY) {
        return status;
    }
    if (status != TRIVET_OK) {
        err->status = TRIVET_E_USAGE; /* the text is as it is */
        return TRIVET_E_USAGE;
    }

    status = walk_file(&walk, err);
    cli_json_file_free(&walk.file);

    return status;
}

enum trivet_status
cli_seed_apply(const struct cli_seed *seed, struct trivet_store *store,
    struct trivet_error *err)
{
    struct cli_seed_walk walk = {.seed = seed, .store = store};
    enum trivet_status status;

    TRIVET_TRY(cli_json_file_load(seed->path, &walk.file, err));

    status = trivet_store_begin(store, err);
    if (status == TRIVET_OK) {
        status = walk_file(&walk, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    cli_json_file_free(&walk.file);
    return status;
}
