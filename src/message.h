/*
 * message.h
 *	  The rows of messages that wait to be sent.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_MESSAGE_H
#define KYCVS_MESSAGE_H

#include "exchange.h"
#include "smschoice.h"

#define KYCVS_NO_ENTITY	0		/* what the registry itself tells */

typedef struct KycvsMessage
{
	int64		id;
	int32		entity;			/* who asked for it */
	pg_uuid_t	challenge;
	TimestampTz expires_at;
	bool		is_notice;		/* of a changed mobile, to the number that is sealed here */
	uint8		mobile_sealed[KYCVS_SEALED_MOBILE];
	bool		waiting;		/* neither sent nor failed nor expired */
	bool		sent;
	TimestampTz created_at;
	TimestampTz failed_at;		/* when an attempt was last reported that is to be repeated */
	int32		route;			/* of the last attempt; 0: there was none, or no route */
	int32		attempt;		/* its number, 0 before the first */
	bool		in_hand;		/* a sender claimed it, and has not said what became of that */
	KycvsSmsFailed failed;
	bool		has_receipt;
	bool		was_delivered;
	KycvsRow	row;
} KycvsMessage;

extern void kycvs_message_insert(const KycvsChallenge *challenge);
extern void kycvs_message_insert_notice(const uint8 mobile_sealed[KYCVS_SEALED_MOBILE], TimestampTz now, TimestampTz expires_at);
extern bool kycvs_message_find(int64 id, KycvsMessage *message);

/* The next entity of which a message waits that no sender holds; -1 comes before all. */
extern bool kycvs_messages_next_entity(TimestampTz now, int32 *entity);

/* At most "most" of its messages that wait and that no sender holds, the longest free ones first. */
extern int	kycvs_messages_due(int32 entity, TimestampTz now, int most, KycvsMessage *messages);

/* Of those that no sender has left without a word, the newest. */
extern int	kycvs_messages_newest(int32 entity, int most, KycvsMessage *messages);

/* Another attempt, which the sender may take so long for. */
extern void kycvs_message_claim(KycvsMessage *message, int32 route, TimestampTz until);

/* It is nobody's; due at once, before all others, or at a time. */
extern void kycvs_message_back(KycvsMessage *message, const char *detail, TimestampTz now);
extern void kycvs_message_rest(KycvsMessage *message, TimestampTz until);

extern void kycvs_message_expire(KycvsMessage *message, TimestampTz now);
extern void kycvs_message_finish(KycvsMessage *message, bool sent, const char *detail, TimestampTz now);
extern void kycvs_message_receive(KycvsMessage *message, bool delivered, const char *detail, TimestampTz now);

#endif							/* KYCVS_MESSAGE_H */
