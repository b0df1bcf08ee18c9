/*
 * program.c
 *	  How a program begins, hears signals, and says that it cannot.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "memory.h"
#include "program.h"

static LoopEvent *on_term;
static LoopEvent *on_int;
static LoopEvent *on_hangup;

/* What is opened later would else be standard error, and be written to. */
static void
open_standard_files(void)
{
	int			fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void
program_begin(void)
{
	open_standard_files();
	memory_protect();
	signal(SIGPIPE, SIG_IGN);
	umask(S_IRWXG | S_IRWXO);
}

int
program_complain(const char *what, int status)
{
	fprintf(stderr, PROGRAM ": %s\n", what);
	if (status == EX_USAGE)
		fputs("Try \"" PROGRAM " --help\".\n", stderr);
	return status;
}

bool
program_tell(const CommonSettings *settings, const char *usage)
{
	if (settings->help)
		fputs(usage, stdout);
	else if (settings->version)
		puts(PROGRAM " " KYCVS_VERSION);
	return settings->help || settings->version;
}

void
program_raise_limit_of_files(int wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t) wanted)
		return;
	limit.rlim_cur = limit.rlim_max < (rlim_t) wanted ? limit.rlim_max : (rlim_t) wanted;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

void
program_watch_signals(LoopCallback stop, LoopCallback reload)
{
	on_term = loop_signal(SIGTERM, stop, NULL);
	on_int = loop_signal(SIGINT, stop, NULL);
	on_hangup = loop_signal(SIGHUP, reload, NULL);
}

void
program_unwatch_signals(void)
{
	loop_remove(on_term);
	loop_remove(on_int);
	loop_remove(on_hangup);
}
