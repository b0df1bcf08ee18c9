/*
 * sending.c
 *	  Hands messages to senders, and records what became of them.
 *
 * The text of a message is derived when it is claimed, and lives in no table.
 * A message is dropped when its OTP has expired or was used, or when it was
 * issued before a failover.  Results come in chunks that fit a reply; each is
 * claimed for half a minute, so a sender that dies holds nothing up for long.
 *
 * Every attempt has a route and a number.  Caps count attempts, by the minute of
 * the clock; what is beyond them waits, and is dropped when its time is over:
 * so nobody can have more texts sent than are paid for.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "message.h"
#include "outbox.h"
#include "smsroute.h"
#include "smstext.h"
#include "tally.h"
#include "utils/guc.h"

#define CHUNK			16
#define CLAIM_SECONDS	30

/* What is said of one message, with all that goes with its text. */
#define MESSAGE_MAX		(KYCVS_SMS_FILLED_MAX + 512)

static int	messages_per_minute = 0;

/* The routes as they are for the sender that asks, and how many messages may go in all; negative: as many as come. */
typedef struct Ways
{
	KycvsSmsRoutes routes;
	int			left;
	KycvsShare	share;			/* of each entity */
} Ways;

typedef enum Fate
{
	CLAIMED,
	SETTLED,					/* dropped, or to rest a while: it is not due any more */
	LEFT_WAITING				/* there is no way for it now */
} Fate;

void
kycvs_sending_init(void)
{
	DefineCustomIntVariable("kycvs.messages_per_minute",
							"How many messages may be sent in a minute, by all routes together.",
							"0 for no cap.",
							&messages_per_minute, 6000, 0, 1000000, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* ---- by which way ---- */

static bool
is_named(const KycvsRequest *request, const char *name)
{
	int			i;

	for (i = 0; i < request->count; i++)
		if (strcmp(request->purposes[i], name) == 0)
			return true;
	return false;
}

static bool
has_caps(const Ways *ways)
{
	int			i;

	for (i = 0; i < ways->routes.n; i++)
		if (ways->routes.options[i].left >= 0)
			return true;
	return ways->left >= 0;
}

/* By all routes that are open, in this minute; negative: as many as come. */
static int
left_in_all(const Ways *ways)
{
	int			by_routes = 0;
	bool		open = false;
	int			i;

	for (i = 0; i < ways->routes.n; i++)
	{
		const KycvsSmsOption *option = &ways->routes.options[i];

		if (!option->open)
			continue;
		if (option->left < 0)
			return ways->left;
		by_routes += option->left;
		open = true;
	}
	return open && (ways->left < 0 || by_routes < ways->left) ? by_routes : ways->left;
}

static void
subtract_claimed(Ways *ways, TimestampTz now)
{
	KycvsClaimed claimed;
	int			i;

	kycvs_tally_read_claimed(&claimed, now);
	kycvs_outbox_counted(claimed.all);
	for (i = 0; i < ways->routes.n; i++)
	{
		KycvsSmsOption *option = &ways->routes.options[i];

		if (option->left >= 0)
			option->left = Max(option->left - kycvs_tally_claimed_by(&claimed, option->id), 0);
	}
	if (ways->left >= 0)
		ways->left = Max(ways->left - claimed.all, 0);
}

static void
read_ways(Ways *ways, const KycvsCall *call)
{
	int			cap;
	int			i;

	kycvs_sms_routes_read(&ways->routes);
	for (i = 0; i < ways->routes.n; i++)
		ways->routes.options[i].open &= !is_named(call->request, ways->routes.names[i]);
	ways->left = messages_per_minute > 0 ? messages_per_minute : -1;
	cap = left_in_all(ways);
	if (has_caps(ways))
		subtract_claimed(ways, call->now);
	/* a tenth of what may be sent in a minute is kept */
	ways->share = (KycvsShare) {cap - Max(cap, 0) / 10, left_in_all(ways) - Max(cap, 0) / 10};
}

/* The index of the route; -1 when the registry has none, so that the sender knows where to go. */
static bool
find_way(const Ways *ways, const KycvsMessage *message, int *way)
{
	*way = kycvs_sms_choose(ways->routes.options, ways->routes.n, &message->failed);
	return ways->left != 0 && (ways->routes.n == 0 || *way >= 0);
}

static int32
route_of(const Ways *ways, int way)
{
	return way >= 0 ? ways->routes.options[way].id : 0;
}

static void
use_up(Ways *ways, int way)
{
	if (way >= 0 && ways->routes.options[way].left > 0)
		ways->routes.options[way].left--;
	if (ways->left > 0)
		ways->left--;
}

/* ---- texts ---- */

static void
append_string(StringInfo out, const char *string)
{
	appendBinaryStringInfo(out, string, strlen(string) + 1);
}

/* The first six strings of a message: which, to whom, what, in which language, and under which ids that is registered. */
static void
append_message(StringInfo out, const KycvsMessage *message, const char *mobile, const char *body, const char *language, const KycvsSmsText *text)
{
	append_string(out, psprintf("%lld", (long long) message->id));
	append_string(out, mobile);
	append_string(out, body);
	append_string(out, language);
	append_string(out, text->template_id);
	append_string(out, text->entity_id);
}

/* What a sender needs besides: route, attempt, how long. */
static void
append_attempt(StringInfo out, const KycvsCall *call, const KycvsMessage *message, const Ways *ways, int way)
{
	append_string(out, way >= 0 ? ways->routes.names[way] : "");
	append_string(out, psprintf("%d", message->attempt));
	append_string(out, psprintf("%lld", (long long) (message->expires_at - call->now)));
}

/* Whole minutes, rounded down so that nobody is promised more; at least one. */
static int
minutes_left(const KycvsCall *call, const KycvsMessage *message)
{
	return (int) Max((message->expires_at - call->now + USECS_PER_SEC - 1) / USECS_PER_MINUTE, 1);
}

static void
append_otp(StringInfo out, const KycvsCall *call, const KycvsMessage *message, const KycvsChallenge *challenge)
{
	KycvsEntity entity;
	KycvsPurpose purpose;
	KycvsSmsText text;
	StringInfoData body;
	char		mobile[KYCVS_E164_MAX + 1];
	char		otp[KYCVS_OTP_DIGITS + 1];

	kycvs_must(kycvs_entity_by_id(challenge->binding.entity, &entity) &&
			   kycvs_purpose_by_id(challenge->binding.purpose, &purpose), "read who asks and why");
	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, challenge->mobile_sealed, KYCVS_SEALED_MOBILE, mobile, sizeof(mobile)) &&
			   kycvs_otp_derive(&challenge->binding, otp), "derive a message");
	kycvs_sms_text_choose(purpose.id, challenge->language, &text);
	initStringInfo(&body);
	enlargeStringInfo(&body, KYCVS_SMS_FILLED_MAX);
	kycvs_sms_fill(&body, text.wording,
				   &(KycvsSmsFacts) {otp, entity.name, purpose.code, minutes_left(call, message), Max(challenge->persons, 1)});
	append_message(out, message, mobile, body.data, challenge->language, &text);
	explicit_bzero(body.data, body.len);
	explicit_bzero(otp, sizeof(otp));
	explicit_bzero(mobile, sizeof(mobile));
}

