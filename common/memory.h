/*
 * memory.h
 *	  Memory of a process that handles other people's passwords.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stddef.h>

/* No core file, and no look into the process by others of the same user. */
extern void memory_protect(void);

/* Zeroed; the program ends when there is no memory. */
extern void *allocate(size_t size);
extern char *copy_text(const char *text);

extern void wipe_and_free(void *data, size_t size);

#endif							/* COMMON_MEMORY_H */
