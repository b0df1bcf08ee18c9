/*
 * keysource.h
 *	  The public keys that this session verifies with.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEYSOURCE_H
#define KYCVS_KEYSOURCE_H

#include "keytable.h"

/* All that this session verifies with, read once; zeros at first. */
typedef struct KycvsKeyBook
{
	bool		opened;
	bool		has_registry;
	int			nobody;			/* the registry is another database's, which nobody serves: KV050, KV051; else 0 */
	KycvsKeyList registry;		/* of the registry that this database trusts */
	bool		read_trusted;
	int			ntrusted;
	KycvsKeyList *trusted;		/* of the issuers named to kycvs.trust_issuer */
} KycvsKeyBook;

/*
 * Reads it, unless that is done; finding a key does so by itself.  The
 * registry's keys are read from its own tables in its own database, else
 * asked of its authority and kept until they change.  Raises KV050 to KV052
 * when an authority that there is can't be asked.
 */
extern void kycvs_keybook_open(KycvsKeyBook *book);
extern void kycvs_keybook_read_trusted(KycvsKeyBook *book);

/*
 * The key of an issuer, by its id; 0 when it was found and verifies, else KV032
 * or KV050.  Of the registry's own issuer only the registry's keys count.
 */
extern int	kycvs_keybook_find(KycvsKeyBook *book, const char *issuer, int length, const char *kid, KycvsPublicKey *key);

#endif							/* KYCVS_KEYSOURCE_H */
