/*
 * namescore.c
 */
#include "postgres.h"

#include "namescore.h"
#include "sounds.h"
#include "spelling.h"

#define WORDS_MAX		12

double		kycvs_name_threshold = 0.8;
double		kycvs_name_margin = 0.1;

typedef struct Word
{
	const char *text;
	int			length;
	bool		spelled;
	bool		is_short;
	uint32		letters;
	uint32		primary;
	int			weight;
	int			gender;
	char		spelling[KYCVS_SPELLING_MAX + 1];
	KycvsSounds sounds;
} Word;

typedef struct Person
{
	Word		words[WORDS_MAX];
	int			n;
	bool		whole;
} Person;

#define W_FULL		100
#define W_GENERIC	40
#define W_FILLER	20
#define W_SHORT		30

static const char *const dropped[] = {
	"late", "lt", "let", "lete", "laet", "marhum", "marahum", "svargiy", "svargiya", "svargi", "svargiyah", "sargiy", "sbargiy", "smargiy", "sv", "sva", "svah", "prayat", "mrit", "mritak", "mritah", "divangat",
	"adv", "adav", "adva", "edv", "edav", "advo", "edvo", "edavo", "adava", "proph", "mrito", "docter", "advoket", "advokat", "advocate", "abhibhashak", "vakil",
	"er", "ca", "capt", "col", "do", "da", "dah", "dan", "dr", "doktar", "doctor", "prof", "thiru", "tiru", "janab", "haji", "hazi", "shri", "sri", "shrimati", "smt"};
static const char *const fillers[] = {"kumar", "kumari", "bhai", "ben", "bahen", "kr", "ji"};
static const char *const generic[] = {"devi", "begum", "begam", "bibi", "khatun", "bai", "lal", "chandra", "chandr", "chand", "nath", "prasad", "babu", "singh", "sinh", "singha", "das", "roy", "ray", "ali", "khan", "patel", "shah", "sharma", "yadav", "sarkar", "ghosh", "bisvas", "mondal", "mandal", "saha", "banerji", "chaterji", "mukherji", "islam", "ahmed", "udin", "sheikh", "mohamad", "gupta", "verma", "varma", "redi", "rav", "rao", "nayar", "nair", "menon", "joshi", "patil", "begam", "dutta", "bose"};

typedef struct Pair { const char *from, *to; } Pair;
static const Pair expanded[] = {
	{"md", "mohammad"}, {"mah", "mohammad"}, {"mahah", "mohammad"}, {"maha", "mohammad"}, {"maha", "mohammad"}, {"moha", "mohammad"}, {"mohah", "mohammad"}, {"moha", "mohammad"}, {"maho", "mohammad"}, {"mu", "mohammad"}, {"muh", "mohammad"}, {"muhamad", "mohammad"}, {"basu", "bose"}, {"kha", "khan"}, {"miah", "miya"}, {"mia", "miya"}, {"miyan", "miya"}, {"mian", "miya"}, {"chatopadhyaya", "chatterjee"}, {"mukhopadhyaya", "mukherjee"}, {"bandyopadhyaya", "banerjee"}, {"chatopadhyay", "chatterjee"}, {"mukhopadhyay", "mukherjee"}, {"bandyopadhyay", "banerjee"}, {"bandopadhyay", "banerjee"}, {"gangopadhyay", "ganguly"}, {"mohd", "mohammad"}, {"mhd", "mohammad"}, {"mohmd", "mohammad"}, {"mo", "mohammad"}, {"moh", "mohammad"},{"mohd", "mohammad"},{"muhd", "mohammad"},
	{"sk", "sheikh"}, {"shk", "sheikh"}, {"kr", "kumar"},
};
#define ANY "abcdefghijklmnopqrstuvwxyz"
static const Pair letter_names[] = {
	{"ron", ANY}, {"men", ANY}, {"main", ANY}, {"han", ANY}, {"kh", ANY}, {"gh", ANY}, {"chh", ANY}, {"aim", "m"}, {"ais", "s"}, {"ain", "n"}, {"ail", "l"}, {"aif", "f"},
	{"k", "kcq"},
	{"e", "ae"}, {"ai","ai"}, {"a","a"}, {"a", "a"},
	{"bi", "b"}, {"bi", "b"}, {"si", "cs"}, {"si", "cs"}, {"di", "d"}, {"di", "d"}, {"i", "eiy"}, {"i", "eiy"}, {"ef", "f"}, {"ef", "f"},
	{"ji", "gj"}, {"ji", "gj"}, {"ech", "h"}, {"ech", "h"}, {"eich", "h"}, {"aich","h"}, {"ai", "i"}, {"ai", "i"}, {"je", "jgz"}, {"ji", "jgz"}, {"ke", "k"}, {"el", "l"}, {"el", "l"},
	{"em", "m"}, {"en", "n"}, {"o", "o"}, {"pi", "pb"}, {"pi", "pb"}, {"kyu", "q"}, {"kyu", "q"}, {"ar", "r"}, {"ar", "r"}, {"es", "s"}, {"yas", "s"}, {"yam","m"}, {"yan","n"}, {"yal","l"}, {"esh", "s"}, {"es","s"},
	{"ti", "td"}, {"ti", "td"}, {"yu", "u"}, {"yu", "u"}, {"vi", "vw"}, {"vi", "vw"}, {"ve","vw"}, {"dablyu", "w"}, {"dablyu", "w"}, {"eks", "x"}, {"vai", "y"}, {"vai", "y"}, {"jed", "z"}, {"zed", "z"},
};

