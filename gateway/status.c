/*
 * status.c
 *	  From SQLSTATE to HTTP: the one table.
 *
 * KV codes are the registry's refusals, and have its words.  The others are
 * errors of the database; their words could name what somebody has sent, so a
 * client gets ours.  CoWIN's calls have a few statuses of their own (cowin.c).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include "status.h"

#define NOT_NOW	"the registry cannot be reached now"

static const Status table[] = {
	{"KV001", 422, NULL, -1},	/* mobile number not valid */
	{"KV002", 422, NULL, -1},	/* name not valid */
	{"KV003", 401, "the API key is not known", -1},
	{"KV004", 403, NULL, -1},	/* entity suspended */
	{"KV005", 403, NULL, -1},	/* purpose not allowed */
	{"KV006", 422, NULL, -1},	/* consent is required */
	{"KV007", 429, NULL, -1},	/* too many requests */
	{"KV008", 422, NULL, -1},	/* date not allowed */
	{"KV009", 422, NULL, -1},	/* no notice in this language */
	{"KV010", 422, NULL, -1},	/* OTP wrong */
	{"KV011", 410, NULL, -1},	/* OTP expired */
	{"KV012", 410, NULL, -1},	/* no tries left */
	{"KV013", 404, NULL, -1},	/* challenge unknown */
	{"KV014", 409, NULL, -1},	/* OTP already used */
	{"KV020", 422, NULL, -1},	/* consent not valid */
	{"KV021", 410, NULL, -1},	/* consent expired */
	{"KV022", 410, NULL, -1},	/* consent withdrawn */
	{"KV023", 410, NULL, -1},	/* consent used up */
	{"KV030", 422, NULL, -1},	/* document malformed */
	{"KV040", 503, NULL, 60},	/* key unusable */
	{"KV041", 422, NULL, -1},	/* too many persons */
	{"KV050", 503, NULL, 5},	/* authority not running */
	{"KV051", 503, NULL, 5},	/* on a standby */
	{"KV052", 504, NULL, 1},	/* no answer in time */
	{"KV", 422, NULL, -1},
	{"0A000", 503, NOT_NOW, 1},	/* these two: what was prepared is there no more */
	{"26000", 503, NOT_NOW, 1},
	{"22", 422, "a value is not valid", -1},
	{"25006", 503, NOT_NOW, 5},	/* read-only: a standby */
	{"40", 503, NOT_NOW, 1},	/* rolled back, for reasons of the server */
	{"53300", 503, "too many requests wait for the registry", 1},
	{"53", 503, NOT_NOW, 5},	/* memory, disk, connections */
	{"57014", 504, "the registry did not answer in time", 1},
	{"57", 503, NOT_NOW, 5},	/* the server shuts down */
	{"08", 503, NOT_NOW, 5},	/* connection */
	{"28", 503, NOT_NOW, 60},	/* login */
	{"3F", 503, "the gateway is not set up for this registry", 60},	/* no such schema */
	{"42", 503, "the gateway is not set up for this registry", 60},
	{"", 500, "something went wrong", -1}
};

const Status *
status_find(const char *sqlstate)
{
	const Status *row = table;

	while (strncmp(row->sqlstate, sqlstate, strlen(row->sqlstate)) != 0)
		row++;
	return row;
}
