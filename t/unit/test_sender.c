/*
 * test_sender.c
 *	  What the sender judges by itself: alphabets, addresses, circuit breakers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "../../common/address.h"
#include "../../sender/alphabet.h"
#include "../../sender/breaker.h"
#include "tap.h"

/* ---- alphabets ---- */

static void
test_alphabet(void)
{
	tap_ok(alphabet_is_gsm7(""), "alphabet: an empty text is GSM 7-bit");
	tap_ok(alphabet_is_gsm7("123456 is your OTP for Indian Railways (ticket-booking).\n@irctc.example #123456"), "alphabet: English is");
	tap_ok(alphabet_is_gsm7("[x]{y}|~^\\ \xe2\x82\xac"), "alphabet: so is what stands behind an escape");
	tap_ok(alphabet_is_gsm7("£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà"), "alphabet: and the letters beyond ASCII");
	tap_ok(!alphabet_is_gsm7("`"), "alphabet: a grave accent is not");
	tap_ok(!alphabet_is_gsm7("a\tb"), "alphabet: nor a tab");
	tap_ok(!alphabet_is_gsm7("ç"), "alphabet: nor a small c with cedilla");
	tap_ok(!alphabet_is_gsm7("tell it to nobody ’"), "alphabet: nor a typographic apostrophe");
	tap_ok(!alphabet_is_gsm7("૧૨૩ ગુજરાતી"), "alphabet: nor Gujarati");
	tap_ok(!alphabet_is_gsm7("हिन्दी"), "alphabet: nor Hindi");
	tap_ok(!alphabet_is_gsm7("\xe2\x82"), "alphabet: nor half a character");
}

/* ---- addresses ---- */

typedef struct AddressCase
{
	const char *text;
	bool		is_public;
} AddressCase;

static const AddressCase addresses[] = {
	{"8.8.8.8", true},
	{"49.44.79.1", true},
	{"100.63.255.255", true},
	{"100.128.0.0", true},
	{"172.15.255.255", true},
	{"172.32.0.0", true},
	{"192.167.255.255", true},
	{"223.255.255.255", true},
	{"0.0.0.0", false},
	{"10.1.2.3", false},
	{"100.64.0.1", false},
	{"100.127.255.255", false},
	{"127.0.0.1", false},
	{"127.255.255.254", false},
	{"169.254.169.254", false},
	{"172.16.0.1", false},
	{"172.31.255.255", false},
	{"192.0.2.1", false},
	{"192.168.1.1", false},
	{"198.18.0.1", false},
	{"198.51.100.7", false},
	{"203.0.113.9", false},
	{"224.0.0.1", false},
	{"240.0.0.1", false},
	{"255.255.255.255", false},
	{"2404:6800:4009::1", true},
	{"2a00::1", true},
	{"::", false},
	{"::1", false},
	{"::ffff:8.8.8.8", false},
	{"::ffff:127.0.0.1", false},
	{"::8.8.8.8", false},
	{"64:ff9b::808:808", false},
	{"2001::1", false},
	{"2001:db8::1", false},
	{"2002:7f00:1::", false},
	{"3fff::1", false},
	{"fc00::1", false},
	{"fd12:3456::1", false},
	{"fe80::1", false},
	{"fec0::1", false},
	{"ff02::1", false},
	{"", false},
	{"localhost", false}
};

static bool
is_public_socket(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_is_public((struct sockaddr *) &in);
	return inet_pton(AF_INET6, text, &in6.sin6_addr) == 1 && address_is_public((struct sockaddr *) &in6);
}