static uint32
mask_of(const char *s)
{
	uint32 m = 0;
	for (; *s; s++) m |= 1u << (*s - 'a');
	return m;
}

static bool
in_list(const char *key, const char *const *list, int n)
{
	int i;
	for (i = 0; i < n; i++) if (strcmp(list[i], key) == 0) return true;
	return false;
}
#define IN(key, list) in_list(key, list, lengthof(list))

static const char *const sound_letters[] = {
	[SOUND_SCHWA] = "aeou", [SOUND_A] = "aeu", [SOUND_AA] = "a", [SOUND_E] = "eaiy", [SOUND_I] = "iey", [SOUND_O] = "o", [SOUND_U] = "uo",
	[SOUND_K] = "kqxg", [SOUND_GJ] = "gj", [SOUND_NY] = "n", [SOUND_KG] = "kghq", [SOUND_RD] = "rd", [SOUND_G] = "gjk", [SOUND_C] = "cs", [SOUND_J] = "jgzx", [SOUND_T] = "td", [SOUND_D] = "dt", [SOUND_P] = "pbf", [SOUND_F] = "fp", [SOUND_B] = "bpvw",
	[SOUND_N] = "ng", [SOUND_M] = "m", [SOUND_Y] = "yie", [SOUND_R] = "r", [SOUND_L] = "l", [SOUND_ZH] = "z", [SOUND_V] = "vwbu", [SOUND_S] = "scxz", [SOUND_SH] = "sc", [SOUND_Z] = "zjx", [SOUND_H] = "h"
};

int P_PAIR = 600, P_PAIR4 = 600, P_PAIR5 = 600;
static void
make_key(const char *spelling, char *key)
{
	int n = 0, i;
	for (i = 0; spelling[i]; i++)
	{
		char c = spelling[i];
		char d = c == 'A' ? 'a' : c == 'w' ? 'v' : c == 'R' ? 'd' : c == 'K' ? 'k' : c;
		if (c == 'e' && spelling[i + 1] == 'e') { i++; d = 'i'; }
		if (c == 'o' && spelling[i + 1] == 'o') { i++; d = 'u'; }
		if (n > 0 && key[n - 1] == d) continue;
		key[n++] = d;
	}
	key[n] = 0;
	if (n > 1 && spelling[i - 1] == 'A') key[n - 1] = 0;
}

