/* SPDX-License-Identifier: Apache-2.0 */
/* signing.h - the filters that sign answers */
#ifndef TRIVET_GATEWAY_SIGNING_H
#define TRIVET_GATEWAY_SIGNING_H

/* Enters them into nginx's chains of filters, when the configuration was
 * read. */
void ngx_http_trivet_init_filters(void);

#endif
