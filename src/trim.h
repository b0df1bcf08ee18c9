/*
 * trim.h
 *	  Blanks around a text.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_TRIM_H
#define KYCVS_TRIM_H

/* Takes them off, in place: what spreadsheets and editors leave, byte order marks too. */
extern void kycvs_trim(char *text);

#endif							/* KYCVS_TRIM_H */
