/*
 * keyfile.h
 *	  Files that hold secrets: checked before they are read, created once.
 *
 * The functions return NULL when all is well, else a palloc'd sentence for the
 * operator that names the file and how to mend it, never its content.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEYFILE_H
#define KYCVS_KEYFILE_H

#define KYCVS_KEYFILE_MAX 4096

/*
 * Makes the directory (0700) when it is missing, its parent too, in a directory
 * that exists; checks owner and mode of one that is there.  A parent must be
 * ours or root's and not writable for others.  Syncs the parents of what it
 * made.  Paths of directories are absolute.
 */
extern char *kycvs_keydir_ensure(const char *directory);

/* A directory of ours: not a link, our owner, no group or world bits. */
extern char *kycvs_keydir_check(const char *directory);

/*
 * Reads at most "size" bytes.  The file must be a regular file of our owner
 * without group or world bits, one hard link, opened without following links.
 * The size of what was read goes to *length; a longer file is refused.
 */
extern char *kycvs_keyfile_read(const char *directory, const char *name,
								unsigned char *data, size_t size, size_t *length);

/* Creates the file (O_EXCL, 0600) with its content; file and directory are synced. */
extern char *kycvs_keyfile_create(const char *directory, const char *name,
								  const unsigned char *data, size_t length);

/*
 * Overwrites the file with zeros, removes it and syncs the directory; one that
 * is gone already is no problem.  What the disk keeps of overwritten blocks
 * (journals, flash) is out of reach.
 */
extern char *kycvs_keyfile_destroy(const char *directory, const char *name);

/*
 * 1 when there is such an entry (whatever it is), 0 when not, nor the
 * directory; -1 when one can't say, as in a directory that fails its check.
 */
extern int	kycvs_keyfile_exists(const char *directory, const char *name);

#endif							/* KYCVS_KEYFILE_H */
