/*
 * smschoice.c
 *	  By which route a message goes, and how long it rests between two attempts.
 *
 * An OTP lives three minutes: when a route fails, the next one is tried at once,
 * and only when all have failed is there a pause, which doubles.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "smschoice.h"

#define DOUBLINGS_MAX 6

typedef enum Trust
{
	FRESH,						/* has not failed this message */
	FAILED_BEFORE,
	FAILED_LAST
} Trust;

bool
kycvs_sms_has_failed(const KycvsSmsFailed *failed, int32 route)
{
	int			i;

	for (i = 0; i < failed->n; i++)
		if (failed->routes[i] == route)
			return true;
	return false;
}

/* Each stands once; when there is no room the oldest is forgotten. */
void
kycvs_sms_note_failed(KycvsSmsFailed *failed, int32 route)
{
	int			kept = 0;
	int			i;

	for (i = 0; i < failed->n; i++)
		if (failed->routes[i] != route)
			failed->routes[kept++] = failed->routes[i];
	if (kept == KYCVS_SMS_ROUTES_MAX)
		memmove(failed->routes, failed->routes + 1, --kept * sizeof(int32));
	failed->routes[kept++] = route;
	failed->n = kept;
}

static Trust
trust(const KycvsSmsOption *option, const KycvsSmsFailed *failed)
{
	if (!kycvs_sms_has_failed(failed, option->id))
		return FRESH;
	return failed->routes[failed->n - 1] == option->id ? FAILED_LAST : FAILED_BEFORE;
}

static bool
is_better(const KycvsSmsOption *a, const KycvsSmsOption *b, const KycvsSmsFailed *failed)
{
	Trust		trust_a = trust(a, failed);
	Trust		trust_b = trust(b, failed);

	return trust_a != trust_b ? trust_a < trust_b : a->priority < b->priority;
}

int
kycvs_sms_choose(const KycvsSmsOption *options, int n, const KycvsSmsFailed *failed)
{
	int			best = -1;
	int			i;

	for (i = 0; i < n; i++)
		if (options[i].open && options[i].left != 0 &&
			(best < 0 || is_better(&options[i], &options[best], failed)))
			best = i;
	return best;
}

/* The first attempt by each further route was made without a pause, so it does not count. */
int
kycvs_sms_pause(int attempts, const KycvsSmsFailed *failed)
{
	return 1 << Min(Max(attempts - Max(failed->n, 1), 0), DOUBLINGS_MAX);
}
