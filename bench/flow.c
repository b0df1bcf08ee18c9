/*
 * flow.c
 *	  Drives one of three flows from many clients and counts how many complete.
 *
 *		flow kycvs|peer|floor simple|prepared CLIENTS SECONDS PERSONS CONNINFO
 *
 * "kycvs": kycvs_issue_otp, the OTP read off a simulated phone, kycvs_verify_otp,
 * kycvs_status.  One more connection is the sender: it waits for texts with
 * kycvs.await_messages, claims them in batches, and puts them on the phones.  "peer": the same three steps in PL/pgSQL (peer.sql).  "floor":
 * the same rows in the same number of commits, and nothing else.  All send
 * their statements by the same protocol: "simple", with literals, as psql and
 * pgbench do unless told otherwise, or prepared once with bound values.  One
 * thread a client.  Prints flows a second.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PHONES 1048576			/* more than there are persons */

typedef struct Statement
{
	const char *name;
	const char *sql;			/* parameters $1 to $9 */
} Statement;

typedef struct Client
{
	pthread_t	thread;
	PGconn	   *conn;
	unsigned int seed;
	long		flows;
} Client;

typedef bool (*Flow) (Client *client);

static const char *conninfo;
static bool prepared;			/* the protocol */
static long persons;
static volatile bool stopping = false;
static long turn;				/* counts flows; begins anywhere, so that runs do not meet the same persons */

/* The newest OTP on each simulated phone; empty: none. */
static char phones[PHONES][8];
static pthread_mutex_t phone_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t phone_rings = PTHREAD_COND_INITIALIZER;

static void
die(PGconn *conn, const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, PQerrorMessage(conn));
	exit(1);
}

/* As "railway", an entity, or as "sender". */
static PGconn *
connect_as(const char *user)
{
	char		text[512];
	PGconn	   *conn;

	snprintf(text, sizeof(text), "%s user=%s", conninfo, user);
	conn = PQconnectdb(text);

	if (PQstatus(conn) != CONNECTION_OK)
		die(conn, "could not connect");
	return conn;
}

static void
prepare(PGconn *conn, const Statement *statements, int n)
{
	int			i;

	for (i = 0; prepared && i < n; i++)
	{
		PGresult   *result = PQprepare(conn, statements[i].name, statements[i].sql, 0, NULL);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			die(conn, statements[i].name);
		PQclear(result);
	}
}

/* The statement with its values as literals. */
static void
write_literals(PGconn *conn, const char *sql, const char *const *values, char *text, size_t size)
{
	size_t		at = 0;

	for (; *sql && at < size - 1; sql++)
	{
		char	   *literal;

		if (*sql != '$')
		{
			text[at++] = *sql;
			continue;
		}
		sql++;
		literal = PQescapeLiteral(conn, values[*sql - '1'], strlen(values[*sql - '1']));
		at += snprintf(text + at, size - at, "%s", literal);
		PQfreemem(literal);
	}
	text[at < size ? at : size - 1] = '\0';
}

static PGresult *
run(PGconn *conn, const Statement *statement, int n, const char *const *values)
{
	char		text[8192];
	PGresult   *result;
	ExecStatusType status;

	if (prepared)
		result = PQexecPrepared(conn, statement->name, n, values, NULL, NULL, 0);
	else
	{
		write_literals(conn, statement->sql, values, text, sizeof(text));
		result = PQexec(conn, text);
	}
	status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		die(conn, statement->name);
	return result;
}

/* The first value of the first row. */
static char *
ask(PGconn *conn, const Statement *statement, int n, const char *const *values)
{
	PGresult   *result = run(conn, statement, n, values);
	char	   *value = strdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");

	PQclear(result);
	return value;
}

static long
choose_person(Client *client)
{
	return rand_r(&client->seed) % persons;
}

/* ---- kycvs ---- */

