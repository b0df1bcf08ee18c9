/*
 * smsroute.c
 *	  The rows of routes by which messages go to a gateway.
 *
 * They are few, and read whole for each chunk of messages that is claimed: so
 * what an administrator changes holds for the next one.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "smsroute.h"
#include "statement.h"
#include "table.h"
#include "utils/array.h"
#include "utils/builtins.h"

enum
{
	ROUTE_ID = 1,
	ROUTE_NAME,
	ROUTE_PRIORITY,
	ROUTE_ENABLED,
	ROUTE_METHOD,
	ROUTE_URL,
	ROUTE_HEADERS,
	ROUTE_BODY,
	ROUTE_BODY_FORMAT,
	ROUTE_SUCCESS_STATUS,
	ROUTE_SUCCESS_PATTERN,
	ROUTE_USERNAME,
	ROUTE_SECRET_FILE,
	ROUTE_PER_MINUTE,
	ROUTE_TIMEOUT_MS,
	ROUTE_ALLOW_PRIVATE,
	ROUTE_CREATED_AT
};
static const char *const route_columns[] = {
	[ROUTE_ID] = "id",
	[ROUTE_NAME] = "name",
	[ROUTE_PRIORITY] = "priority",
	[ROUTE_ENABLED] = "enabled",
	[ROUTE_METHOD] = "method",
	[ROUTE_URL] = "url",
	[ROUTE_HEADERS] = "headers",
	[ROUTE_BODY] = "body",
	[ROUTE_BODY_FORMAT] = "body_format",
	[ROUTE_SUCCESS_STATUS] = "success_status",
	[ROUTE_SUCCESS_PATTERN] = "success_pattern",
	[ROUTE_USERNAME] = "username",
	[ROUTE_SECRET_FILE] = "secret_file",
	[ROUTE_PER_MINUTE] = "per_minute",
	[ROUTE_TIMEOUT_MS] = "timeout_ms",
	[ROUTE_ALLOW_PRIVATE] = "allow_private",
	[ROUTE_CREATED_AT] = "created_at"
};
static KycvsTable routes_table = KYCVS_KEPT_TABLE("sms_route", route_columns);
static KycvsIndex routes_by_id = {&routes_table, "sms_route_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex all_routes = {&routes_table, "sms_route_pkey", 1, BTGreaterStrategyNumber};

static KycvsStatement insert_route = {
	"INSERT INTO kycvs_data.sms_route (name, priority, method, url, headers, body, body_format, success_status, success_pattern,"
	" username, secret_file, per_minute, timeout_ms, allow_private, created_at)"
	" VALUES ($1, $2, $3, $4, $5, nullif($6, ''), $7, nullif($8, 0), nullif($9, ''), nullif($10, ''), nullif($11, ''), nullif($12, 0), $13, $14, $15)"
	" ON CONFLICT (name) DO NOTHING RETURNING id"
};
static KycvsStatement enable_route = {
	"UPDATE kycvs_data.sms_route SET enabled = $2 WHERE name = $1 RETURNING id"
};
static KycvsStatement remove_route = {
	"DELETE FROM kycvs_data.sms_route WHERE name = $1 RETURNING id"
};

void
kycvs_sms_routes_read(KycvsSmsRoutes *routes)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;

	routes->n = 0;
	kycvs_bind_int4(&keys, 0);
	kycvs_scan_begin(&scan, &all_routes, &keys, ForwardScanDirection);
	while (routes->n < KYCVS_SMS_ROUTES_MAX && kycvs_scan_next(&scan, &row))
	{
		KycvsSmsOption *option = &routes->options[routes->n];

		option->id = kycvs_row_int4(&row, ROUTE_ID);
		option->priority = kycvs_row_int4(&row, ROUTE_PRIORITY);
		option->open = kycvs_row_bool(&row, ROUTE_ENABLED);
		option->left = kycvs_row_null(&row, ROUTE_PER_MINUTE) ? -1 : kycvs_row_int4(&row, ROUTE_PER_MINUTE);
		kycvs_row_text(&row, ROUTE_NAME, routes->names[routes->n], sizeof(routes->names[0]));
		routes->n++;
	}
	kycvs_scan_end(&scan);
}

bool
kycvs_sms_route_exists(int32 id)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int4(&keys, id);
	return kycvs_row_find(&routes_by_id, &keys, &row);
}

static Datum
make_headers(const KycvsSmsRoute *route)
{
	Datum		headers[KYCVS_SMS_HEADERS_MAX];
	int			i;

	for (i = 0; i < route->nheaders; i++)
		headers[i] = CStringGetTextDatum(route->headers[i]);
	return PointerGetDatum(construct_array(headers, route->nheaders, TEXTOID, -1, false, TYPALIGN_INT));
}

int32
kycvs_sms_route_insert(const KycvsSmsRoute *route, TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, route->name);
	kycvs_bind_int4(&args, route->priority);
	kycvs_bind_text(&args, route->method);
	kycvs_bind_text(&args, route->url);
	kycvs_bind_datum(&args, TEXTARRAYOID, make_headers(route));
	kycvs_bind_text(&args, route->body);
	kycvs_bind_text(&args, route->body_format);
	kycvs_bind_int4(&args, route->success_status);
	kycvs_bind_text(&args, route->success_pattern);
	kycvs_bind_text(&args, route->username);
	kycvs_bind_text(&args, route->secret_file);
	kycvs_bind_int4(&args, route->per_minute);
	kycvs_bind_int4(&args, route->timeout_ms);
	kycvs_bind_bool(&args, route->allow_private);
	kycvs_bind_time(&args, now);
	return kycvs_run(&insert_route, &args) == 0 ? 0 : kycvs_column_int4(0, 1);
}

int32
kycvs_sms_route_enable(const char *name, bool enabled)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, name);
	kycvs_bind_bool(&args, enabled);
	return kycvs_run(&enable_route, &args) == 0 ? 0 : kycvs_column_int4(0, 1);
}

int32
kycvs_sms_route_remove(const char *name)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, name);
	return kycvs_run(&remove_route, &args) == 0 ? 0 : kycvs_column_int4(0, 1);
}
