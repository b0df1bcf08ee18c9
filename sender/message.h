/*
 * message.h
 *	  The life of a message in the sender: claimed, attempted once, reported.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_MESSAGE_H
#define SENDER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

/* "changed" is called when a result has come in. */
extern void messages_init(void (*changed) (void));

/* Claimed and not yet reported. */
extern int	messages_in_flight(void);

/*
 * Claims at most n messages.  With "probe" routes that want one are not left
 * out.  "claimed" is told how many came, or -1 when the registry did not answer
 * as it should.
 */
extern void messages_claim(int n, bool probe, void (*claimed) (int n));

/* Whether one had to be given back since its route was not known; asked once, it is forgotten. */
extern bool messages_missed_route(void);

/* Results wait to be reported; one of them is, and "reported" told whether the registry took it. */
extern bool messages_have_results(void);
extern void messages_report(void (*reported) (bool taken));

/* Where gateways send receipts to; NULL for nowhere. */
extern void messages_set_receipt_url(const char *url);

#endif							/* SENDER_MESSAGE_H */
