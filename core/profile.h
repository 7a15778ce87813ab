/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - the switches of the protocol, and their named presets
 *
 * strict   all calls after the installation are signed by both sides
 * current  as bunq answers today: a signature is needed to open a session and
 *          where the operator asks for it; elsewhere it is neither demanded
 *          nor judged
 * classic  as bunq answered before April 2020: as strict, but signatures cover
 *          the first line and the header too (core/canonical.h)
 */
#ifndef TRIVET_CORE_PROFILE_H
#define TRIVET_CORE_PROFILE_H

#include "core/canonical.h"
#include "core/slice.h"

struct trivet_profile {
    const char *name;
    enum trivet_scheme request_scheme;
    enum trivet_scheme response_scheme;
    bool requires_all_signatures;
    int extend_window_s; /* a request this near the end extends the session */
};

/* The preset of that name, or NULL. Static. */
const struct trivet_profile *trivet_profile_find(struct trivet_slice name);

#endif
