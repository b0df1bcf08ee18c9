/*
 * document.h
 *	  The three kinds of signed document, from typed fields.
 *
 * Each appends the document as JSON text (UTF-8) to "out" and returns false
 * when it could not be made: the signing key fails, or a field breaks the
 * profile.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_DOCUMENT_H
#define KYCVS_DOCUMENT_H

#include "group.h"
#include "registry.h"

extern bool kycvs_document_receipt(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
								   const KycvsChallenge *challenge, const char *e164, const char *notice);

/* The names must be unsealed.  The digest is of the canonical form; it is what kycvs_status recognises a consent by. */
extern bool kycvs_document_consent(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
								   const KycvsConsent *consent, const KycvsGroup *group,
								   uint8 digest[KYCVS_DIGEST_LENGTH]);

extern bool kycvs_document_answer(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
								  const KycvsConsent *consent, const KycvsNamed *named, const KycvsAnswer *answer);

#endif							/* KYCVS_DOCUMENT_H */
