/*
 * arguments.h
 *	  From SQL arguments to a request, and from a reply to SQL results.
 *
 * An argument that can't be taken is noted in the request instead of raised:
 * the authority looks at the caller first, and refuses in that order.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_ARGUMENTS_H
#define KYCVS_ARGUMENTS_H

#include "fmgr.h"
#include "request.h"

/* Notes a bad argument, unless there is one already. */
extern void kycvs_note_bad(KycvsRequest *request, int sqlstate, const char *reason);

/*
 * A text of at most "size" - 1 bytes of UTF-8.  NULL is noted as 22004; a longer
 * one as "too_long" (22023 unless it has a code of its own).
 */
extern void kycvs_take_text(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
							char *value, size_t size, int too_long);

/* The same, where NULL is allowed; returns whether there was one. */
extern bool kycvs_take_optional_text(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
									 char *value, size_t size, int too_long);

/* The same two with 22023 for one that is too long; where NULL is allowed, an empty text is not. */
extern void kycvs_take_word(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what, char *value, size_t size);
extern bool kycvs_take_optional_word(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what, char *value, size_t size);

/* Notes 22004 for a NULL; returns whether there is a value. */
extern bool kycvs_take_given(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what);

/* A number, a small one; NULL is noted as 22004. */
extern void kycvs_take_number(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what);
extern void kycvs_take_count(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what);

/* A day, or NULL. */
extern void kycvs_take_date(KycvsRequest *request, FunctionCallInfo fcinfo, int arg);

/* The consent's jti and the digest of its canonical form; anything else is noted as KV020. */
extern void kycvs_take_consent(KycvsRequest *request, FunctionCallInfo fcinfo, int arg);

/* The names of a group; one that is NULL or too long is noted by its number. */
extern void kycvs_take_names(KycvsRequest *request, FunctionCallInfo fcinfo, int arg);

/* Texts that lie one after the other, "size" bytes each; returns how many.  None may be null or too long. */
extern int	kycvs_take_list(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
							char *values, size_t size, int most);

extern void kycvs_take_purposes(KycvsRequest *request, FunctionCallInfo fcinfo, int arg);

/* Days of 24 hours; months have no length.  False when it is far from what anybody could mean. */
extern bool kycvs_microseconds(const Interval *interval, int64 *microseconds);

/* Asks the session's registry; a refusal is raised. */
extern KycvsReply *kycvs_ask(KycvsRequest *request);

/* UTF-8 from the authority in this database's encoding. */
extern Datum kycvs_reply_text(const KycvsReply *reply);
extern Datum kycvs_reply_jsonb(const KycvsReply *reply);
extern Datum kycvs_document_jsonb(const char *document);

#endif							/* KYCVS_ARGUMENTS_H */
