/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.h - an API key as its user sees it, and its permitted IPs */
#ifndef TRIVET_CORE_API_KEY_H
#define TRIVET_CORE_API_KEY_H

#include <stdint.h>

#include "core/device.h"

enum trivet_api_key_status {
    TRIVET_API_KEY_PENDING = 0, /* not bound to a device yet */
    TRIVET_API_KEY_ACTIVE,
    TRIVET_API_KEY_REVOKED
};

struct trivet_api_key_view {
    int64_t id;
    int64_t created_us;
    int64_t updated_us;
    enum trivet_api_key_status status;
    int64_t expires_us;         /* while pending                              */
    bool has_device;            /* one was made with it */
    struct trivet_device bound; /* the first of them    */
};

struct trivet_permitted_ip {
    int64_t id;
    int64_t created_us;
    int64_t updated_us;
    struct trivet_address address;
    bool is_active;
};

#endif
