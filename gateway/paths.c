/*
 * paths.c
 *	  Which paths are answered, and by whom.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stddef.h>

#include "api.h"
#include "assets.h"
#include "cowin.h"
#include "docs.h"
#include "info.h"
#include "metrics.h"
#include "page.h"
#include "server.h"

const Path paths[] = {
	{"/v1/otp", false, true, false, api_otp},
	{"/v1/otp/resend", false, true, false, api_resend},
	{"/v1/consent", false, true, false, api_consent},
	{"/v1/status", false, true, false, api_status},
	{COWIN_GENERATE, false, true, false, cowin_generate},
	{COWIN_CONFIRM, false, true, false, cowin_confirm},
	{COWIN_STATUS, true, false, false, cowin_status},
	{"/page", true, true, false, page_handle},
	{"/kycvs.js", true, false, false, assets_handle},
	{"/page.js", true, false, false, assets_handle},
	{"/page.css", true, false, false, assets_handle},
	{"/.well-known/jwks.json", true, false, false, info_keys},
	{"/openapi.json", true, false, false, docs_openapi},
	{"/docs", true, false, false, docs_page},
	{"/healthz", true, false, false, info_health},
	{"/metrics", true, false, true, metrics_handle},
	{NULL, false, false, false, NULL}
};
