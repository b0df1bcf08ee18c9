/*
 * server.h
 *	  Takes requests in, and hands each to whoever answers its path.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "config.h"
#include "exchange.h"

typedef void (*Handler) (Exchange *exchange);

typedef struct Path
{
	const char *path;
	bool		get;
	bool		post;
	bool		metrics;		/* answered where metrics are */
	Handler		handler;
} Path;

/* A path of NULL ends the table. */
extern const Path paths[];

/* When it runs already, where it listens may not have changed. */
extern bool server_listen(const Config *config, Buffer *problem);

/* All but where it listens. */
extern void server_set(const Config *config);

/* Takes no more; calls when what was taken has been answered. */
extern void server_stop(void (*stopped) (void));
extern void server_end(void);

#endif							/* GATEWAY_SERVER_H */
