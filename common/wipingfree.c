/*
 * wipingfree.c
 *	  The allocator of the whole process: what is freed is overwritten first.
 *
 * The text of a message passes through libpq, libcurl and OpenSSL, each of which
 * copies it into memory of its own and frees that without a thought.  Here all
 * of them get an allocator that forgets.  It is glibc's, which lets a program
 * replace these functions and exports its own under other names.
 *
 * M_PERTURB would be less to write, but spares the small blocks that glibc
 * keeps in its caches for each thread.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#ifndef __GLIBC__
#error "this program needs glibc, whose allocator it extends"
#endif

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void __libc_free(void *block);

void *
malloc(size_t size)
{
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return __libc_calloc(n, size);
}

void
free(void *block)
{
	if (block == NULL)
		return;
	explicit_bzero(block, malloc_usable_size(block));
	__libc_free(block);
}

/* Never in place, unless it fits; glibc's would free the old block without this file. */
void *
realloc(void *block, size_t size)
{
	size_t		old = block != NULL ? malloc_usable_size(block) : 0;
	void	   *larger;

	if (block != NULL && size == 0)
	{
		free(block);
		return NULL;
	}
	if (size <= old && size >= old / 2)
	{
		explicit_bzero((char *) block + size, old - size);
		return block;
	}
	larger = __libc_malloc(size);
	if (larger != NULL && block != NULL)
	{
		memcpy(larger, block, old < size ? old : size);
		free(block);
	}
	return larger;
}
