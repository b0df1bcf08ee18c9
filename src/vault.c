/*
 * vault.c
 *	  The registry's identity in the authority.
 *
 * The row in kycvs_data.registry names the registry and recognises its master
 * key; the key directory holds the key itself, one subdirectory a registry, and
 * one PEM file a signing key.  A row without its file, or with another's, is
 * KV040: nothing makes a new master key once there is a row, since every index
 * and seal in the tables hangs on the old one.
 *
 * Memory: what is loaded lives in static memory of this process and in
 * OpenSSL's heap; kycvs_vault_close wipes both.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "keyfile.h"
#include "miscadmin.h"
#include "secret.h"
#include "statement.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "vault.h"

#define CHECK_INTERVAL	USECS_PER_SEC
#define TROUBLE_MAX		400
#define MASTER_FILE		"master.key"

static char *key_directory_setting = NULL;
static char *issuer_setting = NULL;
static int	key_max_age_setting = 0;	/* minutes; 0: any */

static bool secrets_open = false;
static char issuer[KYCVS_ISSUER_MAX + 1];
static char directory[MAXPGPATH];
static KycvsSigningKey *signing_key = NULL;
static KycvsAlg signing_alg;
static char signing_kid[KYCVS_KID_LENGTH + 1];
static TimestampTz signing_since;
static TimestampTz checked_at = 0;
static char secrets_trouble[TROUBLE_MAX];	/* why the master key is not open, or empty */
static char signing_trouble[TROUBLE_MAX];	/* the same of the active signing key */

static KycvsStatement read_registry = {
	"SELECT id, issuer, key_check FROM kycvs_data.registry"
};
static KycvsStatement insert_registry = {
	"INSERT INTO kycvs_data.registry (id, issuer, key_check, created_at) VALUES ($1, $2, $3, $4)"
};
static KycvsStatement read_active_key = {
	"SELECT kid, alg, x, y, coalesce(activated_at, created_at) FROM kycvs_data.signing_key WHERE state = 'active'"
};
static KycvsStatement insert_key = {
	"INSERT INTO kycvs_data.signing_key (kid, alg, x, y, state, created_at, activated_at)"
	" SELECT $1, $2, $3, $4, CASE WHEN n.first THEN 'active' ELSE 'pending' END, $5, CASE WHEN n.first THEN $5 END"
	" FROM (SELECT NOT EXISTS (SELECT FROM kycvs_data.signing_key) AS first) AS n"
};

