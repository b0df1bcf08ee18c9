/*
 * test_namescore.c
 *	  How well names fit each other, in the scripts of India, and what holds for
 *	  any two names.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <time.h>

#include "namescore.h"
#include "tap.h"

#define RANDOM_NAMES	20000
#define ACCEPTED		650		/* the default of kycvs.name_threshold */
#define WORST_CASE_MS	50		/* a hundred times of what it takes, for slow machines and sanitizers */

typedef struct Pair
{
	const char *a;
	const char *b;
} Pair;

static const Pair same[] = {
	/* what the registry's clerk and the passenger type */
	{"RAMESHBHAI PATEL", "રમેશ પટેલ"},
	{"RAMESHBHAI PATEL", "Patel Ramesh"},
	{"RAMESHBHAI PATEL", "R. Patel"},
	{"Shri Ramesh Patel", "રમેશભાઈ પટેલ"},
	{"Kiranben Patel", "કિરણબેન પટેલ"},
	/* an initial stands for a name before it stands for a suffix */
	{"Rameshbhai Patel", "Ramesh P"},
	{"Rameshbhai Patel", "P. Ramesh"},
	{"Maheshbhai Parmar", "Mahesh P."},
	{"Rameshbhai Bhatt", "Ramesh B."},
	{"Rameshkumar Patel", "Ramesh P."},
	{"Ramesh Kumar", "Ramesh K."},
	/* one name in each script */
	{"Ramesh Patel", "रमेश पटेल"},
	{"Ramesh Patel", "રમેશ પટેલ"},
	{"Ramesh Patel", "রমেশ প্যাটেল"},
	{"Ramesh Patel", "ਰਮੇਸ਼ ਪਟੇਲ"},
	{"Ramesh Patel", "ରମେଶ ପଟେଲ"},
	{"Ramesh Patel", "ரமேஷ் படேல்"},
	{"Ramesh Patel", "రమేష్ పటేల్"},
	{"Ramesh Patel", "ರಮೇಶ್ ಪಟೇಲ್"},
	{"Ramesh Patel", "രമേഷ് പട്ടേൽ"},
	{"રમેશ પટેલ", "ரமேஷ் படேல்"},
	{"रमेश पटेल", "ರಮೇಶ್ ಪಟೇಲ್"},
	{"Mohan Joseph", "മോഹൻ ജോസഫ്"},
	{"Soumya Nair", "സൗമ്യ നായർ"},
	{"Mohan Das", "மோகன் தாஸ்"},
	{"Krishan Sharma", "ਕ੍ਰਿਸ਼ਨ ਸ਼ਰਮਾ"},
	{"Utpal Barua", "উৎপল বৰুৱা"},
	{"Kamala Baraik", "कमला बडाईक"},
	/* names of the south, the east and the north-west */
	{"Krishnamurthy", "கிருஷ்ணமூர்த்தி"},
	{"Azhagu Selvam", "அழகு செல்வம்"},
	{"Alagu Chelvam", "அழகு செல்வம்"},
	{"Gandhimathi", "காந்திமதி"},
	{"Meera Iyer", "மீரா ஐயர்"},
	{"Radhakrishnan Nair", "രാധാകൃഷ്ണൻ നായർ"},
	{"Venkateswara Rao", "వెంకటేశ్వరరావు"},
	{"Subhash Ghosh", "সুভাষ ঘোষ"},
	{"Bikash Biswas", "विकास विश्वास"},
	{"Harpreet Singh", "ਹਰਪ੍ਰੀਤ ਸਿੰਘ"},
	{"Jnanendra", "ज्ञानेन्द्र"},
	{"Gyanendra", "ज्ञानेन्द्र"},
	/* spellings */
	{"Subramanian", "Subramaniam"},
	{"Laxmi Narayan", "Lakshminarayan"},
	{"Vijay Laxmi", "Vijayalakshmi"},
	{"Vikas Vishwakarma", "Bikash Biswakarma"},
	{"Wasim Akram", "वसीम अकरम"},
	{"Chaudhary Vinod", "Choudhry Binod"},
	{"Zeenat Shaikh", "Jinat Sheikh"},
	{"Xavier Dsouza", "ज़ेवियर डिसूज़ा"},
	{"George Thomas", "जॉर्ज थॉमस"},
	{"Narendra Modi", "Narendar Modi"},
	{"Puja Gupta", "Pooja Gupta"},
	{"Basanti Bose", "Basanti Basu"},
	/* abbreviations, suffixes, fillers, titles */
	{"Mohd Asif", "मोहम्मद आसिफ"},
	{"Md. Asif Khan", "Muhammad Aasif Khan"},
	{"Sk. Rahim", "Sheikh Raheem"},
	{"Ramesh Kumar Sharma", "Ramesh Sharma"},
	{"Jayeshkumar Shah", "Jayesh Shah"},
	{"Sunita Kumari", "सुनीता"},
	{"Ramesh Kumar", "રમેશભાઈ"},
	{"Late Haralal Das", "स्वर्गीय हरलाल दास"},
	{"Adv. Meena Joshi", "मीना जोशी"},
	/* initials */
	{"K. A. Raman", "के.ए. रमन"},
	{"K. A. Raman", "கே.ஏ. ராமன்"},
	{"RK Narayan", "R. K. Narayan"},
	{"SP Singh", "एस.पी. सिंह"},
	{"Lt. Haralal Das", "स्व. हरलाल दास"},
	{"V. Kumaran", "वी कुमरन"},
	{"S. Murugan", "முருகன்"},
	{"R. Kantilal Zaveri", "Ramesh K. Zaveri"},
	/* a typing error in a long word */
	{"Krishnamrthy Iyer", "Krishnamurthy Iyer"},
	{"Ramachandran Pillai", "Ramachadran Pillai"},
	{"Balasubramaniam", "Balasubramniam"},
};

