/*
 * authority.h
 *	  The worker that decides.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_AUTHORITY_H
#define KYCVS_AUTHORITY_H

/* From _PG_init, in the postmaster: one worker for each registry database. */
extern void kycvs_authority_register(void);
extern PGDLLEXPORT void kycvs_authority_main(Datum arg);

#endif							/* KYCVS_AUTHORITY_H */
