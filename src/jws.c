/*
 * jws.c
 *	  The protected header and the detached form of a JWS.
 *
 * A header is accepted in one spelling only: its three values are taken out of
 * where they must stand, the header is written anew from them, and the two must
 * be equal byte for byte.  So there is nothing to say about "none", "crit",
 * "b64", "jwk", members twice, blanks or escapes: none of it can be written.
 *
 * Memory is that of the caller's context; parsing takes none.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "jws.h"

#define HEADER_MAX 128			/* bytes of a header's JSON */
#define VALUE_MAX 64			/* of one of its values, with a NUL */
#define SIGNATURE_TEXT_LENGTH KYCVS_BASE64URL_LENGTH(KYCVS_SIGNATURE_LENGTH)

typedef struct TypeName
{
	KycvsType	type;
	const char *name;
	const char *media_type;		/* without "application/", as RFC 7515 recommends */
} TypeName;

static const TypeName type_names[] = {
	{KYCVS_TYPE_OTP, "otp", "kycvs-otp+jwt"},
	{KYCVS_TYPE_CONSENT, "consent", "kycvs-consent+jwt"},
	{KYCVS_TYPE_STATUS, "status", "kycvs-status+jwt"}
};

KycvsType
kycvs_type_from_name(const char *name)
{
	for (size_t i = 0; i < lengthof(type_names); i++)
	{
		if (strcmp(name, type_names[i].name) == 0)
			return type_names[i].type;
	}
	return KYCVS_TYPE_NONE;
}

static const TypeName *
find_type(KycvsType type)
{
	for (size_t i = 0; i < lengthof(type_names); i++)
	{
		if (type_names[i].type == type)
			return &type_names[i];
	}
	elog(ERROR, "unknown document type %d", (int) type);
}

const char *
kycvs_type_name(KycvsType type)
{
	return find_type(type)->name;
}

static KycvsType
type_from_media_type(const char *media_type)
{
	for (size_t i = 0; i < lengthof(type_names); i++)
	{
		if (strcmp(media_type, type_names[i].media_type) == 0)
			return type_names[i].type;
	}
	return KYCVS_TYPE_NONE;
}

static int
print_header(const KycvsJwsHeader *header, char text[HEADER_MAX])
{
	return snprintf(text, HEADER_MAX, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}",
					kycvs_alg_name(header->alg), header->kid,
					find_type(header->type)->media_type);
}

static void
append_header(StringInfo out, const KycvsJwsHeader *header)
{
	char		text[HEADER_MAX];

	kycvs_base64url_append(out, text, print_header(header, text));
}

void
kycvs_jws_signing_input(StringInfo out, const KycvsJwsHeader *header, const char *payload, size_t length)
{
	append_header(out, header);
	appendStringInfoChar(out, '.');
	kycvs_base64url_append(out, payload, length);
}

void
kycvs_jws_append_detached(StringInfo out, const KycvsJws *jws)
{
	append_header(out, &jws->header);
	appendStringInfoString(out, "..");
	kycvs_base64url_append(out, jws->signature, sizeof(jws->signature));
}

/* Steps over "expected", then copies what comes before the next quote. */
static bool
take_value(const char **cursor, const char *expected, char value[VALUE_MAX])
{
	size_t		skipped = strlen(expected);
	size_t		length;

	if (strncmp(*cursor, expected, skipped) != 0)
		return false;
	length = strcspn(*cursor + skipped, "\"");
	if (length >= VALUE_MAX)
		return false;
	memcpy(value, *cursor + skipped, length);
	value[length] = '\0';
	*cursor += skipped + length;
	return true;
}

static bool
is_kid(const char *text)
{
	uint8		digest[32];

	return strlen(text) == KYCVS_KID_LENGTH &&
		kycvs_base64url_decode(text, KYCVS_KID_LENGTH, digest, sizeof(digest)) == sizeof(digest);
}

static bool
read_header(const char *text, KycvsJwsHeader *header)
{
	char		alg[VALUE_MAX];
	char		kid[VALUE_MAX];
	char		typ[VALUE_MAX];

	if (!take_value(&text, "{\"alg\":\"", alg) ||
		!take_value(&text, "\",\"kid\":\"", kid) ||
		!take_value(&text, "\",\"typ\":\"", typ) ||
		!is_kid(kid))
		return false;
	header->alg = kycvs_alg_from_name(alg);
	header->type = type_from_media_type(typ);
	memcpy(header->kid, kid, sizeof(header->kid));
	return header->alg != KYCVS_ALG_NONE && header->type != KYCVS_TYPE_NONE;
}

static const char *
parse_header(const char *text, size_t length, KycvsJwsHeader *header)
{
	char		given[HEADER_MAX + 1];
	char		written[HEADER_MAX];
	int			given_length = kycvs_base64url_decode(text, length, (uint8 *) given, HEADER_MAX);

	if (given_length < 0)
		return "header is not base64url";
	given[given_length] = '\0';
	if (!read_header(given, header) ||
		print_header(header, written) != given_length ||
		memcmp(given, written, given_length) != 0)
		return "header is not exactly alg, kid and typ";
	return NULL;
}

const char *
kycvs_jws_parse_detached(const char *text, size_t length, KycvsJws *jws)
{
	const char *dots = memchr(text, '.', length);
	const char *signature;

	if (dots == NULL || text + length - dots != SIGNATURE_TEXT_LENGTH + 2 || dots[1] != '.')
		return "signature is not a header, two dots and 64 bytes in base64url";
	signature = dots + 2;
	if (kycvs_base64url_decode(signature, SIGNATURE_TEXT_LENGTH,
							   jws->signature, sizeof(jws->signature)) != sizeof(jws->signature))
		return "signature is not base64url";
	return parse_header(text, dots - text, &jws->header);
}
