/*
 * es6number.h
 *	  Numbers as ECMAScript prints them (Number::toString, radix 10), which is
 *	  how RFC 8785 wants them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_ES6NUMBER_H
#define KYCVS_ES6NUMBER_H

#define KYCVS_ES6_NUMBER_MAX 32	/* "-0.0000012345678901234567" and its NUL fit */

/* Writes a finite number; returns the length of the text. */
extern int	kycvs_es6_number(double value, char text[KYCVS_ES6_NUMBER_MAX]);

#endif							/* KYCVS_ES6NUMBER_H */