static const Pair different[] = {
	{"Ramesh Patel", "Rakesh Patel"},
	{"Rameshbhai Shah", "Ramesh B."},
	{"Ramesh Patel", "રાકેશ પટેલ"},
	{"Ramesh Patel", "Rajesh Patel"},
	{"Ramesh Zaveri", "Rajesh Zaveri"},
	{"Suresh Patel", "Naresh Patel"},
	{"Suresh Joshi", "Sudesh Joshi"},
	{"Mohammad Asif", "Mohammad Arif"},
	{"Mohd Asif Khan", "मोहम्मद आरिफ खान"},
	{"Sunita Patel", "Sunil Patel"},
	{"Sunita Patel", "Anita Patel"},
	{"Sunita Patel", "सुमिता पटेल"},
	{"Amit Shah", "Ajit Shah"},
	{"Amit Shah", "Sumit Shah"},
	{"Anil Kumar", "Sunil Kumar"},
	{"Anil Kumar", "Anil Kumari Devi Sharma"},
	{"Rita Das", "Gita Das"},
	{"Kavita Singh", "ਸਵਿਤਾ ਸਿੰਘ"},
	{"Surendra Singh", "Narendra Singh"},
	{"Mohan Lal", "Sohan Lal"},
	{"Ram Singh", "Raj Singh"},
	{"Arun Kumar", "Varun Kumar"},
	{"Arun Kumar", "Aruna Kumari"},
	{"Sunil Verma", "Sunila Verma"},
	{"Deepak Jain", "Deepika Jain"},
	{"Vijay Patil", "Ajay Patil"},
	{"Nilesh Rane", "Nitesh Rane"},
	{"Mukesh Rane", "महेश राणे"},
	{"Ashok Gupta", "Alok Gupta"},
	{"Rajkumar Roy", "Ramkumar Roy"},
	{"Rajesh Kumar", "Raj Kumar"},
	{"Jai Prakash", "Om Prakash"},
	/* wives and sons with a relative's name in the middle */
	{"Kokila Ramesh Patel", "Ramesh Patel"},
	{"Kokila Ramesh Zaveri", "Ramesh Zaveri"},
	{"Kokila Ramesh Kantilal Zaveri", "Ramesh Kantilal Zaveri"},
	{"Ramesh Kantilal Patel", "Kantilal Patel"},
	{"Ramesh Kantilal Patel", "Suresh Kantilal Patel"},
	/* a surname alone */
	{"Patel", "Ramesh Patel"},
	{"सिंह", "Ram Singh"},
	/* initials that conflict, or are all there is */
	{"K. Murugan", "M. Murugan"},
	{"S. Suresh", "के. सुरेश"},
	{"A. K. Raman", "B. K. Raman"},
	{"S. Patel", "Ramesh Patel"},
	{"SP Singh", "RP Singh"},
	{"S. Ram Mohan Rao", "K. Ram Mohan Rao"},
	{"R. P.", "Ramesh Patel"},
	{"P. Magesh Kumar", "M. Pradeep Kumar"},
	/* scripts that are not transliterated fit only themselves */
	{"محمد عاصف", "Mohammad Asif"},
	{"李雷", "Li Lei"},
};

