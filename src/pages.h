/*
 * pages.h
 *	  The page of an entity: what both ends of the channel know of its origins.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_PAGES_H
#define KYCVS_PAGES_H

#define KYCVS_ORIGINS_MAX	16		/* of one entity */
#define KYCVS_ORIGIN_SIZE	128		/* with its end; one after the other in the request's notice */

#endif							/* KYCVS_PAGES_H */
