/*
 * smsjson.h
 *	  The body of a route that sends JSON: whether it is some.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSJSON_H
#define KYCVS_SMSJSON_H

/* Of a template that smscheck.h's checks have found no fault with, whatever its placeholders will stand for. */
extern bool kycvs_sms_is_json(const char *template);

#endif							/* KYCVS_SMSJSON_H */
