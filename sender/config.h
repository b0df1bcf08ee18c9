/*
 * config.h
 *	  What the operator has said: by a file, and on the command line.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_CONFIG_H
#define SENDER_CONFIG_H

#include "address.h"
#include "settings.h"

typedef struct Config
{
	CommonSettings common;
	char	   *secrets;		/* a directory; NULL: none */
	char	   *ca_file;		/* NULL: the system's */
	char	   *receipt_url;	/* up to and with "/receipt/"; NULL: no receipts */
	Address		receipts;
	Address		metrics;
	int			in_flight;
	bool		once;
} Config;

/* The same arguments may be read again later.  False with the reason in "problem"; "status" then is an exit status. */
extern bool config_read(Config *config, int argc, char **argv, Buffer *problem, int *status);
extern void config_free(Config *config);

extern const char *config_usage(void);

#endif							/* SENDER_CONFIG_H */
