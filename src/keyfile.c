/*
 * keyfile.c
 *	  Files that hold secrets: checked before they are read, created once.
 *
 * What is checked is what is used: a directory is opened first and everything
 * in it reached through its descriptor, a file is examined by fstat after it
 * was opened, and no symbolic link is followed at the last step.  So nothing
 * can be swapped between the check and the use.  Opening does not block on a
 * FIFO.
 *
 * Created files are synced always, whatever "fsync" is set to: a key that is
 * lost in a crash takes every record with it.
 *
 * A crash in the middle of creating can leave a file that is too short; it is
 * reported when it is read, and never overwritten.
 *
 * Inside, an int tells what went wrong: 0 nothing, a positive number an errno,
 * a negative one a Fault.  Words are made at the edge, after all descriptors
 * are closed, because psprintf may raise.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

typedef enum Fault
{
	FAULT_PATH = -1,
	FAULT_NAME = -2,
	FAULT_KIND = -3,			/* a link, a FIFO ... */
	FAULT_OWNER = -4,
	FAULT_MODE = -5,
	FAULT_WRITABLE = -6,		/* by others: of a parent */
	FAULT_LINKS = -7,
	FAULT_SIZE = -8
} Fault;

/* The words in which sentences about a directory and a file differ. */
typedef struct Words
{
	const char *noun;
	const char *kind;
	const char *permissions;
} Words;

static const Words of_directory = {"directory", "a directory", "u=rwx (0700)"};
static const Words of_file = {"file", "a regular file", "u=rw (0600)"};

/* The sentence for what directory and file have in common. */
static char *
explain(const Words *words, int fault, const char *path)
{
	switch (fault)
	{
		case FAULT_KIND:
			return psprintf("Key %s \"%s\" must be %s and not a symbolic link.",
							words->noun, path, words->kind);
		case FAULT_OWNER:
			return psprintf("Key %s \"%s\" must be owned by the operating-system user that runs the server.",
							words->noun, path);
		case FAULT_MODE:
			return psprintf("Key %s \"%s\" has group or world access; its permissions must be %s.",
							words->noun, path, words->permissions);
		case ENOENT:
			return psprintf("Key %s \"%s\" does not exist; restore it from its backup.",
							words->noun, path);
		default:
			errno = fault;
			return psprintf("Key %s \"%s\" could not be used: %m.", words->noun, path);
	}
}

static char *
explain_directory(int fault, const char *path)
{
	switch (fault)
	{
		case 0:
			return NULL;
		case FAULT_PATH:
			return psprintf("Key directory \"%s\" must be an absolute path of less than %d bytes.",
							path, MAXPGPATH);
		case FAULT_WRITABLE:
			return psprintf("The directory above key directory \"%s\" must be owned by the operating-system user"
							" that runs the server, or by root, and not be writable for others.", path);
		default:
			return explain(&of_directory, fault, path);
	}
}

static char *
explain_file(int fault, const char *directory, const char *name)
{
	char	   *path;
	char	   *sentence;

	if (fault == 0)
		return NULL;
	path = psprintf("%s/%s", directory, name);
	switch (fault)
	{
		case FAULT_NAME:
			sentence = psprintf("Key file \"%s\" must be named without slashes.", path);
			break;
		case FAULT_LINKS:
			sentence = psprintf("Key file \"%s\" has a second name (hard link); remove it.", path);
			break;
		case FAULT_SIZE:
			sentence = psprintf("Key file \"%s\" is longer than a key can be.", path);
			break;
		case EEXIST:
			sentence = psprintf("Key file \"%s\" exists already and is not overwritten.", path);
			break;
		default:
			sentence = explain(&of_file, fault, path);
	}
	pfree(path);
	return sentence;
}

static bool
is_plain_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL &&
		strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* A trailing slash would follow a symbolic link; the canonical form has none. */
static int
copy_path(const char *directory, char path[MAXPGPATH])
{
	if (!is_absolute_path(directory) || strlcpy(path, directory, MAXPGPATH) >= MAXPGPATH)
		return FAULT_PATH;
	canonicalize_path(path);
	return 0;
}

/* Cuts "/a/b" into "/a", in place, and "b". */
static int
split_path(char path[MAXPGPATH], char last[MAXPGPATH])
{
	char	   *slash = last_dir_separator(path);

	if (slash == NULL || slash[1] == '\0')
		return FAULT_PATH;
	strlcpy(last, slash + 1, MAXPGPATH);
	slash[slash == path ? 1 : 0] = '\0';
	return 0;
}

