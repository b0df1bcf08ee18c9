/*
 * smscheck.c
 *	  A route of messages as an administrator describes it: whether it can be
 *	  used at all.
 *
 * The sender that will use it may run on another machine, so what can be said
 * here is said here, to whoever can mend it.  It looks at each route again, and
 * at the address that a host name turns out to have.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "smscheck.h"
#include "smsjson.h"

#define KNOWN "{to}, {to_digits}, {text}, {template_id}, {entity_id}, {id}, {coding}, {secret} and {receipt_url}"
#define STATUS_MIN		100
#define STATUS_MAX		599
#define PRIORITY_MAX	1000
#define PER_MINUTE_MAX	1000000
#define TIMEOUT_MIN_MS	1000
#define TIMEOUT_MAX_MS	15000

/* The sender's own key, by which it knows receipts: it must go to nobody. */
#define RECEIPT_KEY		"receipt.key"

static const char *const placeholders[] = {
	"to", "to_digits", "text", "secret", "template_id", "entity_id", "id", "coding", "receipt_url"
};

#define USES_TO			0x3		/* to, to_digits */
#define USES_TEXT		0x4
#define USES_SECRET		0x8

typedef enum Host
{
	HOST_INVALID,
	HOST_PRIVATE,				/* by its number, or localhost */
	HOST_PUBLIC
} Host;

static bool refuse(char *reason, const char *fmt,...) pg_attribute_printf(2, 3);

static bool
refuse(char *reason, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	vsnprintf(reason, KYCVS_SMS_REASON_MAX, fmt, args);
	va_end(args);
	return false;
}

/* ---- texts ---- */

/* The two-byte forms of U+0080 to U+009F begin with C2. */
static bool
has_control(const char *string)
{
	const unsigned char *c;

	for (c = (const unsigned char *) string; *c; c++)
		if (*c < ' ' || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			return true;
	return false;
}

/* A name that is the same in any shell, log and file system. */
static bool
is_plain_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && name[0] != '-' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(name);
}

/* Adds to "used" the placeholder that begins after a brace; returns what follows it, or NULL. */
static const char *
read_placeholder(const char *string, unsigned *used)
{
	size_t		i;

	for (i = 0; i < lengthof(placeholders); i++)
	{
		size_t		length = strlen(placeholders[i]);

		if (strncmp(string, placeholders[i], length) == 0 && string[length] == '}')
		{
			*used |= 1U << i;
			return string + length + 1;
		}
	}
	return NULL;
}

static bool
check_template(const char *what, const char *template, unsigned *used, char *reason)
{
	const char *c = template;

	if (has_control(template))
		return refuse(reason, "%s has control characters", what);
	while (*c)
	{
		if ((c[0] == '{' && c[1] == '{') || (c[0] == '}' && c[1] == '}'))
			c += 2;
		else if (*c == '}')
			return refuse(reason, "%s has a closing brace without an opening one; }} is a brace", what);
		else if (*c != '{')
			c++;
		else if ((c = read_placeholder(c + 1, used)) == NULL)
			return refuse(reason, "%s has an unknown placeholder: known are " KNOWN "; {{ is a brace", what);
	}
	return true;
}

/* ---- where it goes ---- */

/* By bits: loopback, private, link-local, shared and unspecified. */
static bool
is_private_ipv4(uint32 address)
{
	return address >> 24 == 127 || address >> 24 == 10 || address >> 24 == 0 || address >> 20 == 0xac1 ||
		address >> 16 == 0xc0a8 || address >> 16 == 0xa9fe || address >> 22 == 0x191;
}

static bool
is_private_ipv6(const uint8 *address)
{
	static const uint8 nearly_zero[15] = {0};
	static const uint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		return is_private_ipv4((uint32) address[12] << 24 | address[13] << 16 | address[14] << 8 | address[15]);
	return (memcmp(address, nearly_zero, sizeof(nearly_zero)) == 0 && address[15] <= 1) ||
		(address[0] & 0xfe) == 0xfc || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

static Host
judge_host(const char *host)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;
	size_t		length = strlen(host);

	if (strchr(host, ':') != NULL)
	{
		if (inet_pton(AF_INET6, host, &ipv6) != 1)
			return HOST_INVALID;
		return is_private_ipv6(ipv6.s6_addr) ? HOST_PRIVATE : HOST_PUBLIC;
	}
	if (inet_pton(AF_INET, host, &ipv4) == 1)
		return is_private_ipv4(ntohl(ipv4.s_addr)) ? HOST_PRIVATE : HOST_PUBLIC;
	if (!is_plain_name(host))
		return HOST_INVALID;
	if (strcmp(host, "localhost") == 0 || (length > 10 && strcmp(host + length - 10, ".localhost") == 0))
		return HOST_PRIVATE;
	return HOST_PUBLIC;
}

static bool
is_port(const char *port)
{
	size_t		digits = strspn(port, "0123456789");

	return digits > 0 && digits <= 5 && port[digits] == '\0' && atoi(port) >= 1 && atoi(port) <= 65535;
}

/* Host and port stand between the slashes and what follows; an IPv6 address in brackets. */
static Host
find_host(const char *url)
{
	char		host[KYCVS_SMS_URL_MAX + 1];
	const char *begin = strstr(url, "://") + 3;
	char	   *end;
	char	   *port;

	strlcpy(host, begin, sizeof(host));
	host[strcspn(host, "/?#")] = '\0';
	end = host[0] == '[' ? strchr(host, ']') : NULL;
	port = strchr(end != NULL ? end : host, ':');
	if (port != NULL)
	{
		if (!is_port(port + 1))
			return HOST_INVALID;
		*port = '\0';
	}
	if (end == NULL)
		return judge_host(host);
	if (end[1] != '\0')
		return HOST_INVALID;
	*end = '\0';
	return strchr(host + 1, ':') == NULL ? HOST_INVALID : judge_host(host + 1);
}

