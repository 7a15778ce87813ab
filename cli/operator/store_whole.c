/* SPDX-License-Identifier: Apache-2.0 */
/* store_whole.c - all that can be checked of a store */
#include "cli/operator/store_whole.h"

#include "store/backup.h"
#include "store/noun/admission.h"

static void
count_damage(void *user, const char *text)
{
    (void) text;
    ++*(int64_t *) user;
}

static void
count_session(void *user, enum trivet_admission_fault fault, int64_t session_id)
{
    (void) fault;
    (void) session_id;
    ++*(int64_t *) user;
}

static void
count_audit(void *user, const struct trivet_audit_fault *fault)
{
    (void) fault;
    ++*(int64_t *) user;
}

enum trivet_status
cli_store_check_whole(struct trivet_store *store, int64_t *out_admissions,
    struct trivet_audit_report *out_audit, struct trivet_error *err)
{
    int64_t num_faults = 0;
    const struct trivet_audit_inquiry inquiry = {
        .on_fault = count_audit, .user = &num_faults};

    TRIVET_TRY(trivet_store_examine(store, count_damage, &num_faults, err));
    if (num_faults > 0) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.whole",
            "it is damaged: trivet store check says where");
    }

    TRIVET_TRY(trivet_store_admission_check(
        store, count_session, &num_faults, out_admissions, err));
    if (num_faults > 0) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.whole",
            "it does not agree with itself (%lld sessions): trivet store check "
            "names them",
            (long long) num_faults);
    }

    TRIVET_TRY(trivet_store_audit_verify(store, &inquiry, out_audit, err));
    if (num_faults > 0) {
        return trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.whole",
            "its audit log is not whole: trivet audit verify says where");
    }

    return TRIVET_OK;
}
