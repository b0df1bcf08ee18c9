/*
 * keysource.h
 *	  The public keys that this session verifies with.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEYSOURCE_H
#define KYCVS_KEYSOURCE_H

#include "keytable.h"

/*
 * The keys of the registry that this database trusts: read from its
 * own tables when it is that registry, else asked of the registry's authority
 * and kept until its keys change.  False: there is no registry here.  Raises
 * KV050 to KV052 when an authority had to be asked and could not be.
 */
extern bool kycvs_keysource_read(KycvsKeyList *list);

#endif							/* KYCVS_KEYSOURCE_H */
