/*
 * address.h
 *	  Which addresses of the network are public.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <stdbool.h>

#define ADDRESS_HOST_MAX	64

struct sockaddr;

typedef struct Address
{
	char		host[ADDRESS_HOST_MAX];
	int			port;			/* 0: none */
} Address;

/* Whether it belongs to the public internet; of other families than IPv4 and IPv6 nothing does. */
extern bool address_is_public(const struct sockaddr *address);
extern bool address_text_is_public(const char *text);

/* "127.0.0.1:8090" or "[::1]:8090"; false unless it is a loopback address with a port. */
extern bool address_parse_loopback(const char *text, Address *address);

extern bool address_is_same(const Address *one, const Address *other);

#endif							/* COMMON_ADDRESS_H */
