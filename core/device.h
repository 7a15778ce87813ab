/* SPDX-License-Identifier: Apache-2.0 */
/* device.h - what was registered with an installation and an API key */
#ifndef TRIVET_CORE_DEVICE_H
#define TRIVET_CORE_DEVICE_H

#include <stdint.h>

#include "core/address.h"

struct trivet_device {
    int64_t id;
    int64_t created_us;
    int64_t installation_id;
    int64_t api_key_id;
    int64_t user_id; /* of the API key */
    char description[TRIVET_MAX_DESCRIPTION + 1];
    struct trivet_address address; /* that registered it       */
    bool is_blocked;               /* its API key was revoked  */
};

#endif
