/*
 * digest.c
 *	  Digests under a key that only this process knows.
 *
 * What is remembered of a request so tells nobody what stood in it.  OpenSSL is
 * in this file only.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "buffer.h"
#include "digest.h"

static uint8_t key[32];

bool
digest_init(void)
{
	return RAND_bytes(key, sizeof(key)) == 1;
}

void
digest_make(const char *text, const void *data, size_t length, uint8_t digest[DIGEST_LENGTH])
{
	uint8_t		whole[EVP_MAX_MD_SIZE];
	unsigned	size = 0;
	Buffer		both = {0};

	buffer_add(&both, text, strlen(text) + 1);
	buffer_add(&both, data, length);
	HMAC(EVP_sha256(), key, sizeof(key), (const uint8_t *) both.data, both.length, whole, &size);
	memcpy(digest, whole, DIGEST_LENGTH);
	buffer_wipe(&both);
}
