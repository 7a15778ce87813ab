/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_tls.c - the TLS of a server of nginx's configuration */
#include "cli/serve/nginx_tls.h"

void
cli_nginx_put_tls(FILE *to, const struct cli_nginx_conf *conf)
{
    (void) fprintf(to,
        "        ssl_certificate \"%s\";\n"
        "        ssl_certificate_key \"%s\";\n",
        conf->tls_certificate, conf->tls_key);

    if (conf->tls_key_password != NULL) {
        (void) fprintf(
            to, "        ssl_password_file \"%s\";\n", conf->tls_key_password);
    }

    /* Without tickets: this nginx never changes the key that encrypts them, so
     * that whoever steals it reads all that was recorded. */
    (void) fprintf(to, "        ssl_protocols TLSv1.2 TLSv1.3;\n"
                       "        ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n"
                       "        ssl_prefer_server_ciphers on;\n"
                       "        ssl_session_cache shared:tls:2m;\n"
                       "        ssl_session_tickets off;\n");
}
