/*
 * namematch.h
 *	  The settings of the matcher of names.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAMEMATCH_H
#define KYCVS_NAMEMATCH_H

/* Defines them; while the server starts. */
extern void kycvs_namematch_init(void);

#endif							/* KYCVS_NAMEMATCH_H */
