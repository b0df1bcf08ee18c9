/*
 * keysource.c
 *	  The public keys that this session verifies with.
 *
 * Keys that came over the channel are kept in TopMemoryContext with the
 * generation that they were read at; the authority counts a generation up
 * before it answers whoever changed a key.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "channel.h"
#include "commands/dbcommands.h"
#include "keysource.h"
#include "miscadmin.h"
#include "utils/memutils.h"

static KycvsKeyList kept;
static int	kept_authority = -1;
static uint64 kept_generation = 0;

static bool
registry_is_elsewhere(void)
{
	return strcmp(kycvs_channel_trusted(), get_database_name(MyDatabaseId)) != 0;
}

static void
keep_chunk(const KycvsReply *reply)
{
	size_t		issuer_size = strlen(reply->body) + 1;

	if (kept.issuer == NULL)
		kept.issuer = MemoryContextStrdup(TopMemoryContext, reply->body);
	if (kept.keys == NULL)
		kept.keys = MemoryContextAlloc(TopMemoryContext, Max(reply->number, 1) * sizeof(KycvsKnownKey));
	else
		kept.keys = repalloc(kept.keys, (kept.n + reply->number) * sizeof(KycvsKnownKey));
	memcpy(kept.keys + kept.n, reply->body + issuer_size, reply->number * sizeof(KycvsKnownKey));
	kept.n += reply->number;
}

static void
drop_kept(void)
{
	if (kept.issuer != NULL)
		pfree(kept.issuer);
	if (kept.keys != NULL)
		pfree(kept.keys);
	memset(&kept, 0, sizeof(kept));
	kept_authority = -1;
}

/* Before the first key is read: should one change meanwhile, all are read again next time. */
static void
fetch_keys(int authority)
{
	uint64		generation = kycvs_channel_key_generation(authority);
	bool		more = true;

	drop_kept();
	while (more)
	{
		KycvsRequest *request = kycvs_request_new(KYCVS_OP_JWKS);
		KycvsReply *reply;

		request->number = kept.n;
		reply = kycvs_call_authority(authority, request);
		if (reply->refusal.sqlstate != 0)
			kycvs_raise(&reply->refusal);
		keep_chunk(reply);
		more = reply->more;
		pfree(reply);
	}
	kept_authority = authority;
	kept_generation = generation;
}

bool
kycvs_keysource_read(KycvsKeyList *list)
{
	int			authority;

	if (!registry_is_elsewhere())
		return kycvs_keytable_read(list);
	authority = kycvs_channel_find(kycvs_channel_trusted());
	if (authority < 0)
		kycvs_raise_code(KV_NO_AUTHORITY);
	if (authority != kept_authority || kycvs_channel_key_generation(authority) != kept_generation)
		fetch_keys(authority);
	*list = kept;
	return true;
}