void
kycvs_vault_init(void)
{
	DefineCustomStringVariable("kycvs.key_directory",
							   "Directory of the master and signing keys.",
							   "Empty means beside the data directory: its name and \".kycvs\".",
							   &key_directory_setting, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("kycvs.issuer",
							   "Issuer named in signed documents.",
							   "Fixed by the registry's first key; empty means urn:uuid: and the registry's id.",
							   &issuer_setting, "", PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("kycvs.key_max_age",
							"Age of the active signing key from which kycvs.health() warns.",
							"Counted from its activation; zero means never.",
							&key_max_age_setting, 365 * MINS_PER_HOUR * HOURS_PER_DAY, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
}

/* Says it in the log when it is news, and keeps it for health(). */
static bool
complain(char trouble[TROUBLE_MAX], const char *reason)
{
	if (strcmp(trouble, reason) != 0)
		ereport(WARNING,
				(errcode(KV_KEY_UNUSABLE),
				 errmsg("kycvs cannot use its keys"),
				 errdetail("%s", reason)));
	strlcpy(trouble, reason, TROUBLE_MAX);
	return false;
}

const char *
kycvs_vault_trouble(void)
{
	return secrets_trouble[0] != '\0' ? secrets_trouble : signing_trouble;
}

static const char *
base_directory(void)
{
	if (key_directory_setting[0] != '\0')
		return key_directory_setting;
	return psprintf("%s.kycvs", DataDir);
}

static void
name_directory(const pg_uuid_t *registry)
{
	char	   *id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(registry)));

	snprintf(directory, MAXPGPATH, "%s/%s", base_directory(), id);
}

static const char *
pem_name(const char *kid)
{
	return psprintf("%s.pem", kid);
}

void
kycvs_vault_close(void)
{
	kycvs_secret_forget();
	kycvs_key_free(signing_key);
	signing_key = NULL;
	secrets_open = false;
	checked_at = 0;
}

/* The master key is read, its subkeys derived, and held against the registry's check value. */
static bool
open_master(const pg_uuid_t *registry, const uint8 *expected)
{
	uint8		master[KYCVS_MASTER_LENGTH];
	uint8		check[KYCVS_DIGEST_LENGTH];
	size_t		length = 0;
	bool		loaded;
	char	   *problem = kycvs_keyfile_read(directory, MASTER_FILE, master, sizeof(master), &length);

	if (problem == NULL && length != sizeof(master))
		problem = psprintf("File \"%s/%s\" does not hold %d bytes; restore it from its backup.", directory, MASTER_FILE, KYCVS_MASTER_LENGTH);
	if (problem != NULL)
	{
		explicit_bzero(master, sizeof(master));
		return complain(secrets_trouble, problem);
	}
	loaded = kycvs_secret_load(master, registry) && kycvs_secret_check_value(check);
	explicit_bzero(master, sizeof(master));
	if (loaded && kycvs_equal(check, expected, sizeof(check)))
		return true;
	kycvs_secret_forget();
	return complain(secrets_trouble, loaded ? psprintf("File \"%s/%s\" is the master key of another registry; restore the right one.", directory, MASTER_FILE)
					: "The master key could not be loaded.");
}

/* The key files are looked at anew every second, so that damage to them is noticed. */
static void
close_when_old(void)
{
	if (kycvs_clock_now() >= checked_at + CHECK_INTERVAL)
		kycvs_vault_close();
}

bool
kycvs_vault_open_secrets(void)
{
	pg_uuid_t	registry;
	uint8		check[KYCVS_DIGEST_LENGTH];
	char	   *problem;
	KycvsArgs	none = {0};

	close_when_old();
	if (secrets_open)
		return true;
	if (kycvs_run(&read_registry, &none) == 0)
		return complain(secrets_trouble, "There is no key yet: SELECT kycvs.create_key() makes one.");
	kycvs_column_uuid(0, 1, &registry);
	kycvs_column_text(0, 2, issuer, sizeof(issuer));
	kycvs_column_bytes(0, 3, check, sizeof(check));
	name_directory(&registry);
	problem = kycvs_keydir_check(directory);
	if (problem != NULL)
		return complain(secrets_trouble, problem);
	if (!open_master(&registry, check))
		return false;
	secrets_open = true;
	checked_at = kycvs_clock_now();
	secrets_trouble[0] = '\0';
	return true;
}

static KycvsSigningKey *
load_pem(const char *kid, char **problem)
{
	char		pem[KYCVS_PEM_MAX];
	size_t		length = 0;
	KycvsSigningKey *key = NULL;

	*problem = kycvs_keyfile_read(directory, pem_name(kid), (unsigned char *) pem, sizeof(pem), &length);
	if (*problem == NULL)
	{
		key = kycvs_key_from_pem(pem, length);
		if (key == NULL)
			*problem = psprintf("File \"%s/%s\" is not a private key; restore it from its backup.", directory, pem_name(kid));
	}
	explicit_bzero(pem, sizeof(pem));
	return key;
}

/* The file's public part must be what the table and its name say. */
static bool
fits(const KycvsSigningKey *key, KycvsAlg alg, const uint8 *x, const uint8 *y, const char *kid)
{
	KycvsPublicKey public_key;
	char		thumbprint[KYCVS_KID_LENGTH + 1];

	if (!kycvs_key_public(key, &public_key))
		return false;
	kycvs_key_thumbprint(&public_key, thumbprint);
	return public_key.alg == alg && memcmp(public_key.x, x, 32) == 0 &&
		memcmp(public_key.y, y, 32) == 0 && strcmp(thumbprint, kid) == 0;
}

bool
kycvs_vault_open_signing(void)
{
	KycvsArgs	none = {0};
	char		alg[16];
	uint8		x[32];
	uint8		y[32];
	char	   *problem;

	if (!kycvs_vault_open_secrets())
		return false;
	if (signing_key != NULL)
		return true;
	if (kycvs_run(&read_active_key, &none) == 0)
		return complain(signing_trouble, "No signing key is active: SELECT kycvs.activate_key(kid) activates a pending one.");
	kycvs_column_text(0, 1, signing_kid, sizeof(signing_kid));
	kycvs_column_text(0, 2, alg, sizeof(alg));
	kycvs_column_bytes(0, 3, x, sizeof(x));
	kycvs_column_bytes(0, 4, y, sizeof(y));
	signing_since = kycvs_column_time(0, 5);
	signing_alg = kycvs_alg_from_name(alg);
	signing_key = load_pem(signing_kid, &problem);
	if (signing_key == NULL)
		return complain(signing_trouble, problem);
	if (fits(signing_key, signing_alg, x, y, signing_kid))
	{
		signing_trouble[0] = '\0';
		return true;
	}
	kycvs_key_free(signing_key);
	signing_key = NULL;
	return complain(signing_trouble, psprintf("File \"%s/%s\" holds another key than its name says; restore it from its backup.", directory, pem_name(signing_kid)));
}

const char *
kycvs_vault_issuer(void)
{
	return issuer;
}

bool
kycvs_vault_issuer_differs(void)
{
	return issuer_setting[0] != '\0' && strcmp(issuer_setting, issuer) != 0;
}

const char *
kycvs_vault_kid(void)
{
	return signing_kid;
}

KycvsAlg
kycvs_vault_alg(void)
{
	return signing_alg;
}

bool
kycvs_vault_sign(const void *message, size_t length, uint8 signature[KYCVS_SIGNATURE_LENGTH])
{
	return signing_key != NULL && kycvs_key_sign(signing_key, message, length, signature);
}

int
kycvs_vault_key_too_old(TimestampTz now)
{
	int64		minutes = (now - signing_since) / USECS_PER_MINUTE;

	if (signing_key == NULL || key_max_age_setting == 0 || minutes < key_max_age_setting)
		return 0;
	return (int) Max(minutes / (MINS_PER_HOUR * HOURS_PER_DAY), 1);
}

bool
kycvs_vault_destroy_key(const char *kid, bool *found, KycvsRefusal *refusal)
{
	char	   *problem;

	*found = kycvs_keyfile_exists(directory, pem_name(kid)) != 0;
	problem = kycvs_keyfile_destroy(directory, pem_name(kid));

	if (problem == NULL)
		return true;
	ereport(WARNING,
			(errcode(KV_KEY_UNUSABLE),
			 errmsg("kycvs cannot destroy a key"),
			 errdetail("%s", problem)));
	kycvs_refuse(refusal, KV_KEY_UNUSABLE);
	return false;
}

/* ---- making keys ---- */

/* A random registry id (UUIDv4), its directory and master key. */
static char *
make_master(pg_uuid_t *registry)
{
	uint8		master[KYCVS_MASTER_LENGTH];
	char	   *problem;

	if (!kycvs_random(registry->data, UUID_LEN) || !kycvs_random(master, sizeof(master)))
		return pstrdup("The random generator failed.");
	registry->data[6] = (registry->data[6] & 0x0f) | 0x40;
	registry->data[8] = (registry->data[8] & 0x3f) | 0x80;
	name_directory(registry);
	problem = kycvs_keydir_ensure(directory);
	if (problem == NULL)
		problem = kycvs_keyfile_create(directory, MASTER_FILE, master, sizeof(master));
	if (problem == NULL && !kycvs_secret_load(master, registry))
		problem = pstrdup("The master key could not be loaded.");
	explicit_bzero(master, sizeof(master));
	return problem;
}

static char *
make_registry(TimestampTz now)
{
	pg_uuid_t	registry;
	uint8		check[KYCVS_DIGEST_LENGTH];
	KycvsArgs	args = {0};
	char	   *problem = make_master(&registry);

	if (problem != NULL)
		return problem;
	if (!kycvs_secret_check_value(check))
		return pstrdup("The master key could not be loaded.");
	if (issuer_setting[0] != '\0')
		strlcpy(issuer, issuer_setting, sizeof(issuer));
	else
		snprintf(issuer, sizeof(issuer), "urn:uuid:%s", strrchr(directory, '/') + 1);
	kycvs_bind_uuid(&args, &registry);
	kycvs_bind_text(&args, issuer);
	kycvs_bind_bytes(&args, check, sizeof(check));
	kycvs_bind_time(&args, now);
	kycvs_run(&insert_registry, &args);
	secrets_open = true;
	return NULL;
}

static char *
make_signing_key(KycvsAlg alg, KycvsPublicKey *public_key, char *kid)
{
	char		pem[KYCVS_PEM_MAX];
	KycvsSigningKey *key = kycvs_key_generate(alg);
	char	   *problem = NULL;
	bool		made = key != NULL && kycvs_key_public(key, public_key) && kycvs_key_to_pem(key, pem, sizeof(pem));

	kycvs_key_free(key);
	if (made)
	{
		kycvs_key_thumbprint(public_key, kid);
		problem = kycvs_keyfile_create(directory, pem_name(kid), (unsigned char *) pem, strlen(pem));
	}
	else
		problem = pstrdup("A signing key could not be made.");
	explicit_bzero(pem, sizeof(pem));
	return problem;
}

static void
record_key(const KycvsPublicKey *public_key, const char *kid, TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, kid);
	kycvs_bind_text(&args, kycvs_alg_name(public_key->alg));
	kycvs_bind_bytes(&args, public_key->x, 32);
	kycvs_bind_bytes(&args, public_key->y, 32);
	kycvs_bind_time(&args, now);
	kycvs_run(&insert_key, &args);
}

