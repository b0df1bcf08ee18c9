/*
 * tap.h
 *	  The little of the Test Anything Protocol that the unit tests need.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

/* Each prints one line and returns whether the test passed. */
extern bool tap_ok(bool passed, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool tap_number(int64 got, int64 expected, const char *fmt,...) pg_attribute_printf(3, 4);
extern bool tap_text(const char *got, const char *expected, const char *fmt,...) pg_attribute_printf(3, 4);

/* Compares bytes with what a hexadecimal text says. */
extern bool tap_bytes(const void *got, size_t length, const char *hex, const char *fmt,...) pg_attribute_printf(4, 5);

/* Prints the plan; the exit status of the program. */
extern int	tap_finish(void);

/* The subjects, a file each. */
extern void test_allowance(void);
extern void test_choice(void);
extern void test_dosepack(void);
extern void test_family(void);
extern void test_keyfile(void);
extern void test_keyring(void);
extern void test_mobile(void);
extern void test_name(void);
extern void test_name_hostile(void);
extern void test_namescore(void);
extern void test_otp(void);
extern void test_rules(void);
extern void test_secret(void);
extern void test_sender(void);
extern void test_template(void);
extern void test_smscheck(void);
extern void test_smschoice(void);
extern void test_smslength(void);
extern void test_usual(void);
extern void test_wording(void);

#endif							/* UNIT_TAP_H */
