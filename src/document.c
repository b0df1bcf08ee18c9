/*
 * document.c
 *	  The three kinds of signed document, from typed fields.
 *
 * A document is a list of claims, and its canonical form is what is signed;
 * nothing that a caller formatted gets into it.  Design section 7 lists the
 * claims; a document has those and no other, but for a group's: its receipt
 * says how many persons it names, its consent lists them.  An answer is always
 * about one person, and looks the same wherever it comes from.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "document.h"
#include "jcs.h"
#include "jws.h"
#include "limits.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "vault.h"

static void
add_time(KycvsClaims *claims, const char *name, TimestampTz time)
{
	kycvs_claim_number(claims, name, kycvs_clock_epoch(time));
}

static void
add_uuid(KycvsClaims *claims, const char *name, const pg_uuid_t *id)
{
	kycvs_claim_text(claims, name, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))));
}

static void
add_date(KycvsClaims *claims, const char *name, DateADT date)
{
	kycvs_claim_text(claims, name, kycvs_clock_day_text(date));
}

static void
add_hex(KycvsClaims *claims, const char *name, const uint8 *data, size_t length)
{
	char	   *hex = palloc(length * 2 + 1);

	hex_encode((const char *) data, length, hex);
	hex[length * 2] = '\0';
	kycvs_claim_text(claims, name, hex);
}

static void
add_base64url(KycvsClaims *claims, const char *name, const uint8 *data, size_t length)
{
	StringInfoData encoded;

	initStringInfo(&encoded);
	kycvs_base64url_append(&encoded, data, length);
	kycvs_claim_text(claims, name, encoded.data);
}

/* SHA-256 of jti, a line feed and the NFC form of the name as typed. */
static bool
add_name(KycvsClaims *claims, const pg_uuid_t *jti, const char *name)
{
	StringInfoData input;
	char		nfc[KYCVS_FOLDED_MAX + 1];
	uint8		digest[KYCVS_DIGEST_LENGTH];
	bool		hashed;

	if (!kycvs_name_nfc(name, nfc, sizeof(nfc)))
		return false;
	initStringInfo(&input);
	appendStringInfo(&input, "%s\n%s",
					 DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(jti))), nfc);
	hashed = kycvs_sha256(input.data, input.len, digest);
	explicit_bzero(nfc, sizeof(nfc));
	explicit_bzero(input.data, input.len);
	if (hashed)
		add_hex(claims, "name_sha256", digest, sizeof(digest));
	return hashed;
}

/* Who a document is about. */
static bool
add_person(KycvsClaims *claims, const pg_uuid_t *jti, const KycvsNamed *named)
{
	add_base64url(claims, "sub", named->sub, sizeof(named->sub));
	return add_name(claims, jti, named->name);
}

static bool
add_persons(KycvsClaims *claims, const pg_uuid_t *jti, const KycvsGroup *group)
{
	StringInfoData persons;
	int			i;

	initStringInfo(&persons);
	for (i = 0; i < group->n; i++)
	{
		KycvsClaims person = {0};

		appendStringInfoChar(&persons, i == 0 ? '[' : ',');
		kycvs_claim_number(&person, "n", group->named[i].n);
		if (!add_person(&person, jti, &group->named[i]) || !kycvs_jcs_claims(&person, &persons))
			return false;
	}
	appendStringInfoChar(&persons, ']');
	kycvs_claim_canonical(claims, "persons", persons.data);
	return true;
}

/* Of a group always as a list, also when it is of one. */
static bool
add_subject(KycvsClaims *claims, const KycvsConsent *consent, const KycvsGroup *group)
{
	if (consent->persons > 0)
		return add_persons(claims, &consent->jti, group);
	return add_person(claims, &consent->jti, &group->named[0]);
}

/* The claims that every document has. */
static void
add_common(KycvsClaims *claims, const KycvsEntity *entity, const KycvsPurpose *purpose,
		   const pg_uuid_t *jti, TimestampTz issued, TimestampTz expires, const char *reference)
{
	kycvs_claim_text(claims, "iss", kycvs_vault_issuer());
	kycvs_claim_text(claims, "aud", entity->code);
	add_uuid(claims, "jti", jti);
	add_time(claims, "iat", issued);
	add_time(claims, "exp", expires);
	kycvs_claim_text(claims, "purpose", purpose->code);
	if (reference != NULL)
		kycvs_claim_text(claims, "reference", reference);
}

