/*
 * route.h
 *	  How each request is decided: by what, who may ask, what it needs.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_ROUTE_H
#define KYCVS_ROUTE_H

#include "call.h"

typedef enum KycvsNeeds
{
	KYCVS_NEEDS_NOTHING,
	KYCVS_NEEDS_SECRETS,
	KYCVS_NEEDS_SIGNING
} KycvsNeeds;

typedef struct KycvsRoute
{
	void		(*decide) (KycvsCall *call);
	const char *group;			/* role that may ask, when it is not an entity that does; NULL: anybody */
	bool		by_entity;
	KycvsNeeds	needs;
} KycvsRoute;

extern const KycvsRoute kycvs_routes[KYCVS_OPS];

#endif							/* KYCVS_ROUTE_H */
