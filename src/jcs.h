/*
 * jcs.h
 *	  Canonical JSON (RFC 8785) from jsonb, and the profile of signed documents.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_JCS_H
#define KYCVS_JCS_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#define KYCVS_DOCUMENT_MAX	65536	/* bytes of a canonical document */
#define KYCVS_DOCUMENT_DEPTH 16

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

#endif							/* KYCVS_JCS_H */
