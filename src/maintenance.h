/*
 * maintenance.h
 *	  The worker that does what can wait: bulk intake.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_MAINTENANCE_H
#define KYCVS_MAINTENANCE_H

/* From _PG_init, in the postmaster: one worker for each registry database. */
extern void kycvs_maintenance_register(void);
extern PGDLLEXPORT void kycvs_maintenance_main(Datum arg);

#endif							/* KYCVS_MAINTENANCE_H */
