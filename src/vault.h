/*
 * vault.h
 *	  The registry's identity in the authority: its id and issuer, the master
 *	  secret, the active signing key.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_VAULT_H
#define KYCVS_VAULT_H

#include "keyring.h"
#include "refusal.h"

#define KYCVS_ISSUER_MAX 256

extern void kycvs_vault_init(void);

/*
 * Loads what is not loaded yet, and everything anew once a second, so that a key
 * file that is gone, or open to others, is noticed.
 * False: nothing that needs it may be answered (KV040), and kycvs_vault_trouble
 * says why and how to mend it.
 */
extern bool kycvs_vault_open_secrets(void);
extern bool kycvs_vault_open_signing(void);
extern const char *kycvs_vault_trouble(void);

/* Everything is wiped, and loaded again when it is needed. */
extern void kycvs_vault_close(void);

extern const char *kycvs_vault_issuer(void);
extern bool kycvs_vault_issuer_differs(void);	/* kycvs.issuer was set to something else since */
extern const char *kycvs_vault_kid(void);
extern KycvsAlg kycvs_vault_alg(void);
extern bool kycvs_vault_sign(const void *message, size_t length, uint8 signature[KYCVS_SIGNATURE_LENGTH]);

/* Days for which the active key has signed, when that is longer than kycvs.key_max_age; else 0. */
extern int	kycvs_vault_key_too_old(TimestampTz now);

/* Destroys the private file of a key, if there is one ("found"); false: refused, and why. */
extern bool kycvs_vault_destroy_key(const char *kid, bool *found, KycvsRefusal *refusal);

/* Makes a signing key, and with the first one the registry itself; false: refused, and why. */
extern bool kycvs_vault_create_key(KycvsAlg alg, TimestampTz now, char kid[KYCVS_KID_LENGTH + 1], KycvsRefusal *refusal);

#endif							/* KYCVS_VAULT_H */