static void
add_spelled(Person *name, const char *text, int length, const char *spelling)
{
	Word *w = &name->words[name->n];
	char key[KYCVS_SPELLING_MAX + 1];
	size_t k;
	int i;

	make_key(spelling, key);
	if (IN(key, dropped)) return;
	for (k = 0; k < lengthof(expanded); k++)
		if (strcmp(key, expanded[k].from) == 0) { spelling = expanded[k].to; strcpy(key, spelling); }
	if (strlen(spelling) <= 3 && strlen(spelling) > 1 && strcspn(spelling, "aeiouyA") == strlen(spelling) && (text[0] & 0x80) == 0)
	{
		for (i = 0; spelling[i] != 0 && name->n < WORDS_MAX; i++)
		{
			char one[2] = {spelling[i], 0};
			add_spelled(name, text, length, one);
		}
		return;
	}
	{
		static const char *const suffixes[] = {"bhAi", "bhaaii", "bhai", "ben", "benA", "bahen", "bahenA", "kumar", "kumaarA", "kumarA", "kumari", "kumaarii", "kumaari"};
		size_t n = strlen(spelling);
		for (k = 0; k < lengthof(suffixes); k++)
		{
			size_t m = strlen(suffixes[k]);
			if (n >= m + 3 && strcmp(spelling + n - m, suffixes[k]) == 0 && name->n + 2 <= WORDS_MAX)
			{
				char stem[KYCVS_SPELLING_MAX + 1];
				strlcpy(stem, spelling, n - m + 1);
				add_spelled(name, text, length, stem);
				add_spelled(name, text, length, suffixes[k]);
				return;
			}
		}
	}
	for (k = 0; k < lengthof(expanded); k++)
		if (strcmp(key, expanded[k].from) == 0) { spelling = expanded[k].to; strcpy(key, spelling); }
	w->text = text; w->length = length; w->spelled = true; w->gender = 0;
	strcpy(w->spelling, spelling);
	if (!kycvs_sounds_read(spelling, &w->sounds)) { name->whole = false; return; }
	w->is_short = (text[0] & 0x80) != 0 && w->sounds.n <= 2 && w->sounds.consonants <= 1;
	for (k = 0, i = 0; k < lengthof(letter_names) && (text[0] & 0x80) != 0; k++)
		if (strcmp(letter_names[k].from, key) == 0) { if (!i) w->letters = w->primary = 0; i = 1; w->letters |= mask_of(letter_names[k].to); w->primary |= 1u << (letter_names[k].to[0] - 'a'); w->is_short = true; }
	if (!w->is_short || i == 0 || strlen(spelling) > 1)
	{
		if (i == 0) w->letters = 0, w->primary = 1u << (sound_letters[w->sounds.sounds[0]][0] - 'a');
		w->letters |= mask_of(sound_letters[w->sounds.sounds[0]]);
	}
	if (strlen(spelling) == 1 && spelling[0] >= 'a' && (text[0] & 0x80) == 0) { w->letters = w->primary = mask_of(spelling); w->is_short = true; }
	w->weight = w->is_short ? W_SHORT : IN(key, fillers) ? W_FILLER : IN(key, generic) ? W_GENERIC : W_FULL;
	name->n++;
}

static void
read_name(const char *folded, Person *name)
{
	name->n = 0; name->whole = true;
	while (*folded && name->whole)
	{
		int len = strcspn(folded, " ");
		char spelling[KYCVS_SPELLING_MAX + 1];
		if (name->n == WORDS_MAX) { name->whole = false; return; }
		if (kycvs_spell(folded, len, spelling))
			add_spelled(name, folded, len, spelling);
		else
		{
			Word *w = &name->words[name->n++];
			memset(w, 0, sizeof *w);
			w->text = folded; w->length = len; w->weight = W_FULL;
		}
		folded += len; if (*folded) folded++;
	}
}

typedef struct Match
{
	const Person *a, *b;
	bool used_a[WORDS_MAX], used_b[WORDS_MAX];
	int evidence, total, least, matched, full, significant;
} Match;

static int
alike(const Word *x, const Word *y)
{
	int i, s;

	if (!x->spelled || !y->spelled)
		return x->spelled == y->spelled && x->length == y->length && memcmp(x->text, y->text, x->length) == 0 ? 1000 : 0;
	i = Min(x->sounds.consonants, y->sounds.consonants);
	s = kycvs_sounds_alike(&x->sounds, &y->sounds);
	return s < (i <= 3 ? P_PAIR : i == 4 ? P_PAIR4 : P_PAIR5) ? 0 : s;
}

static void
accept_pair(Match *m, int i, int j, int s, int weight)
{
	m->evidence += s * weight; m->total += weight; m->matched += weight; m->least = Min(m->least, s); m->full++; m->significant += weight > 70;
}

static void
pair_words(Match *m, int s[WORDS_MAX][WORDS_MAX], int floor)
{
	for (;;)
	{
		int best = floor - 1, bi = -1, bj = -1, i, j;
		for (i = 0; i < m->a->n; i++)
			for (j = 0; j < m->b->n; j++)
				if (!m->used_a[i] && !m->used_b[j] && s[i][j] > best) { best = s[i][j]; bi = i; bj = j; }
		if (bi < 0) return;
		m->used_a[bi] = m->used_b[bj] = true;
		accept_pair(m, bi, bj, best, (m->a->words[bi].weight + m->b->words[bj].weight) / 2);
	}
}

static int
alike_joined(const Word *x, const Word *p, const Word *q)
{
	KycvsSounds both;
	char text[2 * KYCVS_SPELLING_MAX + 1];
	if (!x->spelled || !p->spelled || !q->spelled) return 0;
	if (abs(x->sounds.consonants - p->sounds.consonants - q->sounds.consonants) > 2) return 0;
	snprintf(text, sizeof text, "%s%s", p->spelling, q->spelling);
	if (!kycvs_sounds_read(text, &both)) return 0;
	return kycvs_sounds_alike(&x->sounds, &both);
}

