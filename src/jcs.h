/*
 * jcs.h
 *	  Canonical JSON (RFC 8785) from jsonb or from claims, and the profile of
 *	  signed documents.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_JCS_H
#define KYCVS_JCS_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#define KYCVS_DOCUMENT_MAX	65536	/* bytes of a canonical document */
#define KYCVS_DOCUMENT_DEPTH 16
#define KYCVS_CLAIMS_MAX	24

/* The claims of a document that is being made: names in ASCII, texts in UTF-8, all of it kept by who adds it. */
typedef struct KycvsClaim
{
	const char *name;
	const char *text;			/* NULL: a number */
	int64		number;
	bool		canonical;		/* the text is JSON in its canonical form */
} KycvsClaim;

typedef struct KycvsClaims
{
	int			n;
	KycvsClaim	claims[KYCVS_CLAIMS_MAX];
} KycvsClaims;

/*
 * Appends the canonical form of "root" to "out".  Members are sorted by UTF-16
 * code units, numbers printed as ECMAScript does (shortest digits that round
 * trip; every jsonb number is first rounded to an IEEE 754 double, section
 * 3.2.2.3).  Returns NULL, or why it cannot be done: a constant sentence
 * without the document's content ("number out of range" ...).
 */
extern const char *kycvs_jcs(JsonbContainer *root, StringInfo out);

/*
 * The same for a signed document: a top-level object, its member "jws" left
 * out, and the profile enforced: printable-ASCII member names, integers only
 * (scale 0, within +-(2^53-1)), strings without control characters, depth at
 * most 16, 64 kB.
 */
extern const char *kycvs_jcs_document(JsonbContainer *root, StringInfo out);

/* Replaces text in the database's encoding by the same in UTF-8; returns NULL, or why it cannot be done. */
extern const char *kycvs_to_utf8(char **text, int *length);

/* The same for claims that are not jsonb yet; sorts them.  False when they break the profile. */
extern void kycvs_claim_text(KycvsClaims *claims, const char *name, const char *text);
extern void kycvs_claim_number(KycvsClaims *claims, const char *name, int64 number);
extern void kycvs_claim_canonical(KycvsClaims *claims, const char *name, const char *json);	/* made of kycvs_jcs_claims */
extern bool kycvs_jcs_claims(KycvsClaims *claims, StringInfo out);

#endif							/* KYCVS_JCS_H */
