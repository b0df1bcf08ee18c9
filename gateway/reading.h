/*
 * reading.h
 *	  JSON, read strictly: what clients send, and what the registry answers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_READING_H
#define GATEWAY_READING_H

#include <stdbool.h>

#include "buffer.h"

typedef enum MemberKind
{
	MEMBER_TEXT,
	MEMBER_NAMES,				/* 1 to 6 texts; its value is an array of SQL */
	MEMBER_DATE,				/* YYYY-MM-DD */
	MEMBER_UUID,
	MEMBER_BOOLEAN,				/* "true" or "false" */
	MEMBER_DOCUMENT				/* an object, or its compact form as a text */
} MemberKind;

typedef struct Member
{
	const char *name;
	MemberKind	kind;
	bool		required;
} Member;

/*
 * Reads an object with these members and no others into a value each, which the
 * caller frees; NULL is one that is not there or null.  0, or HTTP's status with
 * the reason in "problem".
 */
extern int	reading_members(const char *text, size_t length, const Member *members, int n, char **values, Buffer *problem);

/* A text that is a value of one of these kinds. */
extern bool reading_is_date(const char *text);
extern bool reading_is_uuid(const char *text);
extern bool reading_is_compact(const char *text);

/* ---- a document of the registry ---- */

typedef struct Reading Reading;

/* NULL unless it is an object. */
extern Reading *reading_open(const char *text);
extern void reading_close(Reading *reading);

/* Empty, or the default, when there is none of this type. */
extern const char *reading_text(const Reading *reading, const char *name);
extern long reading_number(const Reading *reading, const char *name, long otherwise);

/* Calls for each member that is a text. */
extern void reading_each(const Reading *reading, void (*callback) (const char *name, const char *text, void *arg), void *arg);

#endif							/* GATEWAY_READING_H */
