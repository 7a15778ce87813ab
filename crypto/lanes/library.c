/* SPDX-License-Identifier: Apache-2.0 */
/* library.c - Intel's crypto_mb, found at run time */
#include "crypto/lanes/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum {
    ALGORITHM_RSA_2K = 1,       /* crypto_mb's number for RSA of 2048 bits  */
    MAX_FLAGS = 8192,           /* of a line of /proc/cpuinfo */
    WIDTH_OF_8 = 8,             /* its bit for eight lanes                  */
    MAX_WORK_SIZE = 1024 * 1024 /* more than any version asks for           */
};

/* The versions whose functions were compared with the types of library.h. */
static const char *const names[] = {
    "libcrypto_mb.so.11",
};

struct functions {
    uint64_t (*algorithm)(int algorithm);
    const void *(*sign_method)(void);
    const void *(*verify_method)(void);
    int (*work_size)(const void *method);
};

/* A function's address into a pointer to a function: C has no cast for it. */
static bool
find(void *handle, const char *name, void *out)
{
    void *address = dlsym(handle, name);

    memcpy(out, &address, sizeof address);
    return address != NULL;
}

static bool
find_all(struct trivet_lane_library *library, struct functions *f)
{
    void *handle = library->handle;

    return find(handle, "mbx_get_algo_info", &f->algorithm)
           && find(handle, "mbx_RSA2K_private_crt_Method", &f->sign_method)
           && find(handle, "mbx_RSA2K_pub65537_Method", &f->verify_method)
           && find(handle, "mbx_RSA_Method_BufSize", &f->work_size)
           && find(handle, "mbx_rsa_private_crt_mb8", &library->sign)
           && find(handle, "mbx_rsa_public_mb8", &library->verify);
}

static bool
take_methods(struct trivet_lane_library *library, const struct functions *f)
{
    int sizes[2];

    library->sign_method = f->sign_method();
    library->verify_method = f->verify_method();
    if (library->sign_method == NULL || library->verify_method == NULL) {
        return false;
    }

    sizes[0] = f->work_size(library->sign_method);
    sizes[1] = f->work_size(library->verify_method);
    library->sign_size = (size_t) sizes[0];
    library->verify_size = (size_t) sizes[1];

    return sizes[0] > 0 && sizes[0] <= MAX_WORK_SIZE && sizes[1] > 0
           && sizes[1] <= MAX_WORK_SIZE;
}

/* The library is asked too, but only after it was loaded and run. */
bool
trivet_lane_processor_is_able(void)
{
    char line[MAX_FLAGS];
    bool is_able = false;
    FILE *file = fopen("/proc/cpuinfo", "re");

    if (file == NULL) {
        return false;
    }

    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "flags", 5) == 0) {
            is_able = strstr(line, " avx512ifma") != NULL;
            break;
        }
    }

    (void) fclose(file);
    return is_able;
}

enum trivet_status
trivet_lane_library_open(
    struct trivet_lane_library *out, struct trivet_error *err)
{
    struct functions f;
    enum trivet_status status = TRIVET_OK;

    memset(out, 0, sizeof *out);

    if (!trivet_lane_processor_is_able()) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
            "the processor has no AVX-512 IFMA");
    }

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        out->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (out->handle != NULL) {
            break;
        }
    }

    if (out->handle == NULL) {
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "lanes", "%s is not installed", names[0]);
    }

    if (!find_all(out, &f)) {
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
            "crypto_mb has not the functions that it should have");
    } else if ((f.algorithm(ALGORITHM_RSA_2K) & WIDTH_OF_8) == 0) {
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
            "crypto_mb does not work on this processor");
    } else if (!take_methods(out, &f)) {
        status = trivet_error_set(err, TRIVET_E_UNAVAILABLE, "lanes",
            "crypto_mb has no RSA of 2048 bits");
    }

    if (status != TRIVET_OK) {
        trivet_lane_library_close(out);
    }

    return status;
}

void
trivet_lane_library_close(struct trivet_lane_library *library)
{
    if (library->handle != NULL) {
        (void) dlclose(library->handle);
        library->handle = NULL;
    }
}