static bool
is_encrypted(const char *url)
{
	return strncmp(url, "https://", 8) == 0;
}

static bool
check_url(const KycvsSmsRoute *route, unsigned *used, char *reason)
{
	const char *c;
	Host		host;

	if (!is_encrypted(route->url) && strncmp(route->url, "http://", 7) != 0)
		return refuse(reason, "url must begin with https:// or http://");
	for (c = route->url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`|#", *c) != NULL)
			return refuse(reason, "url has a character that must be percent-encoded, or a fragment");
	host = find_host(route->url);
	if (host == HOST_INVALID)
		return refuse(reason, "url must name a host, with no user, password or placeholder in it");
	if (host == HOST_PRIVATE && !route->allow_private)
		return refuse(reason, "url is of a loopback or private address, which only allow_private => true permits");
	return check_template("url", route->url, used, reason);
}

/* ---- what is sent ---- */

static bool
check_header(const char *header, int n, unsigned *used, char *reason)
{
	static const char *const ours[] = {"host:", "content-length:", "transfer-encoding:", "connection:"};
	const char *colon = strchr(header, ':');
	char		what[16];
	size_t		i;

	if (colon == NULL || colon == header || header + strspn(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != colon)
		return refuse(reason, "header %d is not of the form 'Name: value'", n);
	for (i = 0; i < lengthof(ours); i++)
		if (pg_strncasecmp(header, ours[i], strlen(ours[i])) == 0)
			return refuse(reason, "header %d is one that the sender writes itself", n);
	snprintf(what, sizeof(what), "header %d", n);
	return check_template(what, header, used, reason);
}

static bool
check_body(const KycvsSmsRoute *route, unsigned *used, char *reason)
{
	if (strcmp(route->method, "GET") != 0 && strcmp(route->method, "POST") != 0)
		return refuse(reason, "method must be GET or POST");
	if (strcmp(route->body_format, "form") != 0 && strcmp(route->body_format, "json") != 0)
		return refuse(reason, "body_format must be form or json");
	if (route->body[0] != '\0' && strcmp(route->method, "GET") == 0)
		return refuse(reason, "a body needs method => 'POST'");
	if (!check_template("body", route->body, used, reason))
		return false;
	if (route->body[0] != '\0' && strcmp(route->body_format, "json") == 0 && !kycvs_sms_is_json(route->body))
		return refuse(reason, "body is not JSON when it is filled in; only {id}, {to_digits} and {coding} can stand without quotes");
	return true;
}

static bool
check_secret(const KycvsSmsRoute *route, unsigned used, char *reason)
{
	bool		wanted = route->username[0] != '\0' || (used & USES_SECRET) != 0;

	if (has_control(route->username) || strchr(route->username, ':') != NULL)
		return refuse(reason, "username has a colon or control characters");
	if (route->secret_file[0] == '\0')
		return !wanted || refuse(reason, "username and {secret} need a secret_file");
	if (!is_plain_name(route->secret_file) || strcmp(route->secret_file, RECEIPT_KEY) == 0)
		return refuse(reason, "secret_file must be the bare name of a file in the sender's directory of secrets");
	return wanted || refuse(reason, "secret_file is used by no username and no {secret}");
}

static bool
check_numbers(const KycvsSmsRoute *route, char *reason)
{
	if (route->priority < 0 || route->priority > PRIORITY_MAX)
		return refuse(reason, "priority must be between 0 and %d", PRIORITY_MAX);
	if (route->success_status != 0 && (route->success_status < STATUS_MIN || route->success_status > STATUS_MAX))
		return refuse(reason, "success_status must be null for any of 2xx, or between %d and %d", STATUS_MIN, STATUS_MAX);
	if (route->per_minute < 0 || route->per_minute > PER_MINUTE_MAX)
		return refuse(reason, "per_minute must be null for no cap, or between 1 and %d", PER_MINUTE_MAX);
	if (route->timeout_ms < TIMEOUT_MIN_MS || route->timeout_ms > TIMEOUT_MAX_MS)
		return refuse(reason, "attempt_timeout must be between %d and %d seconds", TIMEOUT_MIN_MS / 1000, TIMEOUT_MAX_MS / 1000);
	return true;
}

bool
kycvs_sms_check(const KycvsSmsRoute *route, char reason[KYCVS_SMS_REASON_MAX])
{
	unsigned	used = 0;
	unsigned	in_headers = 0;
	int			i;

	if (!is_plain_name(route->name))
		return refuse(reason, "name must be 1 to %d of a-z, A-Z, 0-9, dash, underscore and dot, and begin with a letter or digit", KYCVS_SMS_NAME_MAX);
	if (!check_url(route, &used, reason) || !check_body(route, &used, reason))
		return false;
	for (i = 0; i < route->nheaders; i++)
		if (!check_header(route->headers[i], i + 1, &in_headers, reason))
			return false;
	if ((used & USES_TEXT) == 0 || (used & USES_TO) == 0)
		return refuse(reason, "url and body have no place for {text}, or none for {to} or {to_digits}");
	return check_secret(route, used | in_headers, reason) && check_numbers(route, reason);
}

bool
kycvs_sms_is_open(const KycvsSmsRoute *route)
{
	return !is_encrypted(route->url) && find_host(route->url) == HOST_PUBLIC;
}