static int
check_ours(const struct stat *st)
{
	if (st->st_uid != geteuid())
		return FAULT_OWNER;
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return FAULT_MODE;
	return 0;
}

static int
check_file(int fd, size_t size)
{
	struct stat st;
	int			fault;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return FAULT_KIND;
	if ((fault = check_ours(&st)) != 0)
		return fault;
	if (st.st_nlink != 1)
		return FAULT_LINKS;
	return (uint64) st.st_size > size ? FAULT_SIZE : 0;
}

static int
check_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 ? errno : check_ours(&st);
}

/* Whoever may write to the parent may put another directory in the place of ours. */
static int
check_parent(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return FAULT_WRITABLE;
	return 0;
}

/* Closes the descriptor when the check of what it is failed. */
static int
keep_if(int fault, int *fd)
{
	if (fault != 0)
	{
		close(*fd);
		*fd = -1;
	}
	return fault;
}

/* Opens and checks a directory of ours; "at" is the descriptor of the one that it is in, or AT_FDCWD. */
static int
open_directory_at(int at, const char *path, int *fd)
{
	*fd = openat(at, path, DIRECTORY_FLAGS | O_NOFOLLOW);
	if (*fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? FAULT_KIND : errno;
	return keep_if(check_directory(*fd), fd);
}

static int
open_directory(const char *directory, int *fd)
{
	char		path[MAXPGPATH];
	int			fault = copy_path(directory, path);

	return fault != 0 ? fault : open_directory_at(AT_FDCWD, path, fd);
}

/* Makes a directory that isn't there, and syncs the one that it is in. */
static int
make_directory_at(int at, const char *name)
{
	if (mkdirat(at, name, S_IRWXU) != 0)
		return errno == EEXIST ? 0 : errno;
	return fsync(at) != 0 ? errno : 0;
}

/* Makes the parent in a grandparent that exists. */
static int
make_parent(const char *parent)
{
	char		above[MAXPGPATH];
	char		last[MAXPGPATH];
	int			fault;
	int			fd;

	strlcpy(above, parent, sizeof(above));
	if ((fault = split_path(above, last)) != 0)
		return fault;
	fd = open(above, DIRECTORY_FLAGS);
	if (fd < 0)
		return errno;
	fault = make_directory_at(fd, last);
	close(fd);
	return fault;
}

/* A parent may be a symbolic link of the administrator's; what counts is what it leads to. */
static int
open_parent(const char *parent, int *fd)
{
	int			fault;

	*fd = open(parent, DIRECTORY_FLAGS);
	if (*fd < 0 && errno == ENOENT)
	{
		if ((fault = make_parent(parent)) != 0)
			return fault;
		*fd = open(parent, DIRECTORY_FLAGS);
	}
	if (*fd < 0)
		return errno;
	return keep_if(check_parent(*fd), fd);
}

static int
ensure_directory(const char *directory)
{
	char		parent[MAXPGPATH];
	char		last[MAXPGPATH];
	int			fault;
	int			at;
	int			fd = -1;

	if ((fault = copy_path(directory, parent)) != 0 ||
		(fault = split_path(parent, last)) != 0 ||
		(fault = open_parent(parent, &at)) != 0)
		return fault;
	fault = make_directory_at(at, last);
	if (fault == 0)
		fault = open_directory_at(at, last, &fd);
	if (fd >= 0)
		close(fd);
	close(at);
	return fault;
}

char *
kycvs_keydir_ensure(const char *directory)
{
	return explain_directory(ensure_directory(directory), directory);
}

char *
kycvs_keydir_check(const char *directory)
{
	int			fd;
	int			fault = open_directory(directory, &fd);

	if (fault == 0)
		close(fd);
	return explain_directory(fault, directory);
}

/* Reads until the end of the file; FAULT_SIZE when it is longer than "size". */
static int
read_all(int fd, unsigned char *data, size_t size, size_t *length)
{
	unsigned char beyond;
	size_t		at = 0;

	for (;;)
	{
		ssize_t		n = at < size ? read(fd, data + at, size - at) : read(fd, &beyond, 1);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0 && at == size)
		{
			explicit_bzero(&beyond, 1);
			return FAULT_SIZE;
		}
		at += Max(n, 0);
	}
	*length = at;
	return 0;
}

static int
read_file(int at, const char *name, unsigned char *data, size_t size, size_t *length)
{
	int			fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int			fault;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? FAULT_KIND : errno;
	fault = check_file(fd, size);
	if (fault == 0)
		fault = read_all(fd, data, size, length);
	close(fd);
	return fault;
}

