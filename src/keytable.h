/*
 * keytable.h
 *	  The public keys of the registry in this database.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEYTABLE_H
#define KYCVS_KEYTABLE_H

#include "datatype/timestamp.h"
#include "keyring.h"

typedef enum KycvsKeyState
{
	KYCVS_KEY_PENDING = 1,		/* published, does not sign yet */
	KYCVS_KEY_ACTIVE,			/* signs */
	KYCVS_KEY_RETIRED,			/* signs no more, verifies */
	KYCVS_KEY_REVOKED			/* verifies nothing */
} KycvsKeyState;

typedef struct KycvsKnownKey
{
	char		kid[KYCVS_KID_LENGTH + 1];
	KycvsPublicKey public_key;
	KycvsKeyState state;
	TimestampTz created_at;
} KycvsKnownKey;

/* Keys of one issuer, oldest first; palloc'd. */
typedef struct KycvsKeyList
{
	char	   *issuer;
	int			n;
	KycvsKnownKey *keys;
} KycvsKeyList;

/* Reads the newest committed state; false when this database holds no registry that has an issuer. */
extern bool kycvs_keytable_read(KycvsKeyList *list);

#endif							/* KYCVS_KEYTABLE_H */