/* To a number that somebody had: it names nobody, since it may be somebody else's by now. */
static void
append_notice(StringInfo out, const KycvsMessage *message)
{
	KycvsSmsText text;
	char		mobile[KYCVS_E164_MAX + 1];

	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, message->mobile_sealed, KYCVS_SEALED_MOBILE, mobile, sizeof(mobile)), "derive a message");
	kycvs_sms_text_choose(KYCVS_MOBILE_REMOVED, "en", &text);
	append_message(out, message, mobile, text.wording, "en", &text);
	explicit_bzero(mobile, sizeof(mobile));
}

/* ---- claiming ---- */

static bool
is_wanted(const KycvsMessage *message, KycvsChallenge *challenge)
{
	return message->is_notice ||
		(kycvs_challenge_find(&message->challenge, challenge) && !challenge->verified && challenge->ours);
}

/* Until when a message rests that would go by a route that has failed it; it is not kept for longer than it may be sent. */
static bool
must_rest(const KycvsCall *call, const KycvsMessage *message, int32 route, TimestampTz *until)
{
	if (message->failed_at == 0 || (route != 0 && !kycvs_sms_has_failed(&message->failed, route)))
		return false;
	*until = message->failed_at + kycvs_sms_pause(message->attempt, &message->failed) * USECS_PER_SEC;
	*until = Min(*until, message->expires_at);
	return *until > call->now;
}

static Fate
drop(const KycvsCall *call, KycvsMessage *message)
{
	kycvs_outbox_drop(message, call->now);
	return SETTLED;
}

static Fate
count_sent(const KycvsCall *call, KycvsMessage *message, const char *detail)
{
	kycvs_message_finish(message, true, detail, call->now);
	kycvs_tally_sent(message->route, call->now - message->created_at);
	return SETTLED;
}

/*
 * A message whose OTP can no longer be given is dropped, and not looked at again;
 * nor is one that has arrived, though the sender that sent it did not live to tell.
 */
