/*
 * test_keyfile.c
 *	  Key files and directories on a real file system, in a directory of their
 *	  own below TMPDIR.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"
#include "tap.h"

#define SECRET "thirty-two bytes of a test's key"

static char top[MAXPGPATH];		/* the directory of these tests */
static char keys[MAXPGPATH];	/* the key directory in it */

static const char *
path_of(const char *name)
{
	static char path[2][MAXPGPATH];
	static int	turn = 0;

	turn = 1 - turn;
	snprintf(path[turn], MAXPGPATH, "%s/%s", top, name);
	return path[turn];
}

/* All is well. */
static void
expect_done(char *sentence, const char *what)
{
	if (!tap_ok(sentence == NULL, "keyfile: %s", what))
		printf("# %s\n", sentence);
	if (sentence != NULL)
		pfree(sentence);
}

/* It is refused, with a sentence that says a certain thing. */
static void
expect_refused(char *sentence, const char *saying, const char *what)
{
	tap_ok(sentence != NULL, "keyfile: refused: %s", what);
	if (sentence == NULL)
		return;
	if (!tap_ok(strstr(sentence, saying) != NULL && strstr(sentence, "thirty-two") == NULL,
				"keyfile: and said why: %s", what))
		printf("# %s\n", sentence);
	pfree(sentence);
}

/* Reads with room for 32 bytes. */
static char *
read_key(const char *name)
{
	unsigned char data[32];
	size_t		length;

	return kycvs_keyfile_read(keys, name, data, sizeof(data), &length);
}

