/*
 * sounds.h
 *	  The sounds of a word, however it is spelled, and how alike two words
 *	  sound.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SOUNDS_H
#define KYCVS_SOUNDS_H

#define KYCVS_SOUNDS_MAX	40		/* of a word */
#define KYCVS_ALIKE			1000	/* two words that sound the same */

/* Vowels first: a sound below SOUND_K is one. */
typedef enum KycvsSound
{
	SOUND_SCHWA, SOUND_A, SOUND_AA, SOUND_E, SOUND_I, SOUND_O, SOUND_U,
	SOUND_K, SOUND_KG, SOUND_G, SOUND_GJ, SOUND_C, SOUND_J, SOUND_T, SOUND_D, SOUND_P, SOUND_F, SOUND_B,
	SOUND_N, SOUND_NY, SOUND_M, SOUND_Y, SOUND_R, SOUND_RD, SOUND_L, SOUND_ZH, SOUND_V, SOUND_S, SOUND_SH, SOUND_Z, SOUND_H,
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

/* How alike two words sound, 0 to KYCVS_ALIKE; symmetric. */
extern int	kycvs_sounds_alike(const KycvsSounds *a, const KycvsSounds *b);

#endif							/* KYCVS_SOUNDS_H */
