/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.h - asks again and again where the APIs are
 *
 * nginx asks once, when it reads its configuration. An API that moves (its
 * container came back elsewhere) would be lost. So a thread of "trivet serve"
 * looks the names up every few seconds; when their addresses have changed,
 * nginx is given them and reloads.
 *
 * One thread, and the one that called cli_resolver_start.
 */
#ifndef TRIVET_CLI_SERVE_RESOLVER_H
#define TRIVET_CLI_SERVE_RESOLVER_H

#include "cli/serve/upstream.h"

/* Starts looking up the names of these; nothing when all are addresses. */
TRIVET_MUST_USE enum trivet_status cli_resolver_start(
    const struct cli_upstreams *upstreams, struct trivet_error *err);

/* Waits until each name was looked up once, but not longer than timeout_ms. */
void cli_resolver_wait(int timeout_ms);

/*
 * Says on stderr which names cannot be found any more, or can be found again.
 * True when nginx should be told: the addresses differ from those of `known`.
 * When some of them are the same, it is told every half minute at most, for
 * there are names whose answers change all the time.
 */
bool cli_resolver_has_news(struct cli_upstreams *known);

/* Puts what was found into upstreams. */
void cli_resolver_take(struct cli_upstreams *upstreams);

#endif
