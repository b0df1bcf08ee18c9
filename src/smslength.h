/*
 * smslength.h
 *	  How long a text is as a short message.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSLENGTH_H
#define KYCVS_SMSLENGTH_H

typedef struct KycvsSmsLength
{
	bool		gsm7;			/* else UCS-2 */
	int			characters;		/* septets, or UTF-16 units */
	int			parts;
	int			part_size;		/* what each part holds: 160, 153, 70 or 67 */
} KycvsSmsLength;

extern void kycvs_sms_length(const char *utf8, KycvsSmsLength *length);

#endif							/* KYCVS_SMSLENGTH_H */
