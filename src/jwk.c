/*
 * jwk.c
 *	  JSON Web Keys: written for the key set, read from those who trust us with
 *	  theirs.
 *
 * Members that a JWK may have besides are ignored, as RFC 7517 wants, unless
 * they say that the key is not for us: a private part, another use, another
 * algorithm.
 *
 * Memory is that of the caller's context.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "base64url.h"
#include "jcs.h"
#include "jwk.h"
#include "member.h"

/* Members that make the thumbprint of each kind of key. */
typedef struct RequiredMembers
{
	const char *kty;
	const char *names[4];
} RequiredMembers;

static const RequiredMembers required_members[] = {
	{"EC", {"crv", "kty", "x", "y"}},
	{"OKP", {"crv", "kty", "x"}},
	{"RSA", {"e", "kty", "n"}}
};

static void
push_bytes(JsonbParseState **state, const char *name, const uint8 *bytes, int length)
{
	char	   *text = palloc0(KYCVS_BASE64URL_LENGTH(length) + 1);

	kycvs_base64url_encode(bytes, length, text);
	kycvs_push_text(state, name, text);
}

JsonbValue *
kycvs_key_push_jwk(JsonbParseState **state, const KycvsPublicKey *key)
{
	bool		on_curve = key->alg == KYCVS_ES256;
	char	   *kid = palloc(KYCVS_KID_LENGTH + 1);

	if (!kycvs_key_thumbprint(key, kid))
		elog(ERROR, "could not compute a key's thumbprint");
	(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	kycvs_push_text(state, "kty", on_curve ? "EC" : "OKP");
	kycvs_push_text(state, "crv", on_curve ? "P-256" : "Ed25519");
	push_bytes(state, "x", key->x, sizeof(key->x));
	if (on_curve)
		push_bytes(state, "y", key->y, sizeof(key->y));
	kycvs_push_text(state, "kid", kid);
	kycvs_push_text(state, "use", "sig");
	kycvs_push_text(state, "alg", kycvs_alg_name(key->alg));
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static bool
find_member(Jsonb *jwk, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(&jwk->root, name, strlen(name), value) != NULL;
}

static bool
is_text(const JsonbValue *value, const char *text)
{
	int			length = strlen(text);

	return value->type == jbvString &&
		value->val.string.len == length &&
		memcmp(value->val.string.val, text, length) == 0;
}

static bool
member_is(Jsonb *jwk, const char *name, const char *text)
{
	JsonbValue	value;

	return find_member(jwk, name, &value) && is_text(&value, text);
}

static bool
absent_or(Jsonb *jwk, const char *name, const char *text)
{
	JsonbValue	value;

	return !find_member(jwk, name, &value) || is_text(&value, text);
}

static bool
read_bytes(Jsonb *jwk, const char *name, uint8 *bytes, int length)
{
	JsonbValue	value;

	return find_member(jwk, name, &value) && value.type == jbvString &&
		kycvs_base64url_decode(value.val.string.val, value.val.string.len, bytes, length) == length;
}

static KycvsAlg
read_kind(Jsonb *jwk)
{
	if (member_is(jwk, "kty", "EC") && member_is(jwk, "crv", "P-256"))
		return KYCVS_ES256;
	if (member_is(jwk, "kty", "OKP") && member_is(jwk, "crv", "Ed25519"))
		return KYCVS_EDDSA;
	return KYCVS_ALG_NONE;
}

/* RFC 7517, section 4.3: an array that names what a key is for, unless it is for anything. */
static bool
may_verify(Jsonb *jwk)
{
	JsonbValue	operations;

	if (!find_member(jwk, "key_ops", &operations))
		return true;
	if (operations.type != jbvBinary || !JsonContainerIsArray(operations.val.binary.data))
		return false;
	for (uint32 i = 0; i < JsonContainerSize(operations.val.binary.data); i++)
	{
		if (is_text(getIthJsonbValueFromContainer(operations.val.binary.data, i), "verify"))
			return true;
	}
	return false;
}

/* True when the members that restrict a key leave it to us. */
static bool
is_for_us(Jsonb *jwk, KycvsAlg alg)
{
	return absent_or(jwk, "use", "sig") && may_verify(jwk) &&
		(absent_or(jwk, "alg", kycvs_alg_name(alg)) ||
		 (alg == KYCVS_EDDSA && member_is(jwk, "alg", "Ed25519")));
}

bool
kycvs_jwk_is_private(Jsonb *jwk)
{
	static const char *const names[] = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"};
	JsonbValue	value;

	for (size_t i = 0; JB_ROOT_IS_OBJECT(jwk) && i < lengthof(names); i++)
		if (find_member(jwk, names[i], &value))
			return true;
	return false;
}

bool
kycvs_jwk_is_for_us(Jsonb *jwk)
{
	KycvsAlg	alg = JB_ROOT_IS_OBJECT(jwk) ? read_kind(jwk) : KYCVS_ALG_NONE;

	return alg != KYCVS_ALG_NONE && is_for_us(jwk, alg);
}

const char *
kycvs_key_from_jwk(Jsonb *jwk, KycvsPublicKey *key)
{
	memset(key, 0, sizeof(*key));
	if (!JB_ROOT_IS_OBJECT(jwk))
		return "key is not an object";
	if (kycvs_jwk_is_private(jwk))
		return "key is a private one";
	key->alg = read_kind(jwk);
	if (key->alg == KYCVS_ALG_NONE)
		return "key is neither P-256 nor Ed25519";
	if (!is_for_us(jwk, key->alg))
		return "key is for another use or algorithm";
	if (!read_bytes(jwk, "x", key->x, sizeof(key->x)))
		return "key without a valid x";
	if (key->alg == KYCVS_ES256 && !read_bytes(jwk, "y", key->y, sizeof(key->y)))
		return "key without a valid y";
	if (!kycvs_key_usable(key))
		return "key is no usable point of its curve";
	return NULL;
}

static const RequiredMembers *
find_required(Jsonb *jwk)
{
	for (size_t i = 0; i < lengthof(required_members); i++)
	{
		if (member_is(jwk, "kty", required_members[i].kty))
			return &required_members[i];
	}
	return NULL;
}

const char *
kycvs_jwk_required(Jsonb *jwk, StringInfo out)
{
	JsonbParseState *state = NULL;
	const RequiredMembers *required;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(jwk))
		return "key is not an object";
	required = find_required(jwk);
	if (required == NULL)
		return "key is of no known kind";
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (size_t i = 0; i < lengthof(required->names) && required->names[i] != NULL; i++)
	{
		if (!find_member(jwk, required->names[i], &value) || value.type != jbvString)
			return "key without a required member";
		kycvs_push_key(&state, required->names[i]);
		(void) pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return kycvs_jcs(&JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL))->root, out);
}
