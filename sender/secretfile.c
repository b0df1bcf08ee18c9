/*
 * secretfile.c
 *	  Small files that hold a secret each, in a directory for them.
 *
 * What is checked is what is used: the directory is opened first and its files
 * through it, and a file is examined after it was opened.  A file must be a
 * regular one, no link, ours and closed to group and world; or root's, closed to
 * the world and not writable for its group, which is what PostgreSQL allows for
 * its key too and how systemd hands over credentials.
 *
 * A line feed at the end is an editor's, not the secret's.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secretfile.h"

#define SECRET_MAX	4096

static bool
fail(Buffer *problem, const char *directory, const char *name, const char *what)
{
	buffer_format(problem, "\"%s%s%s\" %s", directory, *name != '\0' ? "/" : "", name, what);
	return false;
}

/* What is wrong with a file, or NULL. */
static const char *
fault_of(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid == geteuid())
		return (st->st_mode & (S_IRWXG | S_IRWXO)) != 0 ? "has group or world access; its permissions must be u=rw (0600) or less" : NULL;
	if (st->st_uid != 0)
		return "is owned neither by the user that runs kycvs-sender nor by root";
	if ((st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0)
		return "is root's and must have permissions u=rw,g=r (0640) or less";
	return st->st_size > SECRET_MAX ? "is longer than a secret can be" : NULL;
}

static int
open_directory(const char *directory, Buffer *problem)
{
	int			fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		fail(problem, directory, "", strerror(errno));
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		fail(problem, directory, "", "is owned neither by the user that runs kycvs-sender nor by root");
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fail(problem, directory, "", "can be written to by others");
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
secretfile_check_directory(const char *directory, Buffer *problem)
{
	int			fd = open_directory(directory, problem);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool
is_plain_name(const char *name)
{
	return *name != '\0' && *name != '.' && strchr(name, '/') == NULL;
}

/* Returns an errno. */
static int
read_all(int fd, Buffer *secret)
{
	char		bytes[SECRET_MAX];
	ssize_t		n;

	do
	{
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			buffer_add(secret, bytes, n);
	} while ((n > 0 && secret->length <= SECRET_MAX) || (n < 0 && errno == EINTR));
	explicit_bzero(bytes, sizeof(bytes));
	return n < 0 ? errno : 0;
}

static const char *
fault_of_content(const Buffer *secret)
{
	if (secret->length == 0)
		return "is empty";
	if (secret->length > SECRET_MAX)
		return "is longer than a secret can be";
	return memchr(secret->data, '\0', secret->length) != NULL ? "holds a zero byte" : NULL;
}

/* What is wrong, or NULL. */
static const char *
read_checked(int fd, Buffer *secret)
{
	struct stat st;
	const char *fault;
	int			error;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if ((fault = fault_of(&st)) != NULL)
		return fault;
	if ((error = read_all(fd, secret)) != 0)
		return strerror(error);
	if (secret->length > 0 && secret->data[secret->length - 1] == '\n')
		secret->data[--secret->length] = '\0';
	return fault_of_content(secret);
}

bool
secretfile_read(const char *directory, const char *name, Buffer *secret, Buffer *problem)
{
	const char *fault;
	int			at;
	int			fd;

	if (!is_plain_name(name))
		return fail(problem, directory, name, "is not a bare file name");
	if ((at = open_directory(directory, problem)) < 0)
		return false;
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fault = errno == ELOOP ? "is a symbolic link" : strerror(errno);
	else
		fault = read_checked(fd, secret);
	close(at);
	if (fd >= 0)
		close(fd);
	if (fault == NULL)
		return true;
	buffer_wipe(secret);
	return fail(problem, directory, name, fault);
}

static bool
write_all(int fd, const Buffer *secret)
{
	size_t		at = 0;

	while (at < secret->length)
	{
		ssize_t		n = write(fd, secret->data + at, secret->length - at);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
	}
	return fsync(fd) == 0;
}

static bool
write_new(int at, const char *name, const Buffer *secret)
{
	int			fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	bool		good = fd >= 0 && write_all(fd, secret);

	if (fd >= 0)
		close(fd);
	return good;
}

/* Under another name first: nobody finds half a secret, and of two who make one both find the same. */
static bool
create(int at, const char *name, const Buffer *secret)
{
	Buffer		other = {0};
	bool		good;
	int			error;

	buffer_format(&other, "%s.%ld", name, (long) getpid());
	good = write_new(at, other.data, secret) && (linkat(at, other.data, at, name, 0) == 0 || errno == EEXIST);
	error = errno;
	(void) unlinkat(at, other.data, 0);
	buffer_wipe(&other);
	errno = error;
	return good;
}

bool
secretfile_create(const char *directory, const char *name, const Buffer *secret, Buffer *problem)
{
	int			at = open_directory(directory, problem);
	struct stat st;
	bool		good;

	if (at < 0)
		return false;
	good = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || create(at, name, secret);
	if (!good)
		fail(problem, directory, name, strerror(errno));
	close(at);
	return good;
}

bool
secretfile_may_create(const char *directory, const char *name)
{
	Buffer		problem = {0};
	int			at = open_directory(directory, &problem);
	struct stat st;
	bool		may = at >= 0 && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
		faccessat(at, ".", W_OK | X_OK, AT_EACCESS) == 0;

	if (at >= 0)
		close(at);
	buffer_wipe(&problem);
	return may;
}