static const Statement kycvs[] = {
	{"issue", "SELECT kycvs_issue_otp($1, $2, 'ticket-booking', $3) ->> 'jti'"},
	{"verify", "SELECT kycvs_verify_otp($1::uuid, $2, true)"},
	{"status", "SELECT kycvs_status($1::jsonb)"}
};
static const Statement claim = {
	"claim", "SELECT mobile, substring(body FROM '[0-9]{6}') FROM kycvs.await_messages(100)"
};

static void
wait_for_otp(long person, char otp[8])
{
	pthread_mutex_lock(&phone_lock);
	while (phones[person][0] == '\0')
		pthread_cond_wait(&phone_rings, &phone_lock);
	memcpy(otp, phones[person], 8);
	phones[person][0] = '\0';
	pthread_mutex_unlock(&phone_lock);
}

/* Persons take turns, so that no limit of a mobile is met. */
static bool
flow_kycvs(Client *client)
{
	long		n = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
	long		person = n % persons;
	char		mobile[32];
	char		name[32];
	char		reference[40];
	char		otp[8];
	char	   *txn;
	char	   *consent;

	snprintf(mobile, sizeof(mobile), "%ld", 6000000000L + person);
	snprintf(name, sizeof(name), "Person Number");
	snprintf(reference, sizeof(reference), "R %ld", n);
	txn = ask(client->conn, &kycvs[0], 3, (const char *[]) {mobile, name, reference});
	wait_for_otp(person, otp);
	consent = ask(client->conn, &kycvs[1], 2, (const char *[]) {txn, otp});
	free(ask(client->conn, &kycvs[2], 1, (const char *[]) {consent}));
	free(consent);
	free(txn);
	return true;
}

/* What a sender does: claims texts and hands them on. */
static void *
send_messages(void *arg)
{
	PGconn	   *conn = connect_as("sender");

	prepare(conn, &claim, 1);
	while (!stopping)
	{
		PGresult   *result = run(conn, &claim, 0, NULL);
		int			i;

		pthread_mutex_lock(&phone_lock);
		for (i = 0; i < PQntuples(result); i++)
			snprintf(phones[atol(PQgetvalue(result, i, 0) + 3) - 6000000000L], 8, "%s", PQgetvalue(result, i, 1));
		pthread_cond_broadcast(&phone_rings);
		pthread_mutex_unlock(&phone_lock);
		PQclear(result);
	}
	PQfinish(conn);
	return NULL;
}

/* ---- peer ---- */

static const Statement peer[] = {
	{"issue", "SELECT peer.issue_otp($1, $2, 'travel') ->> 'txn'"},
	{"read", "SELECT left(body, 6) FROM peer.outbox WHERE challenge = $1::uuid"},
	{"verify", "SELECT peer.verify_otp($1::uuid, $2) ->> 'grant'"},
	{"status", "SELECT peer.status($1::uuid)"}
};

static bool
flow_peer(Client *client)
{
	long		person = choose_person(client);
	char		mobile[32];
	char	   *txn;
	char	   *otp;
	char	   *grant;

	snprintf(mobile, sizeof(mobile), "%ld", 6000000000L + person);
	txn = ask(client->conn, &peer[0], 2, (const char *[]) {mobile, "Person Number"});
	otp = ask(client->conn, &peer[1], 1, (const char *[]) {txn});
	grant = ask(client->conn, &peer[2], 2, (const char *[]) {txn, otp});
	free(ask(client->conn, &peer[3], 1, (const char *[]) {grant}));
	free(grant);
	free(otp);
	free(txn);
	return true;
}

/* ---- floor ---- */

