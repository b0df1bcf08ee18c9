/*
 * config.h
 *	  What the operator has said: by a file, and on the command line.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "address.h"
#include "settings.h"

typedef struct Config
{
	CommonSettings common;
	char	   *socket;			/* path of a socket, or NULL: "address" */
	Address		address;
	Address		metrics;		/* port 0: as "address", or nowhere when that is a socket */
	char	   *web;			/* directory of the page's files; NULL: no page */
	int			connections;
	int			queue;
	int			client_seconds;
	int			codes_per_address;
	int			wrong_per_address;
	int			codes_per_client;
	int			wrong_per_client;
} Config;

/* The same arguments may be read again later.  False with the reason in "problem"; "status" then is an exit status. */
extern bool config_read(Config *config, int argc, char **argv, Buffer *problem, int *status);
extern void config_free(Config *config);

extern const char *config_usage(void);

#endif							/* GATEWAY_CONFIG_H */