static void
join_words(Match *m, const Person *one, bool *used_one, const Person *two, bool *used_two, int floor)
{
	int i, p, q;
	for (i = 0; i < one->n; i++)
	{
		int best = floor - 1, bp = -1, bq = -1;
		if (used_one[i] || one->words[i].is_short) continue;
		for (p = 0; p < two->n; p++)
			for (q = 0; q < two->n; q++)
			{
				int s;
				if (p == q || used_two[p] || used_two[q]) continue;
				s = alike_joined(&one->words[i], &two->words[p], &two->words[q]);
				if (s > best) { best = s; bp = p; bq = q; }
			}
		if (bp < 0) continue;
		used_one[i] = used_two[bp] = used_two[bq] = true;
		accept_pair(m, 0, 0, best, W_FULL);
	}
}

int P_FIRST = 800, P_JOIN = 720, P_INITIAL = 850, P_CONFLICT_SHORT = 100, P_CONFLICT_GENERIC = 150, P_MISS_SHORT = 6, P_MISS = 40, P_BETA = 100;

static void
pair_letters(Match *m, bool short_a, bool short_b, bool primary, int s, int weight)
{
	int i, j;
	for (i = 0; i < m->a->n; i++)
		for (j = 0; j < m->b->n; j++)
		{
			const Word *x = &m->a->words[i], *y = &m->b->words[j];
			if (m->used_a[i] || m->used_b[j] || !x->spelled || !y->spelled) continue;
			if (x->is_short != short_a || y->is_short != short_b || (primary ? x->primary & y->primary : x->letters & y->letters) == 0) continue;
			m->used_a[i] = m->used_b[j] = true;
			m->evidence += s * weight; m->total += weight; m->matched += weight; m->least = Min(m->least, s);
		}
}

static int
score(const Person *a, const Person *b)
{
	Match m = {a, b};
	int s[WORDS_MAX][WORDS_MAX];
	int i, j, sa = 0, sb = 0, fa = 0, fb = 0, ga = 0, gb = 0, na = 0, nb = 0, avg, n;

	m.least = 1000;
	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			s[i][j] = a->words[i].is_short && b->words[j].is_short ? 0 : alike(&a->words[i], &b->words[j]);
	pair_words(&m, s, P_FIRST);
	join_words(&m, a, m.used_a, b, m.used_b, P_JOIN);
	join_words(&m, b, m.used_b, a, m.used_a, P_JOIN);
	pair_words(&m, s, 500);
	pair_letters(&m, true, true, true, 1000, W_SHORT);
	pair_letters(&m, true, true, false, 1000, W_SHORT);
	pair_letters(&m, true, false, false, P_INITIAL, W_FULL);
	pair_letters(&m, false, true, false, P_INITIAL, W_FULL);
	for (i = 0; i < a->n; i++)
		if (!m.used_a[i]) { if (a->words[i].is_short) sa++; else if (a->words[i].weight == W_FULL) fa++; else ga += a->words[i].weight, na++; }
	for (i = 0; i < b->n; i++)
		if (!m.used_b[i]) { if (b->words[i].is_short) sb++; else if (b->words[i].weight == W_FULL) fb++; else gb += b->words[i].weight, nb++; }
	m.total += Max(fa, fb) * W_FULL;
	if (na && nb) m.total += Max(ga, gb) * (fa || fb ? 100 : P_CONFLICT_GENERIC) / 100;
	else m.total += (ga + gb) * (m.significant ? P_MISS : 100) / 100;
	n = Min(sa, sb);
	m.total += n * P_CONFLICT_SHORT + (sa - n + sb - n) * P_MISS_SHORT;
	if ((sa > sb && fb + nb > 0) || (sb > sa && fa + na > 0)) m.total += P_CONFLICT_SHORT;
	if (m.total == 0) return 0;
	avg = m.evidence / m.total;
	avg = (avg * (100 - P_BETA) + Min(avg, m.total > 0 ? m.least * (m.evidence > 0 ? m.matched : 0) / m.total : 0) * P_BETA) / 100;
	if (m.full == 0)
	{
		for (i = j = 0; i < a->n; i++) j += !a->words[i].is_short;
		for (i = 0; i < b->n; i++) j += !b->words[i].is_short;
		if (j > 0) avg = Min(avg, 500);
	}
	return avg;
}

int
kycvs_name_score(const char *a, const char *b)
{
	Person x, y;
	int order = strcmp(a, b);
	if (order == 0) return KYCVS_SCORE_MAX;
	read_name(order < 0 ? a : b, &x);
	read_name(order < 0 ? b : a, &y);
	if (!x.whole || !y.whole || x.n == 0 || y.n == 0) return 0;
	return score(&x, &y);
}
