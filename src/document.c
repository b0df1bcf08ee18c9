/*
 * document.c
 *	  The three kinds of signed document, from typed fields.
 *
 * A document is built as jsonb, member by member, and its canonical form is
 * what is signed; nothing that a caller formatted gets into it.  Design
 * section 7 lists the claims; a document has those and no other.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "document.h"
#include "jcs.h"
#include "jws.h"
#include "limits.h"
#include "member.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "vault.h"

static void
add_time(JsonbParseState **state, const char *name, TimestampTz time)
{
	kycvs_push_number(state, name, kycvs_clock_epoch(time));
}

static void
add_uuid(JsonbParseState **state, const char *name, const pg_uuid_t *id)
{
	kycvs_push_text(state, name, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))));
}

static void
add_date(JsonbParseState **state, const char *name, DateADT date)
{
	int			year,
				month,
				day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	kycvs_push_text(state, name, psprintf("%04d-%02d-%02d", year, month, day));
}

static void
add_hex(JsonbParseState **state, const char *name, const uint8 *data, size_t length)
{
	char	   *hex = palloc(length * 2 + 1);

	hex_encode((const char *) data, length, hex);
	hex[length * 2] = '\0';
	kycvs_push_text(state, name, hex);
}

static void
add_base64url(JsonbParseState **state, const char *name, const uint8 *data, size_t length)
{
	StringInfoData encoded;

	initStringInfo(&encoded);
	kycvs_base64url_append(&encoded, data, length);
	kycvs_push_text(state, name, encoded.data);
}

/* SHA-256 of jti, a line feed and the NFC form of the name as typed. */
static bool
add_name(JsonbParseState **state, const pg_uuid_t *jti, const char *name)
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
		add_hex(state, "name_sha256", digest, sizeof(digest));
	return hashed;
}

/* The claims that every document has. */
static void
add_common(JsonbParseState **state, const KycvsEntity *entity, const KycvsPurpose *purpose,
		   const pg_uuid_t *jti, TimestampTz issued, TimestampTz expires, const char *reference)
{
	kycvs_push_text(state, "iss", kycvs_vault_issuer());
	kycvs_push_text(state, "aud", entity->code);
	add_uuid(state, "jti", jti);
	add_time(state, "iat", issued);
	add_time(state, "exp", expires);
	kycvs_push_text(state, "purpose", purpose->code);
	if (reference != NULL)
		kycvs_push_text(state, "reference", reference);
}

/* Signs the claims and appends them with their "jws". */
static bool
sign(StringInfo out, KycvsType type, JsonbParseState **state, uint8 *digest)
{
	Jsonb	   *claims = JsonbValueToJsonb(pushJsonbValue(state, WJB_END_OBJECT, NULL));
	KycvsJws	jws = {0};
	StringInfoData payload;
	StringInfoData input;

	initStringInfo(&payload);
	initStringInfo(&input);
	jws.header.alg = kycvs_vault_alg();
	jws.header.type = type;
	strlcpy(jws.header.kid, kycvs_vault_kid(), sizeof(jws.header.kid));
	if (kycvs_jcs_document(&claims->root, &payload) != NULL)
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
	JsonbParseState *state = NULL;
	char		masked[11];
	int			pause = kycvs_limits_resend_pause(challenge->resends);

	kycvs_mobile_mask(e164, masked);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	add_common(&state, entity, purpose, &challenge->binding.challenge, challenge->sent_at, challenge->expires_at,
			   challenge->has_reference ? challenge->reference : NULL);
	kycvs_push_text(&state, "mobile", masked);
	kycvs_push_text(&state, "notice", notice);
	if (challenge->has_travel_date)
		add_date(&state, "travel_date", challenge->travel_date);
	if (pause >= 0)
		add_time(&state, "resend_after", challenge->sent_at + pause * USECS_PER_SEC);
	kycvs_push_number(&state, "attempts", KYCVS_TRIES - challenge->tries);
	return sign(out, KYCVS_TYPE_OTP, &state, NULL);
}

bool
kycvs_document_consent(StringInfo out, const KycvsEntity *entity, const KycvsPurpose *purpose,
					   const KycvsConsent *consent, const char *name, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	add_common(&state, entity, purpose, &consent->jti, consent->issued_at, consent->expires_at,
			   consent->has_reference ? consent->reference : NULL);
	add_base64url(&state, "sub", consent->sub, sizeof(consent->sub));
	if (!add_name(&state, &consent->jti, name))
		return false;
	add_uuid(&state, "txn", &consent->challenge);
	add_hex(&state, "notice_sha256", consent->notice_sha256, sizeof(consent->notice_sha256));
	if (consent->has_travel_date)
		add_date(&state, "travel_date", consent->travel_date);
	kycvs_push_number(&state, "uses", consent->uses);
	return sign(out, KYCVS_TYPE_CONSENT, &state, digest);
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
					  const KycvsConsent *consent, const KycvsAnswer *answer, const char *name)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	add_common(&state, entity, purpose, &answer->jti, answer->issued_at, answer->expires_at,
			   consent->has_reference ? consent->reference : NULL);
	add_base64url(&state, "sub", consent->sub, sizeof(consent->sub));
	if (!add_name(&state, &answer->jti, name))
		return false;
	kycvs_push_number(&state, "status", answer->status);
	add_date(&state, "as_of", answer->as_of);
	kycvs_push_text(&state, "rules", answer->rules);
	kycvs_push_text(&state, "match", name_match(consent->match));
	add_uuid(&state, "consent", &consent->jti);
	return sign(out, KYCVS_TYPE_STATUS, &state, NULL);
}