static void
test_addresses(void)
{
	struct sockaddr local = {.sa_family = AF_UNIX};
	Address		address;

	for (size_t i = 0; i < lengthof(addresses); i++)
	{
		const AddressCase *test = &addresses[i];

		tap_ok(address_text_is_public(test->text) == test->is_public && is_public_socket(test->text) == test->is_public,
			   "address \"%s\" is %s", test->text, test->is_public ? "public" : "not public");
	}
	tap_ok(!address_is_public(&local), "address: a socket of another family is not public");
	tap_ok(address_parse_loopback("127.0.0.1:8090", &address) && address.port == 8090 && strcmp(address.host, "127.0.0.1") == 0, "address: loopback with a port");
	tap_ok(address_parse_loopback("[::1]:65535", &address) && address.port == 65535 && strcmp(address.host, "::1") == 0, "address: of IPv6, too");
	tap_ok(!address_parse_loopback("0.0.0.0:8090", &address), "address: all interfaces are not loopback");
	tap_ok(!address_parse_loopback("[::]:8090", &address), "address: nor of IPv6");
	tap_ok(!address_parse_loopback("127.0.0.1", &address), "address: a port has to be there");
	tap_ok(!address_parse_loopback("127.0.0.1:0", &address) && !address_parse_loopback("127.0.0.1:65536", &address) &&
		   !address_parse_loopback("127.0.0.1:80x", &address) && !address_parse_loopback("127.0.0.1:-1", &address), "address: and be one");
	tap_ok(!address_parse_loopback("localhost:8090", &address), "address: names are not resolved");
}

/* ---- circuit breakers ---- */

/* Attempts one after the other, "x" that fail and "." that do not; whether the breaker is open then. */
static bool
opens_after(const char *attempts)
{
	Breaker		breaker = {0};

	for (; *attempts != '\0'; attempts++)
		breaker_end(&breaker, breaker_begin(&breaker, 0), *attempts == '.', 0);
	return breaker.state == BREAKER_OPEN;
}

static Breaker
opened(int64 now)
{
	Breaker		breaker = {0};
	int			i;

	for (i = 0; i < 5; i++)
		breaker_end(&breaker, false, false, now);
	return breaker;
}

static void
test_opening(void)
{
	tap_ok(!opens_after(""), "breaker: closed at first");
	tap_ok(!opens_after("xxxx"), "breaker: four failures leave it closed");
	tap_ok(opens_after("xxxxx"), "breaker: five in a row open it");
	tap_ok(!opens_after("xxxx.xxxx."), "breaker: a success in between starts the row again");
	tap_ok(!opens_after("x.x.x.x.x.x.x.x.x.x."), "breaker: half of twenty leave it closed");
	tap_ok(opens_after("xx.xx.xx.xx.xx.x"), "breaker: more than half of twenty open it");
	tap_ok(!opens_after("xx.x.xx.x.xx.x....................xx.x.xx.x."), "breaker: what is longer ago is forgotten");
}

static void
test_probing(void)
{
	Breaker		breaker = opened(100);
	int64		now = 100;
	bool		right = true;
	int64		pause;

	tap_ok(!breaker_wants_probe(&breaker, 1099) && breaker_wants_probe(&breaker, 1100), "breaker: wants a probe after a second");
	tap_ok(!breaker_begin(&breaker, 1099), "breaker: and none before");
	tap_ok(!breaker_end(&breaker, false, true, 1099) && breaker.state == BREAKER_OPEN, "breaker: who was on the way when it opened does not close it");
	for (pause = 1000; pause <= 120000; pause *= 2)
	{
		now += Min(pause, 60000);
		right &= !breaker_wants_probe(&breaker, now - 1) && breaker_begin(&breaker, now) && !breaker_begin(&breaker, now);
		right &= !breaker_end(&breaker, true, false, now) && breaker.state == BREAKER_OPEN;
	}
	tap_ok(right, "breaker: pauses of 1, 2, 4 ... 60 seconds, with one probe after each");
	now += 60000;
	tap_ok(breaker_begin(&breaker, now), "breaker: a probe that says nothing");
	breaker_forget(&breaker, true);
	tap_ok(breaker_begin(&breaker, now), "breaker: lets another follow");
	tap_ok(breaker_end(&breaker, true, true, now) && breaker.state == BREAKER_CLOSED, "breaker: one that succeeds closes it");
	tap_ok(!breaker_end(&breaker, false, false, now) && breaker.state == BREAKER_CLOSED, "breaker: and what was before is forgotten");
}

void
test_sender(void)
{
	test_alphabet();
	test_addresses();
	test_opening();
	test_probing();
}
