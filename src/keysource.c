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

#include "access/xlog.h"
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

/* The registry's keys, when it is another database's. */
static void
read_elsewhere(KycvsKeyBook *book)
{
	int			authority = kycvs_channel_find(kycvs_channel_trusted());

	if (authority < 0)
		book->nobody = KV_NO_AUTHORITY;
	else if (RecoveryInProgress())
		book->nobody = KV_ON_STANDBY;
	if (book->nobody != 0)
		return;
	if (authority != kept_authority || kycvs_channel_key_generation(authority) != kept_generation)
		fetch_keys(authority);
	book->registry = kept;
	book->has_registry = true;
}

void
kycvs_keybook_open(KycvsKeyBook *book)
{
	if (book->opened)
		return;
	if (registry_is_elsewhere())
		read_elsewhere(book);
	else
		book->has_registry = kycvs_keytable_read(&book->registry);
	book->opened = true;
}

void
kycvs_keybook_read_trusted(KycvsKeyBook *book)
{
	if (!book->read_trusted)
		book->ntrusted = kycvs_keytable_read_trusted(&book->trusted);
	book->read_trusted = true;
}

static bool
is_of(const KycvsKeyList *list, const char *issuer, int length)
{
	return (int) strlen(list->issuer) == length && memcmp(list->issuer, issuer, length) == 0;
}

/* The list of an issuer, or NULL. */
static const KycvsKeyList *
find_list(KycvsKeyBook *book, const char *issuer, int length)
{
	int			i;

	kycvs_keybook_open(book);
	if (book->has_registry && is_of(&book->registry, issuer, length))
		return &book->registry;
	kycvs_keybook_read_trusted(book);
	for (i = 0; i < book->ntrusted; i++)
		if (is_of(&book->trusted[i], issuer, length))
			return &book->trusted[i];
	return NULL;
}

int
kycvs_keybook_find(KycvsKeyBook *book, const char *issuer, int length, const char *kid, KycvsPublicKey *key)
{
	const KycvsKeyList *list = find_list(book, issuer, length);
	int			i;

	if (list == NULL && book->nobody != 0)
		return book->nobody;
	for (i = 0; list != NULL && i < list->n; i++)
	{
		if (strcmp(list->keys[i].kid, kid) != 0 || list->keys[i].state == KYCVS_KEY_REVOKED)
			continue;
		*key = list->keys[i].public_key;
		return 0;
	}
	return KV_KEY_UNKNOWN;
}
