/*
 * smsadmin.c
 *	  Decides the requests of administrators about routes of messages.
 *
 * A route is never changed, only suspended or removed, so that its counters
 * speak of one thing: who wants another URL adds a route and removes the old
 * one, without a moment in between in which nothing can be sent.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "smsroute.h"
#include "tally.h"

static bool
check_room(KycvsCall *call)
{
	KycvsSmsRoutes routes;

	kycvs_sms_routes_read(&routes);
	if (routes.n < KYCVS_SMS_ROUTES_MAX)
		return true;
	kycvs_refuse_reason(&call->reply->refusal, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
						"there are %d routes, which is as many as there may be", routes.n);
	return false;
}

void
kycvs_decide_add_sms_route(KycvsCall *call)
{
	const KycvsSmsRoute *route = &call->request->route;
	char		reason[KYCVS_SMS_REASON_MAX];

	if (!kycvs_sms_check(route, reason))
	{
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, reason);
		return;
	}
	if (!check_room(call))
		return;
	call->audit.object = kycvs_sms_route_insert(route, call->now);
	if (call->audit.object == 0)
		kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "route already exists");
	call->reply->warning = kycvs_sms_is_open(route);
}

/* "route" is what was done with it, or 0. */
static bool
was_found(KycvsCall *call, int32 route)
{
	call->audit.object = route;
	return route != 0 || kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "route does not exist");
}

void
kycvs_decide_suspend_sms_route(KycvsCall *call)
{
	was_found(call, kycvs_sms_route_enable(call->request->code, false));
}

void
kycvs_decide_resume_sms_route(KycvsCall *call)
{
	was_found(call, kycvs_sms_route_enable(call->request->code, true));
}

void
kycvs_decide_remove_sms_route(KycvsCall *call)
{
	int32		route = kycvs_sms_route_remove(call->request->code);

	if (was_found(call, route))
		kycvs_tally_fold(route);
}
