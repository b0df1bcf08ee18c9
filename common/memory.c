/*
 * memory.c
 *	  Memory of a process that handles other people's passwords.
 *
 * That what is freed is overwritten, whoever frees it, is in wipingfree.c.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "memory.h"

void
memory_protect(void)
{
	struct rlimit none = {0, 0};

	(void) setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__	/* its search for leaks looks into the process */
	(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static void *
must(void *data)
{
	if (data == NULL)
	{
		fputs(PROGRAM ": out of memory\n", stderr);
		_Exit(EX_OSERR);
	}
	return data;
}

void *
allocate(size_t size)
{
	return must(calloc(1, size));
}

char *
copy_text(const char *text)
{
	return must(strdup(text));
}

void
wipe_and_free(void *data, size_t size)
{
	if (data != NULL)
		explicit_bzero(data, size);
	free(data);
}