static bool
issuer_usable(void)
{
	const char *c;

	for (c = issuer_setting; *c; c++)
		if ((unsigned char) *c <= ' ' || (unsigned char) *c > '~')
			return false;
	return c - issuer_setting <= KYCVS_ISSUER_MAX;
}

bool
kycvs_vault_create_key(KycvsAlg alg, TimestampTz now, char kid[KYCVS_KID_LENGTH + 1], KycvsRefusal *refusal)
{
	KycvsArgs	none = {0};
	KycvsPublicKey public_key;
	bool		first = kycvs_run(&read_registry, &none) == 0;
	char	   *problem = NULL;

	if (first && !issuer_usable())
	{
		kycvs_refuse_reason(refusal, ERRCODE_INVALID_PARAMETER_VALUE,
							"kycvs.issuer must be printable ASCII without blanks, at most %d bytes", KYCVS_ISSUER_MAX);
		return false;
	}
	if (first)
		problem = make_registry(now);
	else if (!kycvs_vault_open_secrets())
		problem = pstrdup(secrets_trouble);
	if (problem == NULL)
		problem = make_signing_key(alg, &public_key, kid);
	if (problem != NULL)
	{
		kycvs_vault_close();
		complain(secrets_trouble, problem);
		kycvs_refuse(refusal, KV_KEY_UNUSABLE);
		return false;
	}
	record_key(&public_key, kid, now);
	return true;
}
