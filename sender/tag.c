/*
 * tag.c
 *	  The URLs to which gateways send delivery receipts, and nobody else can.
 *
 * The tag is an HMAC-SHA-256 over the message's number, cut to 128 bits.  All
 * senders of a registry that share the key take each other's receipts.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "secretfile.h"
#include "tag.h"

#define KEY_BYTES		32
#define TAG_BYTES		16
#define TAG_DIGITS		(2 * TAG_BYTES)
#define ID_MAX			24

static Buffer key;

static void
add_hex(Buffer *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buffer_format(out, "%02x", bytes[i]);
}

/* Unless there is one. */
static bool
make_key(const char *secrets, Buffer *problem)
{
	unsigned char bytes[KEY_BYTES];
	Buffer		text = {0};
	bool		good;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
	{
		buffer_format(problem, "no random bytes: %s", strerror(errno));
		return false;
	}
	add_hex(&text, bytes, sizeof(bytes));
	buffer_add_char(&text, '\n');
	explicit_bzero(bytes, sizeof(bytes));
	good = secretfile_create(secrets, SECRETFILE_RECEIPT_KEY, &text, problem);
	buffer_wipe(&text);
	return good;
}

static bool
check_directory(const char *secrets, Buffer *problem)
{
	if (secrets == NULL)
		buffer_format(problem, "receipts need a directory of secrets, for their key");
	return secrets != NULL;
}

static bool
read_key(const char *secrets, Buffer *read, Buffer *problem)
{
	if (!secretfile_read(secrets, SECRETFILE_RECEIPT_KEY, read, problem))
		return false;
	if (read->length >= KEY_BYTES)
		return true;
	buffer_format(problem, "\"%s/%s\" is too short for a key", secrets, SECRETFILE_RECEIPT_KEY);
	buffer_wipe(read);
	return false;
}

bool
tag_read_key(const char *secrets, Buffer *read, Buffer *problem)
{
	return check_directory(secrets, problem) && make_key(secrets, problem) && read_key(secrets, read, problem);
}

void
tag_use_key(Buffer *read)
{
	buffer_wipe(&key);
	key = *read;
	memset(read, 0, sizeof(*read));
}

bool
tag_check_key(const char *secrets, Buffer *problem)
{
	Buffer		read = {0};
	bool		good = check_directory(secrets, problem) &&
		(secretfile_may_create(secrets, SECRETFILE_RECEIPT_KEY) || read_key(secrets, &read, problem));

	buffer_wipe(&read);
	return good;
}

static void
make_tag(int64_t id, char tag[TAG_DIGITS + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char		text[ID_MAX];
	Buffer		hex = {0};
	int			length = snprintf(text, sizeof(text), "%" PRId64, id);

	if (HMAC(EVP_sha256(), key.data, (int) key.length, (unsigned char *) text, length, digest, NULL) == NULL)
		abort();
	add_hex(&hex, digest, TAG_BYTES);
	memcpy(tag, hex.data, TAG_DIGITS + 1);
	buffer_wipe(&hex);
}

void
tag_add_url(Buffer *out, const char *base, int64_t id)
{
	char		tag[TAG_DIGITS + 1];

	make_tag(id, tag);
	buffer_format(out, "%s%" PRId64 "/%s?status=%%d", base, id, tag);
}

bool
tag_check(const char *path, int64_t *id)
{
	char		tag[TAG_DIGITS + 1];
	char	   *end;

	if (*path < '1' || *path > '9' || key.length == 0)
		return false;
	errno = 0;
	*id = strtoll(path, &end, 10);
	if (errno != 0 || *end != '/' || strlen(end + 1) != TAG_DIGITS)
		return false;
	make_tag(*id, tag);
	return CRYPTO_memcmp(tag, end + 1, TAG_DIGITS) == 0;
}
