/*
 * message.h
 *	  The rows of messages that wait to be sent.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_MESSAGE_H
#define KYCVS_MESSAGE_H

#include "exchange.h"

typedef struct KycvsMessage
{
	int64		id;
	pg_uuid_t	challenge;
	TimestampTz expires_at;
	bool		is_notice;		/* of a changed mobile, to the number that is sealed here */
	uint8		mobile_sealed[KYCVS_SEALED_MOBILE];
	bool		waiting;		/* neither sent nor failed nor expired */
	KycvsRow	row;
} KycvsMessage;

extern void kycvs_message_insert(const KycvsChallenge *challenge);
extern void kycvs_message_insert_notice(const uint8 mobile_sealed[KYCVS_SEALED_MOBILE], TimestampTz now, TimestampTz expires_at);
extern bool kycvs_message_find(int64 id, KycvsMessage *message);

/* At most "most" of those that wait and that no sender holds, the longest free ones first. */
extern int	kycvs_messages_due(TimestampTz now, int most, KycvsMessage *messages);

extern void kycvs_message_claim(KycvsMessage *message, TimestampTz until);
extern void kycvs_message_expire(KycvsMessage *message, TimestampTz now);
extern void kycvs_message_finish(KycvsMessage *message, bool sent, const char *detail, TimestampTz now);

#endif							/* KYCVS_MESSAGE_H */
