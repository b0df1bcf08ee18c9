/*
 * keytable.h
 *	  The public keys in this database's tables: those of its registry, and
 *	  those of other issuers that it trusts.
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
	KYCVS_KEY_REVOKED,			/* verifies nothing */
	KYCVS_KEY_TRUSTED			/* another issuer's, verifies */
} KycvsKeyState;

/* Times are DT_NOEND where it has not come to that. */
typedef struct KycvsKnownKey
{
	char		kid[KYCVS_KID_LENGTH + 1];
	KycvsPublicKey public_key;
	KycvsKeyState state;
	TimestampTz created_at;
	TimestampTz activated_at;
	TimestampTz retired_at;
	TimestampTz revoked_at;
	TimestampTz destroyed_at;
} KycvsKnownKey;

/* Keys of one issuer, oldest first; palloc'd. */
typedef struct KycvsKeyList
{
	char	   *issuer;
	int			n;
	KycvsKnownKey *keys;
} KycvsKeyList;

extern const char *kycvs_key_state_name(KycvsKeyState state);

/* Reads the newest committed state; false when this database holds no registry that has an issuer. */
extern bool kycvs_keytable_read(KycvsKeyList *list);

/* The keys of other issuers, a list for each. */
extern int	kycvs_keytable_read_trusted(KycvsKeyList **lists);

#endif							/* KYCVS_KEYTABLE_H */