/* Opens the directory of a file whose name does not lead out of it; NULL, or why not. */
static char *
open_around(const char *directory, const char *name, int *at)
{
	int			fault;

	if (!is_plain_name(name))
		return explain_file(FAULT_NAME, directory, name);
	fault = open_directory(directory, at);
	return fault == 0 ? NULL : explain_directory(fault, directory);
}

char *
kycvs_keyfile_read(const char *directory, const char *name,
				   unsigned char *data, size_t size, size_t *length)
{
	int			at;
	int			fault;
	char	   *problem = open_around(directory, name, &at);

	*length = 0;
	if (problem != NULL)
		return problem;
	fault = read_file(at, name, data, size, length);
	close(at);
	if (fault != 0)
		explicit_bzero(data, size);
	return explain_file(fault, directory, name);
}

static int
write_all(int fd, const unsigned char *data, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		ssize_t		n = write(fd, data + at, length - at);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n == 0)
			return ENOSPC;
		at += Max(n, 0);
	}
	return fsync(fd) != 0 ? errno : 0;
}

/* A file that could not be written whole and synced is removed again. */
static int
create_file(int at, const char *name, const unsigned char *data, size_t length)
{
	int			fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int			fault;

	if (fd < 0)
		return errno;
	fault = write_all(fd, data, length);
	if (close(fd) != 0 && fault == 0)
		fault = errno;
	if (fault == 0 && fsync(at) != 0)
		fault = errno;
	if (fault != 0)
	{
		(void) unlinkat(at, name, 0);
		(void) fsync(at);
	}
	return fault;
}

char *
kycvs_keyfile_create(const char *directory, const char *name,
					 const unsigned char *data, size_t length)
{
	int			at;
	int			fault;
	char	   *problem;

	if (length > KYCVS_KEYFILE_MAX)
		return explain_file(FAULT_SIZE, directory, name);
	problem = open_around(directory, name, &at);
	if (problem != NULL)
		return problem;
	fault = create_file(at, name, data, length);
	close(at);
	return explain_file(fault, directory, name);
}

static int
overwrite(int fd)
{
	static const unsigned char zeros[KYCVS_KEYFILE_MAX];
	struct stat st;
	int			fault = check_file(fd, KYCVS_KEYFILE_MAX);

	if (fault != 0)
		return fault;
	if (fstat(fd, &st) != 0)
		return errno;
	return write_all(fd, zeros, Min(st.st_size, KYCVS_KEYFILE_MAX));
}

/* A file of ours that only its owner may read, and nobody write, is made writable. */
static int
open_to_write(int at, const char *name, int *fd)
{
	const int	flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int			fault;

	*fd = openat(at, name, O_WRONLY | flags);
	if (*fd >= 0 || errno != EACCES)
		return *fd >= 0 ? 0 : errno;
	*fd = openat(at, name, O_RDONLY | flags);
	if (*fd < 0)
		return errno;
	fault = check_file(*fd, KYCVS_KEYFILE_MAX);
	if (fault == 0 && fchmod(*fd, S_IRUSR | S_IWUSR) != 0)
		fault = errno;
	close(*fd);
	if (fault != 0)
		return fault;
	*fd = openat(at, name, O_WRONLY | flags);
	return *fd >= 0 ? 0 : errno;
}

static int
destroy_file(int at, const char *name)
{
	int			fd;
	int			fault = open_to_write(at, name, &fd);

	if (fault != 0)
		return fault == ENOENT ? 0 : fault == ELOOP || fault == ENXIO ? FAULT_KIND : fault;
	fault = overwrite(fd);
	if (close(fd) != 0 && fault == 0)
		fault = errno;
	if (fault == 0 && (unlinkat(at, name, 0) != 0 || fsync(at) != 0))
		fault = errno;
	return fault;
}

char *
kycvs_keyfile_destroy(const char *directory, const char *name)
{
	int			at;
	int			fault;
	char	   *problem = open_around(directory, name, &at);

	if (problem != NULL)
		return problem;
	fault = destroy_file(at, name);
	close(at);
	return explain_file(fault, directory, name);
}

int
kycvs_keyfile_exists(const char *directory, const char *name)
{
	struct stat st;
	int			at;
	int			fault;

	if (!is_plain_name(name))
		return -1;
	if ((fault = open_directory(directory, &at)) != 0)
		return fault == ENOENT ? 0 : -1;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fault = 0;
	else
		fault = errno;
	close(at);
	if (fault == 0)
		return 1;
	return fault == ENOENT ? 0 : -1;
}
