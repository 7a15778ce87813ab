/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.h - makes the n-th allocation, or the n-th call of a file, fail
 *
 * Allocations: those of our own code (the linker's --wrap), of jansson, of
 * OpenSSL and of SQLite (by their own hooks). Files: open, read, write, fsync,
 * rename, mmap and their kind, of our code and of all libraries: the program
 * defines these functions, so they come before those of the C library.
 *
 * Counting starts when faults_arm is called. Not for several threads.
 */
#ifndef TRIVET_TESTS_FAULTS_H
#define TRIVET_TESTS_FAULTS_H

#include <stdbool.h>

enum faults_kind { FAULTS_MEMORY, FAULTS_FILES };

/* Before anything of OpenSSL or SQLite is used. */
void faults_install(void);
/* Of jansson alone: where OpenSSL is not to be touched. */
void faults_install_json(void);

/* From now on the n-th (from 1) fails; with lasting, so do all behind it. */
void faults_arm(enum faults_kind kind, long n, bool lasting);

/* Whether one has failed since then. */
bool faults_disarm(void);

/* How much of a sweep is wanted: that variable of the environment when it is a
 * number above 0, or else otherwise. */
long faults_number(const char *name, long otherwise);

#endif
