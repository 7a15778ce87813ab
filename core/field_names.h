/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_names.h - the protocol's own header fields, by name
 *
 * The one place that spells them for programs: whoever sends, reads, signs or
 * configures a field takes its name from here. Names are compared without
 * regard to case. Sentences for people (core/reason.c, core/mistake.c, help)
 * spell a name out.
 */
#ifndef TRIVET_CORE_FIELD_NAMES_H
#define TRIVET_CORE_FIELD_NAMES_H

/* How the name of each field of the protocol begins. */
#define TRIVET_FIELD_PREFIX "X-Bunq-"

/* of a request */
#define TRIVET_FIELD_TOKEN            TRIVET_FIELD_PREFIX "Client-Authentication"
#define TRIVET_FIELD_CLIENT_SIGNATURE TRIVET_FIELD_PREFIX "Client-Signature"
#define TRIVET_FIELD_REQUEST_ID       TRIVET_FIELD_PREFIX "Client-Request-Id"
#define TRIVET_FIELD_LANGUAGE         TRIVET_FIELD_PREFIX "Language"
#define TRIVET_FIELD_REGION           TRIVET_FIELD_PREFIX "Region"
#define TRIVET_FIELD_GEOLOCATION      TRIVET_FIELD_PREFIX "Geolocation"

/* of an answer; REQUEST_ID too, repeated */
#define TRIVET_FIELD_SERVER_SIGNATURE TRIVET_FIELD_PREFIX "Server-Signature"
#define TRIVET_FIELD_RESPONSE_ID      TRIVET_FIELD_PREFIX "Client-Response-Id"
#define TRIVET_FIELD_WARNING          TRIVET_FIELD_PREFIX "Warning"

#endif
