/*
 * channel.h
 *	  Request and reply slots in shared memory: how a backend asks the authority.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_CHANNEL_H
#define KYCVS_CHANNEL_H

#include "request.h"

#define KYCVS_BATCH_MAX		32		/* beyond 64 subtransactions the cache overflows */
#define KYCVS_TROUBLE_MAX	512

/* What the authority of one registry database is doing. */
typedef enum KycvsStage
{
	KYCVS_STAGE_ABSENT = 0,		/* not running (yet, or no longer) */
	KYCVS_STAGE_NO_DATABASE,
	KYCVS_STAGE_NO_EXTENSION,
	KYCVS_STAGE_SERVING
} KycvsStage;

/* A copy of what is known of an authority, for health(). */
typedef struct KycvsAuthorityInfo
{
	bool		registered;		/* the postmaster had a worker slot for it */
	bool		maintained;		/* and one for the maintenance */
	KycvsStage	stage;
	char		trouble[KYCVS_TROUBLE_MAX]; /* why it can't answer, for the operator; or empty */
	int64		batches;
	int64		requests;
} KycvsAuthorityInfo;

/* Both ends: settings and shared memory, from _PG_init. */
extern void kycvs_channel_init(void);
extern bool kycvs_channel_loaded(void);	/* this server has the shared memory */
extern int	kycvs_channel_databases(void);	/* how many registry databases this server has */
extern const char *kycvs_channel_database(int authority);
extern void kycvs_channel_set_registered(int authority);
extern void kycvs_channel_set_maintained(int authority);

/* The caller's end. */
extern const char *kycvs_channel_registry(void);	/* kycvs.registry, or this database */
extern const char *kycvs_channel_trusted(void);	/* whose keys this database believes */
extern int	kycvs_channel_find(const char *registry);	/* its authority, or -1 */
extern KycvsRequest *kycvs_request_new(KycvsOp op);
extern KycvsReply *kycvs_call(KycvsRequest *request);	/* asks the session's registry */
extern KycvsReply *kycvs_call_authority(int authority, KycvsRequest *request);
extern bool kycvs_channel_info(int authority, KycvsAuthorityInfo *info);
extern uint64 kycvs_channel_key_generation(int authority);

/* The authority's end; "authority" is its number. */
extern void kycvs_channel_attach(int authority);
extern void kycvs_channel_set_stage(int authority, KycvsStage stage);
extern bool kycvs_channel_connecting(int authority, bool connecting);
extern void kycvs_channel_set_trouble(int authority, const char *trouble);
extern void kycvs_channel_keys_changed(int authority);
extern int	kycvs_channel_take(int authority, int slots[KYCVS_BATCH_MAX], KycvsRequest *requests);
extern bool kycvs_channel_drop_abandoned(int authority, int slot);
extern void kycvs_channel_answer(int authority, int slot, const KycvsReply *reply);
extern void kycvs_channel_count(int authority, int requests);

#endif							/* KYCVS_CHANNEL_H */