static int
score(const char *a, const char *b)
{
	char		folded_a[KYCVS_FOLDED_MAX + 1];
	char		folded_b[KYCVS_FOLDED_MAX + 1];

	if (kycvs_name_fold(a, folded_a) != 0 || kycvs_name_fold(b, folded_b) != 0)
		return -1;
	return kycvs_name_score(folded_a, folded_b);
}

static void
test_pairs(void)
{
	size_t		i;

	for (i = 0; i < lengthof(same); i++)
	{
		int			got = score(same[i].a, same[i].b);

		tap_ok(got >= ACCEPTED, "score: \"%s\" is \"%s\": %d", same[i].a, same[i].b, got);
	}
	for (i = 0; i < lengthof(different); i++)
	{
		int			got = score(different[i].a, different[i].b);

		tap_ok(got >= 0 && got < ACCEPTED, "score: \"%s\" is not \"%s\": %d", different[i].a, different[i].b, got);
	}
}

/* Every name of the tables with every other. */
static const char *
name_at(size_t i)
{
	const Pair *pair = i / 2 < lengthof(same) ? &same[i / 2] : &different[i / 2 - lengthof(same)];

	return i % 2 == 0 ? pair->a : pair->b;
}

static void
test_properties(void)
{
	size_t		n = 2 * (lengthof(same) + lengthof(different));
	int			not_symmetric = 0;
	int			out_of_range = 0;
	int			not_itself = 0;
	int			titled = 0;
	size_t		i;
	size_t		j;

	for (i = 0; i < n; i++)
	{
		char		title[KYCVS_NAME_MAX + 1];

		snprintf(title, sizeof(title), "श्री %s, Dr.", name_at(i));
		not_itself += score(name_at(i), name_at(i)) != KYCVS_SCORE_MAX;
		for (j = 0; j < n; j++)
		{
			int			got = score(name_at(i), name_at(j));

			not_symmetric += got != score(name_at(j), name_at(i));
			out_of_range += got < 0 || got > KYCVS_SCORE_MAX;
			titled += got != score(title, name_at(j));
		}
	}
	tap_number(not_symmetric, 0, "score: symmetric");
	tap_number(out_of_range, 0, "score: within its range");
	tap_number(not_itself, 0, "score: a name is itself");
	tap_number(titled, 0, "score: titles make no difference");
	tap_number(score("Venkata Subba Rao", "राव सुब्बा वेंकट"), score("Rao Venkata Subba", "वेंकट राव सुब्बा"),
			   "score: the order of words makes no difference");
	tap_number(kycvs_name_score("", ""), 0, "score: an empty name fits none");
	tap_number(kycvs_name_score("", "ramesh"), 0, "score: nor does any fit it");
	tap_number(score("Late", "late"), KYCVS_SCORE_MAX, "score: a name of a title is equal to itself");
	tap_number(score("Late", "Adv"), 0, "score: and fits no other");
}

