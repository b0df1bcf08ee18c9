/*
 * listener.h
 *	  Where clients come in: a socket in a folder, or a port of loopback.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_LISTENER_H
#define GATEWAY_LISTENER_H

#include "address.h"
#include "buffer.h"

struct evconnlistener;

/* On the address when the path is NULL.  NULL with the reason in "problem". */
extern struct evconnlistener *listener_open(const char *path, const Address *address, Buffer *problem);

#endif							/* GATEWAY_LISTENER_H */
