/*
 * unit_test.c
 *	  Tests of the modules that need no server: names, choices among them,
 *	  mobile numbers, rules, doses, key files, signing keys, secrets, one-time
 *	  passwords, messages, their routes and shipped texts, and what the sender
 *	  judges by itself.  Prints TAP.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "tap.h"

int
main(void)
{
	test_rules();
	test_dosepack();
	test_allowance();
	test_choice();
	test_mobile();
	test_name();
	test_name_hostile();
	test_namescore();
	test_family();
	test_keyfile();
	test_keyring();
	test_secret();
	test_otp();
	test_template();
	test_sender();
	test_smschoice();
	test_smscheck();
	test_smslength();
	test_usual();
	test_wording();
	return tap_finish();
}
