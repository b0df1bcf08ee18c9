/*
 * smschoice.h
 *	  By which route a message goes, and how long it rests between two attempts.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSCHOICE_H
#define KYCVS_SMSCHOICE_H

#define KYCVS_SMS_ROUTES_MAX 16

/* A route as it is for whoever asks just now. */
typedef struct KycvsSmsOption
{
	int32		id;
	int			priority;		/* the lowest number is taken first */
	bool		open;			/* enabled, and not held down by the sender that asks */
	int			left;			/* messages it may still take in this minute; negative: as many as come */
} KycvsSmsOption;

/* The routes that have failed a message, the latest last. */
typedef struct KycvsSmsFailed
{
	int			n;
	int32		routes[KYCVS_SMS_ROUTES_MAX];
} KycvsSmsFailed;

/*
 * The index of the route to take, or -1: one that has not failed this message
 * comes before one that has, and that before the one that failed it last.
 */
extern int	kycvs_sms_choose(const KycvsSmsOption *options, int n, const KycvsSmsFailed *failed);

extern bool kycvs_sms_has_failed(const KycvsSmsFailed *failed, int32 route);
extern void kycvs_sms_note_failed(KycvsSmsFailed *failed, int32 route);

/* Seconds until a message that so many attempts could not deliver may go by a route that has failed it: 1, 2, 4, 8 ... */
extern int	kycvs_sms_pause(int attempts, const KycvsSmsFailed *failed);

#endif							/* KYCVS_SMSCHOICE_H */
