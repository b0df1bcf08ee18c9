/*
 * secretfile.h
 *	  Small files that hold a secret each, in a directory for them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_SECRETFILE_H
#define SENDER_SECRETFILE_H

#include <stdbool.h>

#include "buffer.h"

/* The sender's own, by which it knows receipts; no route may name it. */
#define SECRETFILE_RECEIPT_KEY	"receipt.key"

/* Each false with the reason, a sentence with the path, appended to "problem". */
extern bool secretfile_check_directory(const char *directory, Buffer *problem);
extern bool secretfile_read(const char *directory, const char *name, Buffer *secret, Buffer *problem);

/* Makes a file for the owner alone, all of it at once; one that is there already stays as it is. */
extern bool secretfile_create(const char *directory, const char *name, const Buffer *secret, Buffer *problem);

/* Whether there is no such file, and one could be made. */
extern bool secretfile_may_create(const char *directory, const char *name);

#endif							/* SENDER_SECRETFILE_H */
