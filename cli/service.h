/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - what a service and the manager that started it tell each other
 *
 * systemd's protocol, as sd_notify(3) and sd_listen_fds(3) document it: a word
 * is a datagram to the socket that the environment names; sockets that listen
 * already are file descriptors from 3 on. By hand, since it is a dozen lines,
 * whose form is promised to stay, where a library would be one more in each
 * process, with all that it needs. Without a manager each function does
 * nothing.
 *
 * One thread.
 */
#ifndef TRIVET_CLI_SERVICE_H
#define TRIVET_CLI_SERVICE_H

#include <stdbool.h>

/* It answers now; also the end of a reload. */
void cli_service_tell_ready(void);

void cli_service_tell_reloading(void);

void cli_service_tell_stopping(void);

/* Whether it is time for a sign of life, as the manager waits for them: then
 * this answers false for a while. Always false when it waits for none. */
bool cli_service_wants_sign(void);

/* The sign of life. */
void cli_service_tell_alive(void);

/* The one socket that the manager has opened for this process, closed at exec;
 * -1: none, or several. The caller closes it. Once in a process. */
int cli_service_take_socket(void);

#endif
