/* SPDX-License-Identifier: Apache-2.0 */
/* notes.c - what is told on a pool thread, and logged on the event loop */
#include "sidecar/module/notes.h"


void
ngx_http_trivet_proxy_take_note(void *arg, const struct trivet_event *event)
{
    ngx_http_trivet_proxy_job_t *job = arg;

    ngx_http_trivet_proxy_note_t *note;

    if (job->num_notes == NGX_HTTP_TRIVET_PROXY_MAX_NOTES
        || event->kind == TRIVET_EVENT_SENT
        || event->kind == TRIVET_EVENT_RECEIVED)
    {
        return;
    }

    note = &job->notes[job->num_notes++];
    note->kind = event->kind;
    (void) ngx_cpystrn(
        (u_char *) note->text, (u_char *) event->text, sizeof(note->text));
}


void
ngx_http_trivet_proxy_log_notes(ngx_http_trivet_proxy_job_t *job)
{
    ngx_log_t *log = job->request->connection->log;
    ngx_uint_t i, level;

    for (i = 0; i < job->num_notes; i++) {
        level = job->notes[i].kind == TRIVET_EVENT_PIN
                        || job->notes[i].kind == TRIVET_EVENT_WARNING
                    ? NGX_LOG_WARN
                    : NGX_LOG_NOTICE;
        ngx_log_error(level, log, 0, "trivet: %s", job->notes[i].text);
    }
}
