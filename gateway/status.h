/*
 * status.h
 *	  From SQLSTATE to HTTP: the one table.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

typedef struct Status
{
	const char *sqlstate;		/* five characters, or the class: two */
	int			http;
	const char *detail;			/* NULL: what the registry says */
	int			retry_after;	/* unless the registry says more; negative: none */
} Status;

/* Of what is not in the table, the last: 500. */
extern const Status *status_find(const char *sqlstate);

#endif							/* GATEWAY_STATUS_H */