static void
repeat(char name[KYCVS_NAME_MAX + 1], const char *word)
{
	size_t		at = 0;

	while (at + strlen(word) <= KYCVS_NAME_MAX)
	{
		strlcpy(name + at, word, KYCVS_NAME_MAX + 1 - at);
		at += strlen(word);
	}
}

/* Whatever is typed, in either name: no harm, and soon done. */
static void
test_hostile(void)
{
	static const char *const words[] = {
		"a ", "ab ", "k", "kumar", "kumarkumar ", "kumaravaradanapatilmaheshvara ", "kumaravarada ", "mnmnmnmnmnmnmnmnmnmnmnm ", "a\u0301", "क", "क्", "कि ", "रमेश ",
		"ஶ்ரீ", "李", "م ", "ramesh रमेश ", "rररर", "न\u093C", "A", "zhzh", "chhchh ", "\u0CB5\u0CC6\u0C82"
	};
	char		a[KYCVS_NAME_MAX + 1];
	char		b[KYCVS_NAME_MAX + 1];
	double		worst = 0;
	int			wrong = 0;
	size_t		i;
	size_t		j;

	for (i = 0; i < lengthof(words); i++)
		for (j = 0; j < lengthof(words); j++)
		{
			clock_t		start;
			int			got;

			repeat(a, words[i]);
			repeat(b, words[j]);
			b[0] = b[0] == 'a' ? 'o' : b[0];
			score(a, b);		/* the first of a script opens it */
			start = clock();
			got = score(a, b);
			worst = Max(worst, (clock() - start) * 1000.0 / CLOCKS_PER_SEC);
			wrong += got > KYCVS_SCORE_MAX || got != score(b, a);
		}
	tap_number(wrong, 0, "score: hostile names have one, or none");
	tap_ok(worst < WORST_CASE_MS, "score: hostile names take %.2f ms at most", worst);
}

static uint64 state = UINT64CONST(88172645463325252);

static uint32
random_below(uint32 limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32) ((state * UINT64CONST(2685821657736338717)) >> 32) % limit;
}

/*
 * Up to four words of up to twenty code points of one Indic block, the first a
 * consonant, or of small letters.
 */
static void
make_random(char name[KYCVS_NAME_MAX + 1])
{
	int			words = 1 + random_below(4);
	size_t		at = 0;

	for (; words > 0; words--)
	{
		uint32		block = random_below(10);
		int			letters = 1 + random_below(20);
		int			i;

		for (i = 0; i < letters && at < KYCVS_NAME_MAX - 4; i++)
		{
			uint32		place = i == 0 ? 0x15 + random_below(0x25) : 0x02 + random_below(0x4c);
			uint32		c = block == 0 ? 'a' + random_below(26) : 0x0900 + (block - 1) * 0x80 + place;

			if (c < 0x80)
				name[at++] = c;
			else
			{
				name[at++] = 0xe0 | c >> 12;
				name[at++] = 0x80 | (c >> 6 & 0x3f);
				name[at++] = 0x80 | (c & 0x3f);
			}
		}
		name[at++] = ' ';
	}
	name[at] = '\0';
}

static void
test_random(void)
{
	char		a[KYCVS_NAME_MAX + 1];
	char		b[KYCVS_NAME_MAX + 1];
	int			wrong = 0;
	int			names = 0;
	int			i;

	for (i = 0; i < RANDOM_NAMES; i++)
	{
		int			got;

		make_random(a);
		make_random(b);
		got = score(a, b);
		names += got >= 0;
		wrong += got > KYCVS_SCORE_MAX || got != score(b, a) || (got >= 0 && score(a, a) != KYCVS_SCORE_MAX);
	}
	tap_ok(names > RANDOM_NAMES / 100, "score: %d of %d random texts are names", names, RANDOM_NAMES);
	tap_number(wrong, 0, "score: and each pair has one score");
}

void
test_namescore(void)
{
	test_pairs();
	test_properties();
	test_hostile();
	test_random();
}
