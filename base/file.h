/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - files that hold secrets: who may touch them, and writing them whole
 *
 * The only place that decides by a file's owner and mode whether it is used,
 * and that writes a file as a whole. Paths are as the caller gives them: links
 * are followed. Two look at owners themselves, because they work on names in a
 * folder that they hold open: client/place.c (whose links are followed) and
 * client/erase.c (which names may be removed).
 *
 * Blocks: as the file system does. Thread-safe.
 */
#ifndef TRIVET_BASE_FILE_H
#define TRIVET_BASE_FILE_H

#include "base/buffer.h"
#include "base/slice.h"
#include "trivet/status.h"

/* Whose a file may be. */
enum trivet_file_owner {
    TRIVET_FILE_OURS = 0,      /* the caller's (its effective user id) alone */
    TRIVET_FILE_OURS_OR_ROOTS, /* root may read it anyway                    */
    TRIVET_FILE_ANY_OWNER
};

/* Which files are accepted. Zeroes: regular files of the caller's. */
struct trivet_file_rule {
    enum trivet_file_owner owner;
    unsigned forbidden_mode; /* permission bits; 077: all but the owner's */
    /* On a read-only mount owner and mode are not checked: who made the mount
     * (as containers get their secrets) has decided who may read there. */
    bool accepts_read_only_mount;
    bool accepts_any_kind;  /* also what is no regular file: a pipe */
    bool refuses_two_names; /* a hard link may be another program's file */
    const char *content; /* what is in the file, for err: "the private key" */
};

/*
 * Whether the open file fd is accepted. path is for err alone.
 *
 * TRIVET_E_USAGE  it is not; err says why and what to do.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_check(int fd, const char *path,
    const struct trivet_file_rule *rule, struct trivet_error *err);

/* The same by name, of a file that the caller may not be able to read. Of two
 * names nothing is known here: refuses_two_names is not looked at.
 * TRIVET_E_NOT_FOUND: there is none. What is opened later may be another file:
 * prefer trivet_file_open_private. */
TRIVET_MUST_USE enum trivet_status trivet_file_check_name(const char *path,
    const struct trivet_file_rule *rule, struct trivet_error *err);

/*
 * Opens a file for reading, if it is accepted. The caller closes *out_fd. Does
 * not wait for the other end of a pipe.
 *
 * TRIVET_E_NOT_FOUND  there is none.
 * TRIVET_E_USAGE      it cannot be opened, or is not accepted.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_open_private(const char *path,
    const struct trivet_file_rule *rule, int *out_fd, struct trivet_error *err);

/*
 * Whether a folder is the caller's, and nobody else may write in it. content:
 * what it is, for err: "the data directory".
 *
 * TRIVET_E_NOT_FOUND  it cannot be looked at; most often there is none.
 * TRIVET_E_USAGE      it is not a folder, or not the caller's alone.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_check_folder(
    const char *path, const char *content, struct trivet_error *err);

/*
 * Takes from others what they may do with the file of that name. The mode that
 * it had before, or 0 when nothing had to be taken: it is the owner's alone,
 * missing, or no regular file. *out_is_done: it is the owner's alone now.
 *
 * By name, for files that must not be opened and closed here, such as those of
 * SQLite, whose locks would be released.
 */
unsigned trivet_file_take_from_others(const char *path, bool *out_is_done);

/* Whether the open file is on a mount that nobody can write. */
bool trivet_file_is_on_read_only_mount(int fd);

/* Whether there is certainly nothing of that name. What may not be looked at,
 * as a link that the system does not let one follow, may be there. */
bool trivet_file_is_missing(const char *path);

/*
 * Appends what is left to read of fd to out, which the caller made with its
 * maximum. path is for err alone.
 *
 * TRIVET_E_LIMIT   there is more than out may hold.
 * TRIVET_E_MEMORY  out of memory.
 * TRIVET_E_USAGE   it cannot be read, such as a directory.
 * On failure out may hold a part.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_read_all(int fd,
    const char *path, struct trivet_buffer *out, struct trivet_error *err);

/* Writes all of text to fd. False: errno says why; a part may be written. */
TRIVET_MUST_USE bool trivet_file_write_all(int fd, struct trivet_slice text);

/*
 * Puts text in the place of the file at path, or makes it: temporary file
 * beside it, fsync, rename, fsync of the folder. Readers see the old text or
 * the new one, whole, also after a kill at any moment (which may leave
 * PATH.XXXXXX behind). Of several writers the last one wins. mode: its
 * permission bits, whatever the umask.
 *
 * TRIVET_E_NOT_FOUND    its folder is missing.
 * TRIVET_E_LIMIT        the path is too long.
 * TRIVET_E_UNAVAILABLE  it cannot be written; what was there is as it was.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_replace_whole(const char *path,
    struct trivet_slice text, unsigned mode, struct trivet_error *err);

/* The same for a file that must not be there yet: TRIVET_E_CONFLICT when
 * something is, which stays as it is. */
TRIVET_MUST_USE enum trivet_status trivet_file_create_whole(const char *path,
    struct trivet_slice text, unsigned mode, struct trivet_error *err);

/*
 * Puts a file that was written whole before (and was tested since) in the place
 * of the one at path, durably. Both are in one folder.
 *
 * TRIVET_E_UNAVAILABLE  it cannot be moved; what was there is as it was.
 * TRIVET_E_NOT_FOUND    there is no such file.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_move_over(
    const char *written, const char *path, struct trivet_error *err);

/*
 * For what others write, such as a library: an empty file PATH.XXXXXX beside
 * path, mode 0600, whose name is put into out. The caller removes it, or hands
 * it on to trivet_file_put_new or trivet_file_move_over.
 *
 * TRIVET_E_NOT_FOUND, TRIVET_E_LIMIT, TRIVET_E_UNAVAILABLE: as above.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_make_beside(
    const char *path, char *out, size_t cap, struct trivet_error *err);

/* Makes what was written into the file durable. No process may have locks on
 * it: they would be released. TRIVET_E_UNAVAILABLE. */
TRIVET_MUST_USE enum trivet_status trivet_file_sync(
    const char *path, struct trivet_error *err);

/* Gives a file the owner and the group of another, or else of the folder that
 * one would be in. TRIVET_E_UNAVAILABLE: that is not allowed. */
TRIVET_MUST_USE enum trivet_status trivet_file_give_to_owner(
    const char *path, const char *other, struct trivet_error *err);

/* Gives a file that was written and synced the name path, durably, if there is
 * nothing of that name: TRIVET_E_CONFLICT when there is. TRIVET_E_UNAVAILABLE:
 * it keeps its name. */
TRIVET_MUST_USE enum trivet_status trivet_file_put_new(
    const char *written, const char *path, struct trivet_error *err);

/*
 * Replaces `name` in an open folder by way of `temporary`; mode 0600. A
 * temporary file that is there was left by a process that died: it is removed,
 * so the caller must hold a lock that keeps other writers away. Durable after
 * trivet_file_sync_folder. False: errno says why, and nothing is left behind.
 */
TRIVET_MUST_USE bool trivet_file_replace_at(int folder, const char *temporary,
    const char *name, struct trivet_slice text);

/* Makes what was made, renamed or removed in an open folder durable; an O_PATH
 * descriptor will do. False: errno says why. */
TRIVET_MUST_USE bool trivet_file_sync_folder(int folder);

/* The same for a folder by its path. */
TRIVET_MUST_USE bool trivet_file_sync_folder_at(const char *path);

#endif