static char *
create_key(const char *name)
{
	return kycvs_keyfile_create(keys, name, (const unsigned char *) SECRET, strlen(SECRET));
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
test_ensure(void)
{
	expect_done(kycvs_keydir_ensure(keys), "directory and parent made");
	tap_number(mode_of(keys), 0700, "keyfile: mode of the directory");
	tap_number(mode_of(path_of("parent")), 0700, "keyfile: mode of its parent");
	expect_done(kycvs_keydir_ensure(keys), "directory is there already");
	expect_done(kycvs_keydir_check(keys), "directory checked");
	expect_refused(kycvs_keydir_ensure(path_of("no/such/place")), "does not exist", "grandparent missing");
	expect_refused(kycvs_keydir_check(path_of("none")), "does not exist", "directory missing");
	expect_refused(kycvs_keydir_check("keys"), "absolute", "relative path");
	expect_refused(kycvs_keydir_ensure("/"), "absolute", "the root");
	expect_refused(kycvs_keydir_ensure(""), "absolute", "no path");
}

static void
test_long_path(void)
{
	char		path[2 * MAXPGPATH];

	memset(path, 'k', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	expect_refused(kycvs_keydir_ensure(path), "absolute", "path too long");
	expect_refused(kycvs_keydir_check(path), "absolute", "path too long to check");
	path[600] = '\0';
	expect_refused(kycvs_keydir_check(path), "could not be used", "name longer than the file system's");
}

static void
test_directory_checks(void)
{
	char		link[MAXPGPATH];

	chmod(keys, 0750);
	expect_refused(kycvs_keydir_check(keys), "0700", "directory open to the group");
	expect_refused(kycvs_keydir_ensure(keys), "0700", "directory open to the group, ensured");
	expect_refused(read_key("master.key"), "0700", "file in such a directory");
	tap_number(kycvs_keyfile_exists(keys, "master.key"), -1, "keyfile: such a directory tells nothing");
	chmod(keys, 0701);
	expect_refused(kycvs_keydir_check(keys), "0700", "directory open to the world");
	chmod(keys, 0700);

	chmod(path_of("parent"), 0770);
	expect_refused(kycvs_keydir_ensure(keys), "writable", "parent writable for the group");
	chmod(path_of("parent"), 0700);

	strlcpy(link, path_of("link"), sizeof(link));
	tap_number(symlink(keys, link), 0, "keyfile: a link to the directory");
	expect_refused(kycvs_keydir_check(link), "symbolic link", "directory is a link");
	strlcat(link, "/", sizeof(link));
	expect_refused(kycvs_keydir_check(link), "symbolic link", "directory is a link with a slash");
	expect_refused(kycvs_keydir_ensure(link), "symbolic link", "directory is a link, ensured");

	if (geteuid() == 0)
		tap_number(chown(keys, 1, -1), 0, "keyfile: directory given away");
	else
		tap_ok(true, "keyfile: the root directory is another user's");
	expect_refused(kycvs_keydir_check(geteuid() == 0 ? keys : "/"), "owned", "directory of another user");
	if (geteuid() == 0)
		tap_number(chown(keys, 0, -1), 0, "keyfile: directory taken back");
}

static void
test_create(void)
{
	unsigned char data[64];
	char		path[MAXPGPATH];
	size_t		length;
	size_t		i;
	static const char *const names[] = {"", ".", "..", "a/b", "/etc/passwd", "../master.key"};

	tap_number(kycvs_keyfile_exists(keys, "master.key"), 0, "keyfile: isn't there yet");
	expect_refused(read_key("master.key"), "does not exist", "file missing");
	expect_done(create_key("master.key"), "created");
	tap_number(kycvs_keyfile_exists(keys, "master.key"), 1, "keyfile: is there now");
	strlcpy(path, path_of("parent/keys/master.key"), sizeof(path));
	tap_number(mode_of(path), 0600, "keyfile: mode of the file");

	expect_done(kycvs_keyfile_read(keys, "master.key", data, sizeof(data), &length), "read");
	tap_ok(length == strlen(SECRET) && memcmp(data, SECRET, length) == 0, "keyfile: content comes back");
	expect_done(kycvs_keyfile_read(keys, "master.key", data, strlen(SECRET), &length), "read with room to the byte");
	tap_number(length, strlen(SECRET), "keyfile: all of it");
	expect_refused(kycvs_keyfile_read(keys, "master.key", data, strlen(SECRET) - 1, &length), "longer",
				   "file longer than expected");
	tap_number(length, 0, "keyfile: nothing read then");

	expect_refused(kycvs_keyfile_create(keys, "master.key", (const unsigned char *) "other", 5), "exists",
				   "file exists");
	expect_done(kycvs_keyfile_read(keys, "master.key", data, sizeof(data), &length), "read again");
	tap_ok(length == strlen(SECRET) && memcmp(data, SECRET, length) == 0, "keyfile: not overwritten");

	for (i = 0; i < lengthof(names); i++)
	{
		expect_refused(create_key(names[i]), "slashes", "name that leads elsewhere, created");
		expect_refused(read_key(names[i]), "slashes", "name that leads elsewhere, read");
		tap_number(kycvs_keyfile_exists(keys, names[i]), -1, "keyfile: exists refuses \"%s\"", names[i]);
	}
	expect_refused(kycvs_keyfile_create(keys, "large", data, KYCVS_KEYFILE_MAX + 1), "longer", "too much to write");
	tap_number(kycvs_keyfile_exists(keys, "large"), 0, "keyfile: nothing was made of it");
	tap_number(kycvs_keyfile_exists(path_of("none"), "a"), 0, "keyfile: nothing exists in no directory");
}

/* Overwritten before it goes: another name of the same file would show what was left. */
static void
test_destroy(void)
{
	char		path[MAXPGPATH];
	char		other[MAXPGPATH];
	char		bytes[sizeof(SECRET)];
	char		zeros[sizeof(SECRET)] = {0};
	int			fd;

	strlcpy(path, path_of("parent/keys/gone.key"), sizeof(path));
	strlcpy(other, path_of("parent/gone"), sizeof(other));
	expect_done(kycvs_keyfile_destroy(keys, "gone.key"), "nothing destroyed");
	expect_done(create_key("gone.key"), "made to be destroyed");
	fd = open(path, O_RDONLY);
	expect_done(kycvs_keyfile_destroy(keys, "gone.key"), "destroyed");
	tap_number(kycvs_keyfile_exists(keys, "gone.key"), 0, "keyfile: is gone");
	tap_number(read(fd, bytes, sizeof(bytes)), strlen(SECRET), "keyfile: as long as before");
	tap_ok(memcmp(bytes, zeros, strlen(SECRET)) == 0, "keyfile: was overwritten");
	close(fd);

	expect_refused(kycvs_keyfile_destroy(keys, "../gone"), "slashes", "name that leads elsewhere, destroyed");
	expect_refused(kycvs_keyfile_destroy(path_of("none"), "gone.key"), "does not exist", "no directory to destroy in");
	expect_done(create_key("gone.key"), "made to be read only");
	chmod(path, 0400);
	expect_done(kycvs_keyfile_destroy(keys, "gone.key"), "destroyed though read only");
	tap_number(kycvs_keyfile_exists(keys, "gone.key"), 0, "keyfile: is gone as well");
	expect_done(create_key("gone.key"), "made again");
	tap_number(link(path, other), 0, "keyfile: a second name");
	expect_refused(kycvs_keyfile_destroy(keys, "gone.key"), "hard link", "destroyed under one of two names");
	unlink(other);
	chmod(path, 0640);
	expect_refused(kycvs_keyfile_destroy(keys, "gone.key"), "0600", "destroyed while open to others");
	chmod(path, 0600);
	expect_done(read_key("gone.key"), "still there after all this");
	expect_done(kycvs_keyfile_destroy(keys, "gone.key"), "destroyed at last");
}

/* A limit on the size of files makes the write stop in the middle. */
static void
test_partial_write(void)
{
	struct rlimit unlimited;
	struct rlimit limited;
	char	   *sentence;

	getrlimit(RLIMIT_FSIZE, &unlimited);
	limited = unlimited;
	limited.rlim_cur = 8;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limited);
	sentence = create_key("partial.key");
	setrlimit(RLIMIT_FSIZE, &unlimited);
	signal(SIGXFSZ, SIG_DFL);

	expect_refused(sentence, "could not be used", "no room for the whole file");
	tap_number(kycvs_keyfile_exists(keys, "partial.key"), 0, "keyfile: the part is removed again");
}

static void
test_file_checks(void)
{
	char		path[MAXPGPATH];
	char		other[MAXPGPATH];
	static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0666};
	size_t		i;

	strlcpy(path, path_of("parent/keys/master.key"), sizeof(path));
	strlcpy(other, path_of("parent/keys/other.key"), sizeof(other));
	for (i = 0; i < lengthof(modes); i++)
	{
		chmod(path, modes[i]);
		expect_refused(read_key("master.key"), "0600", "file open to others");
	}
	chmod(path, 0400);
	expect_done(read_key("master.key"), "read-only file read");
	chmod(path, 0600);

	tap_number(link(path, other), 0, "keyfile: a hard link");
	expect_refused(read_key("master.key"), "hard link", "file with two names");
	unlink(other);
	tap_number(symlink(path, other), 0, "keyfile: a symbolic link");
	expect_refused(read_key("other.key"), "symbolic link", "file is a link");
	tap_number(kycvs_keyfile_exists(keys, "other.key"), 1, "keyfile: a link is an entry");
	unlink(other);
	tap_number(symlink("nowhere", other), 0, "keyfile: a link to nowhere");
	expect_refused(create_key("other.key"), "exists", "creating through a link");
	tap_number(access(path_of("parent/keys/nowhere"), F_OK), -1, "keyfile: nothing was made behind it");
	unlink(other);
	tap_number(mkfifo(other, 0600), 0, "keyfile: a FIFO");
	expect_refused(read_key("other.key"), "regular file", "file is a FIFO");
	unlink(other);
	tap_number(mkdir(other, 0700), 0, "keyfile: a directory");
	expect_refused(read_key("other.key"), "regular file", "file is a directory");
	rmdir(other);

	if (geteuid() == 0)
	{
		tap_number(chown(path, 1, -1), 0, "keyfile: file given away");
		expect_refused(read_key("master.key"), "owned", "file of another user");
	}
}

/* Only where the process isn't all-powerful. */
static void
test_not_permitted(void)
{
	if (geteuid() == 0)
		return;
	chmod(keys, 0500);
	expect_refused(create_key("new.key"), "could not be used", "directory without write permission");
	chmod(keys, 0700);
	tap_number(kycvs_keyfile_exists(keys, "new.key"), 0, "keyfile: nothing was left");
}

static void
remove_all(void)
{
	unlink(path_of("parent/keys/master.key"));
	unlink(path_of("link"));
	rmdir(keys);
	rmdir(path_of("parent"));
	tap_number(rmdir(top), 0, "keyfile: no stray file is left");
}

void
test_keyfile(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof(top), "%s/kycvs-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (!tap_ok(mkdtemp(top) != NULL, "keyfile: a directory for the tests"))
		return;
	strlcpy(keys, path_of("parent/keys"), sizeof(keys));

	test_ensure();
	test_long_path();
	test_directory_checks();
	test_create();
	test_destroy();
	test_partial_write();
	test_file_checks();
	test_not_permitted();
	remove_all();
}
