/*
 * person.h
 *	  The rows of persons.
 *
 * A person's number is made from the mobile they were registered with: 49 bits
 * of its keyed index (the first 16 are the bucket, by whose ranges the table is
 * partitioned) and four that count the persons registered with it.  So one
 * index finds persons by number and by mobile, and 53 bits pass through JSON.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_PERSON_H
#define KYCVS_PERSON_H

#include "request.h"
#include "secret.h"
#include "table.h"

#define KYCVS_PERSON_NUMBERS	(INT64CONST(1) << 53)	/* all are less */
#define KYCVS_PERSONS_MAX		6	/* who answer for one mobile, whatever the setting says */
#define KYCVS_SLOT_MAX			15	/* who were ever registered with one mobile */

typedef enum KycvsPersonState
{
	KYCVS_PERSON_LIVING = 0,
	KYCVS_PERSON_DECEASED = 1,
	KYCVS_PERSON_MERGED = 2		/* another record is the person's now */
} KycvsPersonState;

/* Readable: whoever has one wipes it. */
typedef struct KycvsPerson
{
	int64		id;
	KycvsPersonState state;
	int			birth_year;		/* 0: unknown */
	char		mobile[KYCVS_E164_MAX + 1];
	char		name[KYCVS_NAME_MAX + 1];
	char		reference[KYCVS_TEXT_MAX + 1];	/* empty: none */
	bytea	   *doses;			/* packed, see dose.h */
	KycvsRow	row;			/* when it was found */
} KycvsPerson;

extern void kycvs_person_init(void);	/* the setting */
extern int	kycvs_persons_per_mobile(void);

/* Everybody who was registered with the mobile of this index, whatever has become of them since. */
extern int	kycvs_persons_registered(const uint8 index[KYCVS_INDEX_LENGTH], KycvsPerson persons[KYCVS_SLOT_MAX]);

/*
 * The living persons who answer for a mobile now.  For one that nobody has, a
 * neighbour's row is read and forgotten, so that as much is fetched as for one person.
 */
extern int	kycvs_persons_of_mobile(const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
									KycvsPerson persons[KYCVS_PERSONS_MAX]);

/* The same, for who knows already who is registered. */
extern int	kycvs_persons_answering(const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
									const KycvsPerson *registered, int nregistered, KycvsPerson persons[KYCVS_PERSONS_MAX]);

extern bool kycvs_person_find(int64 id, KycvsPerson *person);
extern bool kycvs_person_exists(int64 id, KycvsPersonState *state, int *birth_year);

/* A person's row and packed doses, nothing unsealed. */
extern bool kycvs_person_row(int64 id, KycvsRow *row);
extern void kycvs_person_must_row(int64 id, KycvsRow *row); /* raises where there is none */
extern bytea *kycvs_person_doses(const KycvsRow *row);
extern void kycvs_person_save_doses(KycvsRow *row, bytea *doses);

/* The record that a person's has become part of by now; their own when it was not merged. */
extern int64 kycvs_person_now(int64 id);

/* Adds a person, who gets a number; false when this mobile has none left. */
extern bool kycvs_person_add(KycvsPerson *person, const uint8 index[KYCVS_INDEX_LENGTH]);

/* The same in two steps, for who knows the last number of the mobile; 0: there is none. */
extern bool kycvs_person_set_number(KycvsPerson *person, const uint8 index[KYCVS_INDEX_LENGTH], int64 last);
extern void kycvs_person_insert(const KycvsPerson *person);

/* Writes a person who was found and has changed. */
extern void kycvs_person_save(KycvsPerson *person);

/* A person has the mobile of this index until then: infinity for the present one. */
extern void kycvs_person_set_mobile_end(int64 id, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz until);
extern void kycvs_person_set_merged(int64 id, int64 into, TimestampTz now);

/* The number of some person, chosen by "choice"; 0 when there are none. */
extern int64 kycvs_somebody(uint32 choice);

#endif							/* KYCVS_PERSON_H */
