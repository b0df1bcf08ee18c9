/*
 * smsroute.h
 *	  The rows of routes by which messages go to a gateway.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSROUTE_H
#define KYCVS_SMSROUTE_H

#include "smscheck.h"
#include "smschoice.h"
#include "utils/timestamp.h"

/* All there are, each with its name. */
typedef struct KycvsSmsRoutes
{
	int			n;
	KycvsSmsOption options[KYCVS_SMS_ROUTES_MAX];	/* open: enabled; left: its cap */
	char		names[KYCVS_SMS_ROUTES_MAX][KYCVS_SMS_NAME_MAX + 1];
} KycvsSmsRoutes;

extern void kycvs_sms_routes_read(KycvsSmsRoutes *routes);
extern bool kycvs_sms_route_exists(int32 id);

/* Each returns the route's number, or 0: the name is taken, there is none of this name. */
extern int32 kycvs_sms_route_insert(const KycvsSmsRoute *route, TimestampTz now);
extern int32 kycvs_sms_route_enable(const char *name, bool enabled);
extern int32 kycvs_sms_route_remove(const char *name);

#endif							/* KYCVS_SMSROUTE_H */