/* Signs the claims and appends them with their "jws". */
static bool
sign(StringInfo out, KycvsType type, KycvsClaims *claims, uint8 *digest)
{
	KycvsJws	jws = {0};
	StringInfoData payload;
	StringInfoData input;

	initStringInfo(&payload);
	initStringInfo(&input);
	jws.header.alg = kycvs_vault_alg();
	jws.header.type = type;
	strlcpy(jws.header.kid, kycvs_vault_kid(), sizeof(jws.header.kid));
	if (!kycvs_jcs_claims(claims, &payload))
		return false;
	kycvs_jws_signing_input(&input, &jws.header, payload.data, payload.len);
	if (!kycvs_vault_sign(input.data, input.len, jws.signature))
		return false;
	if (digest != NULL && !kycvs_sha256(payload.data, payload.len, digest))
		return false;
	appendBinaryStringInfo(out, payload.data, payload.len - 1);
	appendStringInfoString(out, ",\"jws\":\"");
	kycvs_jws_append_detached(out, &jws);
	appendStringInfoString(out, "\"}");
	return true;
}

bool
kycvs_document_receipt(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
					   const KycvsChallenge *challenge, const char *e164, const char *notice)
{
	KycvsClaims claims = {0};
	char		masked[11];
	int			pause = kycvs_limits_resend_pause(challenge->resends);

	kycvs_mobile_mask(e164, masked);
	add_common(&claims, entity, purpose, &challenge->binding.challenge, challenge->sent_at, challenge->expires_at,
			   challenge->has_reference ? challenge->reference : NULL);
	kycvs_claim_text(&claims, "mobile", masked);
	kycvs_claim_text(&claims, "notice", notice);
	if (challenge->persons > 0)
		kycvs_claim_number(&claims, "group", challenge->persons);
	if (challenge->has_travel_date)
		add_date(&claims, "travel_date", challenge->travel_date);
	if (pause >= 0)
		add_time(&claims, "resend_after", challenge->sent_at + pause * USECS_PER_SEC);
	kycvs_claim_number(&claims, "attempts", KYCVS_TRIES - challenge->tries);
	return sign(out, KYCVS_TYPE_OTP, &claims, NULL);
}

bool
kycvs_document_consent(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
					   const KycvsConsent *consent, const KycvsGroup *group, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	KycvsClaims claims = {0};

	add_common(&claims, entity, purpose, &consent->jti, consent->issued_at, consent->expires_at,
			   consent->has_reference ? consent->reference : NULL);
	if (!add_subject(&claims, consent, group))
		return false;
	add_uuid(&claims, "txn", &consent->challenge);
	add_hex(&claims, "notice_sha256", consent->notice_sha256, sizeof(consent->notice_sha256));
	if (consent->has_travel_date)
		add_date(&claims, "travel_date", consent->travel_date);
	kycvs_claim_number(&claims, "uses", consent->uses);
	return sign(out, KYCVS_TYPE_CONSENT, &claims, digest);
}

static const char *
name_match(KycvsMatch match)
{
	switch (match)
	{
		case KYCVS_MATCH_EXACT:
			return "exact";
		case KYCVS_MATCH_VARIANT:
			return "variant";
		case KYCVS_MATCH_NONE:
			break;
	}
	return "none";
}

bool
kycvs_document_answer(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
					  const KycvsConsent *consent, const KycvsNamed *named, const KycvsAnswer *answer)
{
	KycvsClaims claims = {0};

	add_common(&claims, entity, purpose, &answer->jti, answer->issued_at, answer->expires_at,
			   consent->has_reference ? consent->reference : NULL);
	if (!add_person(&claims, &answer->jti, named))
		return false;
	kycvs_claim_number(&claims, "status", answer->status);
	add_date(&claims, "as_of", answer->as_of);
	kycvs_claim_text(&claims, "rules", answer->rules);
	kycvs_claim_text(&claims, "match", name_match(named->choice.match));
	add_uuid(&claims, "consent", &consent->jti);
	return sign(out, KYCVS_TYPE_STATUS, &claims, NULL);
}
