/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - parts of SQL statements that several nouns need, each once */
#ifndef TRIVET_STORE_NOUN_RULES_H
#define TRIVET_STORE_NOUN_RULES_H

/* Whether the API key may be used from the address. */
#define PERMITS(key, address)                                                  \
    "(" key ".allow_all_ips <> 0 OR EXISTS (SELECT 1 FROM permitted_ip p"      \
    " WHERE p.api_key_id = " key ".id AND p.address = " address                \
    " AND p.is_active <> 0))"

/* Of session s, user u: seconds from its anchor until it expires. */
#define LIFE_OF_SESSION "COALESCE(s.timeout_s, u.auto_logout_s)"

/* Of session s, API key k, user u: whether it is valid at now. */
#define IS_ALIVE(now)                                                          \
    "(s.ended_us IS NULL AND k.revoked_us IS NULL"                             \
    " AND s.anchored_us + " LIFE_OF_SESSION " * 1000000 > " now ")"

/* PostgreSQL: microseconds since 1970 by its clock, not by the beginning of
 * the transaction. */
#define POSTGRES_NOW_US                                                        \
    "(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000000)::BIGINT"

#endif
