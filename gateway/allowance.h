/*
 * allowance.h
 *	  How often strangers may use the page.
 *
 * The registry limits what is done to a person; these limits are about who does
 * it: one address, and all who come by one client's page.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_ALLOWANCE_H
#define GATEWAY_ALLOWANCE_H

/* Seconds until one more is allowed, "hourly" being allowed in an hour; 0: now. */
extern int	allowance_wait(const char *what, const char *who, int hourly);

/* Counts one, or takes one back. */
extern void allowance_take(const char *what, const char *who, int hourly);
extern void allowance_give_back(const char *what, const char *who, int hourly);

#endif							/* GATEWAY_ALLOWANCE_H */
