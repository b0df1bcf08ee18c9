/*
 * outbox.h
 *	  Which of the messages that wait are looked at next.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_OUTBOX_H
#define KYCVS_OUTBOX_H

#include "message.h"

/* How many messages one entity may have in this minute: so many, and more as long as there are some to spare. */
typedef struct KycvsShare
{
	int			most;			/* negative: as many as it likes */
	int			spare;			/* what nobody else needs to be left */
} KycvsShare;

/*
 * At most "most" messages that are due, of all entities in turn; "more" when
 * there may be others, "late" when some were dropped, and there may be others.
 * An entity that has had its share has its turn in the next minute.
 */
extern int	kycvs_outbox_next(TimestampTz now, int most, KycvsShare share, KycvsMessage *messages, bool *more, bool *late);

/* So many were claimed in this minute, by what is written down: if more are remembered here, that was another minute. */
extern void kycvs_outbox_counted(int claimed);

/* A sender has got one of them. */
extern void kycvs_outbox_claimed(const KycvsMessage *message, TimestampTz now);

/* Its OTP can no longer be given: it is not looked at again. */
extern void kycvs_outbox_drop(KycvsMessage *message, TimestampTz now);

#endif							/* KYCVS_OUTBOX_H */
