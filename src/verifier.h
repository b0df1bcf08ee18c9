/*
 * verifier.h
 *	  Signed documents as they come in: taken apart, their signature checked.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_VERIFIER_H
#define KYCVS_VERIFIER_H

#include "jws.h"
#include "keysource.h"
#include "lib/stringinfo.h"
#include "refusal.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* A document that has the form of a signed one; nothing is said about its signature. */
typedef struct KycvsSigned
{
	Jsonb	   *document;
	KycvsJws	jws;
	StringInfoData payload;		/* what was signed: its canonical form */
} KycvsSigned;

/* What a document must be; texts are in the database's encoding. */
typedef struct KycvsExpected
{
	const text *audience;
	const text *reference;		/* NULL: the document must have none */
	const text *name;			/* NULL: any */
	KycvsType	type;
	TimestampTz at;
} KycvsExpected;

/*
 * Whether it is all that, and signed.  False: why not, KV030 to KV034 (or KV050,
 * when there is nobody to ask for keys).  Raises only what is not the document's fault.
 */
extern bool kycvs_document_check(Datum document, const KycvsExpected *expected, KycvsKeyBook *book,
								 KycvsSigned *signed_document, KycvsRefusal *refusal);
extern bool kycvs_document_check_seal(Datum document, KycvsKeyBook *book,
									  KycvsSigned *signed_document, KycvsRefusal *refusal);	/* signed, nothing else */
extern Datum kycvs_signed_claims(const KycvsSigned *signed_document);
extern bool kycvs_signed_text(const KycvsSigned *signed_document, const char *name, JsonbValue *value);
extern bool kycvs_signed_number(const KycvsSigned *signed_document, const char *name, int64 *number);

/* The steps of taking it apart, each raising KV030; the argument may be toasted. */
extern void kycvs_signed_open(Datum document, KycvsSigned *signed_document);
extern void kycvs_signed_canonicalise(KycvsSigned *signed_document);

#endif							/* KYCVS_VERIFIER_H */
