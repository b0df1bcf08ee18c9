/*
 * receipt.h
 *	  Delivery receipts that wait to be reported.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_RECEIPT_H
#define SENDER_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

/* "changed" is called when one has come in. */
extern void receipts_init(void (*changed) (void));

/* False when too many wait already. */
extern bool receipts_add(int64_t id, bool delivered, const char *detail);

extern int	receipts_waiting(void);

/* One of them is reported, and "reported" told whether the registry answered. */
extern void receipts_report(void (*reported) (bool taken));

#endif							/* SENDER_RECEIPT_H */