static Fate
claim(const KycvsCall *call, Ways *ways, KycvsMessage *message, KycvsChallenge *challenge, int *way)
{
	TimestampTz until;

	if (message->was_delivered)
		return count_sent(call, message, "");
	if (message->expires_at <= call->now)
		return drop(call, message);
	if (!find_way(ways, message, way))
		return LEFT_WAITING;
	if (!is_wanted(message, challenge))
		return drop(call, message);
	if (must_rest(call, message, route_of(ways, *way), &until))
	{
		kycvs_message_rest(message, until);
		return SETTLED;
	}
	kycvs_message_claim(message, route_of(ways, *way), call->now + CLAIM_SECONDS * USECS_PER_SEC);
	kycvs_tally_add(KYCVS_TALLY_CLAIMED, message->route);
	kycvs_outbox_claimed(message, call->now);
	use_up(ways, *way);
	return CLAIMED;
}

void
kycvs_decide_next_messages(KycvsCall *call)
{
	KycvsMessage due[CHUNK];
	KycvsChallenge challenge;
	Ways		ways;
	StringInfoData messages;
	int			wanted = (int) Min(call->request->number, CHUNK);
	int			found = 0;
	bool		more = false;
	bool		late = false;
	int32		first = -1;
	int			claimed = 0;
	int			left = 0;
	int			i;

	/* of full length from the beginning: what grows leaves a copy behind */
	initStringInfo(&messages);
	enlargeStringInfo(&messages, KYCVS_BODY_MAX);
	if (kycvs_messages_next_entity(call->now, &first))
	{
		read_ways(&ways, call);
		found = kycvs_outbox_next(call->now, wanted, ways.share, due, &more, &late);
	}
	for (i = 0; i < found; i++)
	{
		int			way;
		Fate		fate;

		if (messages.len + MESSAGE_MAX >= KYCVS_BODY_MAX)
		{
			more = true;
			break;
		}
		fate = claim(call, &ways, &due[i], &challenge, &way);
		left += fate == LEFT_WAITING;
		if (fate != CLAIMED)
			continue;
		if (due[i].is_notice)
			append_notice(&messages, &due[i]);
		else
			append_otp(&messages, call, &due[i], &challenge);
		append_attempt(&messages, call, &due[i], &ways, way);
		claimed++;
	}
	kycvs_grant_text(call, messages.data, messages.len);
	explicit_bzero(messages.data, messages.len);
	call->reply->number = claimed;
	/* those that were left would be found again */
	call->reply->more = late || (more && left == 0 && claimed < call->request->number);
	call->audit.object = claimed;
}

/* ---- what became of them ---- */

static bool
has_six_digits(const char *string)
{
	size_t		run;

	for (; *string; string += Max(run, 1))
	{
		run = strspn(string, "0123456789");
		if (run >= KYCVS_OTP_DIGITS)
			return true;
	}
	return false;
}

/* A gateway that repeats what it was sent must not make a sender write it down here. */
static const char *
detail_of(const KycvsRequest *request)
{
	return has_six_digits(request->detail) ? "(withheld: it had six digits in a row)" : request->detail;
}

static bool
find_message(KycvsCall *call, KycvsMessage *message)
{
	call->audit.object = call->request->number;
	return kycvs_message_find(call->request->number, message) ||
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "message does not exist");
}

/* Whoever names an attempt speaks of that alone; whoever does not, of the message. */
static bool
check_attempt(KycvsCall *call, const KycvsMessage *message)
{
	const KycvsRequest *request = call->request;

	if (!message->waiting)
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message is already done, or has expired");
	if (request->count != 0 && (request->count != message->attempt || !message->in_hand))
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
									"this attempt is over: it was reported before, or the message was claimed again since");
	if (request->retry && request->flag)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "retry is for a message that was not delivered");
	if (request->retry && !message->in_hand)
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message is not claimed");
	return true;
}

static void
take_back(const KycvsCall *call, KycvsMessage *message)
{
	kycvs_tally_add(KYCVS_TALLY_RETRIED, message->route);
	if (message->expires_at <= call->now)
		drop(call, message);
	else
		kycvs_message_back(message, detail_of(call->request), call->now);
}

void
kycvs_decide_message_done(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsMessage message;

	if (!find_message(call, &message) || !check_attempt(call, &message))
		return;
	if (request->retry)
		take_back(call, &message);
	else if (request->flag)
		count_sent(call, &message, detail_of(request));
	else
	{
		kycvs_message_finish(&message, false, detail_of(request), call->now);
		kycvs_tally_add(KYCVS_TALLY_FAILED, message.route);
	}
}

/*
 * A network may be quicker than a sender that still reports what it sent, and
 * may deliver what was given up: all that was ever attempted can have a receipt.
 */
void
kycvs_decide_message_receipt(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsMessage message;

	if (!find_message(call, &message))
		return;
	if (!message.sent && message.attempt == 0)
	{
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message was never sent");
		return;
	}
	if (message.has_receipt)
	{
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message has a receipt already");
		return;
	}
	kycvs_message_receive(&message, request->flag, detail_of(request), call->now);
	kycvs_tally_add(request->flag ? KYCVS_TALLY_DELIVERED : KYCVS_TALLY_UNDELIVERED, message.route);
}
