/*
 * pages.c
 *	  The page of an entity: which web sites may embed it, and for what it asks
 *	  when nobody says.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <ctype.h>

#include "call.h"
#include "pages.h"
#include "statement.h"

/* ---- statements ---- */

static KycvsStatement write_origins = {
	"INSERT INTO kycvs_data.page AS p (entity, origins) VALUES ($1, coalesce(string_to_array(nullif($2, ''), ' '), '{}'))"
	" ON CONFLICT (entity) DO UPDATE SET origins = excluded.origins"
};
static KycvsStatement write_default = {
	"INSERT INTO kycvs_data.page AS p (entity, default_purpose) VALUES ($1, $2)"
	" ON CONFLICT (entity) DO UPDATE SET default_purpose = excluded.default_purpose"
};

/* ---- origins ---- */

/* A port without leading zeros, and not the one that goes without saying. */
static bool
is_port(const char *text, int usual)
{
	int			port = 0;
	int			digits = 0;

	if (*text == '0')
		return false;
	for (; isdigit((unsigned char) *text) && digits < 6; digits++)
		port = port * 10 + (*text++ - '0');
	return *text == '\0' && port > 0 && port <= 65535 && port != usual;
}

/* Labels of a-z, 0-9 and '-' with dots between them, as browsers write them. */
static bool
is_host(const char *text, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	size_t		i;

	for (i = 0; i < length; i++)
	{
		bool		at_end = i == 0 || i == length - 1 || text[i - 1] == '.' || text[i + 1] == '.';

		if (strchr(letters, text[i]) == NULL || (at_end && (text[i] == '-' || (text[i] == '.' && (i == 0 || i == length - 1 || text[i - 1] == '.')))))
			return false;
	}
	return length > 0;
}

static bool
is_this_machine(const char *host, size_t length)
{
	return (length == 9 && strncmp(host, "localhost", 9) == 0) || (length == 9 && strncmp(host, "127.0.0.1", 9) == 0);
}

/* As a browser sends it: scheme, host and perhaps a port.  Without TLS only on this machine, for trying. */
static bool
is_origin(const char *text)
{
	bool		secure = strncmp(text, "https://", 8) == 0;
	const char *host = text + (secure ? 8 : 7);
	size_t		length;

	if (!secure && strncmp(text, "http://", 7) != 0)
		return false;
	length = strcspn(host, ":");
	return is_host(host, length) &&
		(secure || is_this_machine(host, length)) &&
		(host[length] == '\0' || is_port(host + length + 1, secure ? 443 : 80));
}

/* ---- decisions ---- */

void
kycvs_decide_set_page(KycvsCall *call)
{
	KycvsEntity entity;
	KycvsArgs	args = {0};
	char		all[KYCVS_ORIGINS_MAX * KYCVS_ORIGIN_SIZE] = "";
	int			i;

	if (!kycvs_named_entity(call, &entity))
		return;
	for (i = 0; i < call->request->count; i++)
	{
		const char *origin = call->request->notice + i * KYCVS_ORIGIN_SIZE;

		if (!is_origin(origin))
		{
			kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
								 "an origin is https://, a host in small letters and perhaps a port, or http://localhost or http://127.0.0.1");
			return;
		}
		if (i > 0)
			strlcat(all, " ", sizeof(all));
		strlcat(all, origin, sizeof(all));
	}
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_text(&args, all);
	kycvs_run(&write_origins, &args);
}

void
kycvs_decide_set_default_purpose(KycvsCall *call)
{
	KycvsEntity entity;
	KycvsPurpose purpose;
	KycvsArgs	args = {0};

	if (!kycvs_named_entity(call, &entity))
		return;
	if (!kycvs_purpose_allowed(entity.id, call->request->text, &purpose))
	{
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "the entity has no such purpose");
		return;
	}
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_int4(&args, purpose.id);
	kycvs_run(&write_default, &args);
}
