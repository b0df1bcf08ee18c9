/*
 * sounds.h
 *	  The sounds of a word, however it is spelled, and how alike two words
 *	  sound.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SOUNDS_H
#define KYCVS_SOUNDS_H

#define KYCVS_SOUNDS_MAX	48		/* of a word */
#define KYCVS_ALIKE			1000	/* two words that sound the same */

/*
 * Long and short i, o, u, aspirated and plain, dental and retroflex are one
 * here: Latin spellings do not tell them apart.  Where a script tells less than
 * Latin letters do, there is a sound for what it leaves open.
 */
typedef enum KycvsSound
{
	SOUND_SCHWA,				/* the unwritten vowel of Indic scripts, often silent */
	SOUND_A,					/* a Latin a: long, short or silent */
	SOUND_AA,					/* a long a */
	SOUND_E,
	SOUND_I,
	SOUND_O,
	SOUND_U,
	SOUND_K,					/* the first consonant */
	SOUND_KG,					/* Tamil, which has one letter for k and g, and often h */
	SOUND_G,
	SOUND_GJ,					/* a g before e and i, as in George */
	SOUND_CH,
	SOUND_J,
	SOUND_T,
	SOUND_D,
	SOUND_DD,					/* a retroflex d: with the dot below that many leave out, r */
	SOUND_RD,					/* the flap that has the dot, written r or d */
	SOUND_P,
	SOUND_F,
	SOUND_B,
	SOUND_N,
	SOUND_NASAL,				/* a nasal vowel's, which Latin letters show or not */
	SOUND_NY,					/* in j followed by a palatal n, written gy, gn, dny, jn */
	SOUND_M,
	SOUND_Y,
	SOUND_R,
	SOUND_L,
	SOUND_ZH,					/* Tamil's and Malayalam's l, written zh */
	SOUND_V,
	SOUND_S,
	SOUND_SH,
	SOUND_Z,
	SOUND_H,
	SOUND_COUNT
} KycvsSound;

typedef struct KycvsSounds
{
	uint8		sounds[KYCVS_SOUNDS_MAX];
	int			n;
	int			consonants;
} KycvsSounds;

/* Reads the sounds of a spelling (spelling.h); false when there are too many. */
extern bool kycvs_sounds_read(const char *spelling, KycvsSounds *sounds);

/* The sounds of one word written together with another; false when too many. */
extern bool kycvs_sounds_join(const KycvsSounds *first, const KycvsSounds *second, KycvsSounds *both);

/* How alike two words sound, 0 to KYCVS_ALIKE; symmetric. */
extern int	kycvs_sounds_alike(const KycvsSounds *a, const KycvsSounds *b);

#endif							/* KYCVS_SOUNDS_H */