static const Statement bare[] = {
	{"issue",
		"WITH c AS (INSERT INTO floor.challenge VALUES (md5($1)::uuid, md5($2)::uuid, repeat('abcdef', 7)::bytea, now()) RETURNING id),"
		" o AS (INSERT INTO floor.outbox (challenge) SELECT id FROM c)"
		" INSERT INTO floor.ledger (event, challenge, mobile) SELECT 'issued', id, md5($2)::uuid FROM c"},
	{"verify",
		"WITH c AS (SELECT id, mobile FROM floor.challenge WHERE id = md5($1)::uuid),"
		" g AS (INSERT INTO floor.granted SELECT id, id FROM c)"
		" INSERT INTO floor.ledger (event, challenge, mobile) SELECT 'verified', id, mobile FROM c"},
	{"status",
		"WITH c AS (SELECT id, mobile FROM floor.challenge WHERE id = md5($1)::uuid),"
		" p AS (SELECT count(*) FROM peer.person JOIN peer.dose USING (person_id) WHERE mobile = $2)"
		" INSERT INTO floor.ledger (event, challenge, mobile) SELECT 'disclosed', id, c.mobile FROM c, p"}
};

static bool
flow_floor(Client *client)
{
	long		n = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
	char		id[64];
	char		mobile[32];

	snprintf(id, sizeof(id), "%ld-%ld", (long) time(NULL), n);
	snprintf(mobile, sizeof(mobile), "%ld", 6000000000L + choose_person(client));
	free(ask(client->conn, &bare[0], 2, (const char *[]) {id, mobile}));
	free(ask(client->conn, &bare[1], 1, (const char *[]) {id}));
	free(ask(client->conn, &bare[2], 2, (const char *[]) {id, mobile}));
	return true;
}

/* ---- driving ---- */

typedef struct Choice
{
	const char *name;
	Flow		flow;
	const Statement *statements;
	int			nstatements;
} Choice;

static const Choice choices[] = {
	{"kycvs", flow_kycvs, kycvs, 3},
	{"peer", flow_peer, peer, 4},
	{"floor", flow_floor, bare, 3}
};
static const Choice *chosen = NULL;

static void *
drive(void *arg)
{
	Client	   *client = arg;

	while (!stopping && chosen->flow(client))
		client->flows++;
	return NULL;
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static long
total(const Client *clients, int n)
{
	long		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += __atomic_load_n(&clients[i].flows, __ATOMIC_RELAXED);
	return sum;
}

static bool
parse(int argc, char **argv)
{
	size_t		i;

	if (argc != 7)
		return false;
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (strcmp(argv[1], choices[i].name) == 0)
			chosen = &choices[i];
	prepared = strcmp(argv[2], "prepared") == 0;
	persons = atol(argv[5]);
	conninfo = argv[6];
	return chosen != NULL && (prepared || strcmp(argv[2], "simple") == 0) &&
		atoi(argv[3]) >= 1 && persons >= 1 && persons <= PHONES;
}

int
main(int argc, char **argv)
{
	Client	   *clients;
	pthread_t	sender;
	int			n;
	int			i;
	double		start;
	struct timespec duration = {0, 0};

	if (!parse(argc, argv))
	{
		fprintf(stderr, "usage: flow kycvs|peer|floor simple|prepared CLIENTS SECONDS PERSONS CONNINFO\n"
				"At least one client and one person, at most %d persons.\n", PHONES);
		return 2;
	}
	n = atoi(argv[3]);
	turn = time(NULL) * 104729L % 1000000000L;
	duration.tv_sec = atoi(argv[4]);
	clients = calloc(n, sizeof(Client));
	for (i = 0; i < n; i++)
	{
		clients[i].conn = connect_as("railway");
		clients[i].seed = i + 1;
		prepare(clients[i].conn, chosen->statements, chosen->nstatements);
	}
	if (chosen->flow == flow_kycvs)
		pthread_create(&sender, NULL, send_messages, NULL);
	start = seconds_now();
	for (i = 0; i < n; i++)
		pthread_create(&clients[i].thread, NULL, drive, &clients[i]);
	nanosleep(&duration, NULL);
	printf("%.1f\n", total(clients, n) / (seconds_now() - start));
	/* clients may wait for a phone that will not ring again: the process ends them all */
	fflush(stdout);
	_Exit(0);
}
