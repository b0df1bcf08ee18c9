/*
 * address.c
 *	  Which addresses of the network are public.
 *
 * A route names a host, and whoever controls its name could let it point into
 * the operator's network.  So what a name resolved to is judged, not the name.
 * Of IPv6 only 2000::/3 is in use by the public, and in it the transition
 * mechanisms that carry an IPv4 address inside are left out, as is the mapped
 * form: nobody needs them to reach a gateway.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"

typedef struct Network
{
	uint8_t		bytes[4];
	int			bits;
} Network;

/* IANA's special-purpose registry. */
static const Network not_public[] = {
	{{0, 0, 0, 0}, 8},
	{{10, 0, 0, 0}, 8},
	{{100, 64, 0, 0}, 10},
	{{127, 0, 0, 0}, 8},
	{{169, 254, 0, 0}, 16},
	{{172, 16, 0, 0}, 12},
	{{192, 0, 0, 0}, 24},
	{{192, 0, 2, 0}, 24},
	{{192, 88, 99, 0}, 24},
	{{192, 168, 0, 0}, 16},
	{{198, 18, 0, 0}, 15},
	{{198, 51, 100, 0}, 24},
	{{203, 0, 113, 0}, 24},
	{{224, 0, 0, 0}, 3}			/* multicast, reserved, broadcast */
};

/* The same in IPv6, within 2000::/3. */
static const Network not_public_6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23},	/* Teredo, ORCHID, benchmarks */
	{{0x20, 0x01, 0x0d, 0xb8}, 32},	/* documentation */
	{{0x20, 0x02, 0x00, 0x00}, 16},	/* 6to4 */
	{{0x3f, 0xff, 0x00, 0x00}, 20}	/* documentation */
};

static bool
is_in(const uint8_t *address, const Network *network)
{
	for (int bit = 0; bit < network->bits; bit++)
		if ((address[bit / 8] ^ network->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool
is_in_any(const uint8_t *address, const Network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_in(address, &networks[i]))
			return true;
	return false;
}

static bool
is_public_4(const uint8_t address[4])
{
	return !is_in_any(address, not_public, sizeof(not_public) / sizeof(Network));
}

static bool
is_public_6(const uint8_t address[16])
{
	return (address[0] & 0xe0) == 0x20 &&
		!is_in_any(address, not_public_6, sizeof(not_public_6) / sizeof(Network));
}

bool
address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return is_public_4((const uint8_t *) &((const struct sockaddr_in *) address)->sin_addr);
	if (address->sa_family == AF_INET6)
		return is_public_6((const uint8_t *) &((const struct sockaddr_in6 *) address)->sin6_addr);
	return false;
}

bool
address_text_is_public(const char *text)
{
	uint8_t		bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return is_public_4(bytes);
	return inet_pton(AF_INET6, text, bytes) == 1 && is_public_6(bytes);
}

static bool
is_loopback(const char *host)
{
	static const uint8_t loopback[16] = {[15] = 1};
	uint8_t		bytes[16];

	if (inet_pton(AF_INET, host, bytes) == 1)
		return bytes[0] == 127;
	return inet_pton(AF_INET6, host, bytes) == 1 && memcmp(bytes, loopback, sizeof(loopback)) == 0;
}

static bool
parse_port(const char *text, int *port)
{
	char	   *end;
	long		value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > 65535)
		return false;
	*port = (int) value;
	return true;
}

bool
address_parse_loopback(const char *text, Address *address)
{
	const char *colon = strrchr(text, ':');
	size_t		length;

	if (colon == NULL || !parse_port(colon + 1, &address->port))
		return false;
	length = colon - text;
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
	{
		text++;
		length -= 2;
	}
	if (length >= ADDRESS_HOST_MAX)
		return false;
	memcpy(address->host, text, length);
	address->host[length] = '\0';
	return is_loopback(address->host);
}

bool
address_is_same(const Address *one, const Address *other)
{
	return one->port == other->port && strcmp(one->host, other->host) == 0;
}
