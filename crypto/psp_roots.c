/* SPDX-License-Identifier: Apache-2.0 */
/* psp_roots.c - the CA certificates that payment service providers come from */
#include "crypto/psp_roots.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

#include "crypto/openssl.h"
#include "crypto/psp_chain.h"

struct trivet_psp_roots {
    X509_STORE *store;
};

/* A file of revocation lists alone is none of roots. */
static bool
has_certificate(X509_STORE *store)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        if (X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)) != NULL) {
            return true;
        }
    }

    return false;
}

enum trivet_status
trivet_psp_roots_load(
    const char *path, struct trivet_psp_roots **out, struct trivet_error *err)
{
    struct trivet_psp_roots *roots = calloc(1, sizeof *roots);

    if (roots != NULL) {
        roots->store = X509_STORE_new();
    }
    if (roots == NULL || roots->store == NULL) {
        trivet_psp_roots_free(roots);
        return trivet_openssl_error(
            err, TRIVET_E_MEMORY, "psp.roots", "out of memory");
    }

    if (X509_STORE_load_file(roots->store, path) != 1
        || !has_certificate(roots->store))
    {
        trivet_psp_roots_free(roots);
        return trivet_openssl_error(err, TRIVET_E_USAGE, "psp.roots",
            "not a readable file of CA certificates in PEM");
    }

    *out = roots;
    return TRIVET_OK;
}

void
trivet_psp_roots_free(struct trivet_psp_roots *roots)
{
    if (roots == NULL) {
        return;
    }

    X509_STORE_free(roots->store);
    free(roots);
}

X509_STORE *
trivet_psp_roots_store(const struct trivet_psp_roots *roots)
{
    return roots->store;
}
