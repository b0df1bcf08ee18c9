/*
 * once.h
 *	  Idempotency-Key: which requests have come before, and what they were answered.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_ONCE_H
#define GATEWAY_ONCE_H

#include "buffer.h"
#include "digest.h"
#include "problem.h"

typedef enum OnceState
{
	ONCE_TO_ASK,				/* has not come in the last ten minutes, or its answer was not final */
	ONCE_OTHER,					/* by this name came another path or body */
	ONCE_RUNNING,				/* is being answered */
	ONCE_ANSWERED
} OnceState;

/* Whoever sent this under which name. */
typedef struct OnceName
{
	uint8_t		digest[DIGEST_LENGTH];
} OnceName;

/* What the owner of this API key sends under this text; when it is to be asked, one of the next two must follow. */
extern OnceState once_begin(const char *api_key, const char *text, const char *path, const Buffer *body, OnceName *name);

/* The answer: a document, or else a problem.  It is kept when it would be the same later. */
extern void once_end(const OnceName *name, const char *document, const Problem *problem);

/* The answer may not be kept. */
extern void once_ask_again(const OnceName *name);

/* Of one that is answered: its document or, when that is NULL, the problem. */
extern const char *once_answer(const OnceName *name, Problem *problem);

extern void once_forget(void);

#endif							/* GATEWAY_ONCE_H */
