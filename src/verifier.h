/*
 * verifier.h
 *	  Signed documents as they come in: taken apart, their signature checked.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_VERIFIER_H
#define KYCVS_VERIFIER_H

#include "jws.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* A document that has the form of a signed one; nothing is said about its signature. */
typedef struct KycvsSigned
{
	Jsonb	   *document;
	KycvsJws	jws;
	StringInfoData payload;		/* what was signed: its canonical form */
} KycvsSigned;

/* The steps of taking it apart, each raising KV030; the argument may be toasted. */
extern void kycvs_signed_open(Datum document, KycvsSigned *signed_document);
extern void kycvs_signed_canonicalise(KycvsSigned *signed_document);

#endif							/* KYCVS_VERIFIER_H */
