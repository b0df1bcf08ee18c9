/*
 * delivery.c
 *	  HTTP requests to gateways, many at a time.
 *
 * libcurl's multi interface, driven by the loop.  Connections are kept and used
 * again; handles are not: one is made for each request and goes with it, so that
 * the copies that libcurl makes of URL and headers are freed, and so wiped, when
 * the request ends.  The body is sent from our own buffer.  What newer versions
 * of libcurl keep in the multi handle goes with it when nothing was sent for a
 * while.
 *
 * A connection is opened only to a public address, unless the route allows
 * others; as connections are kept, the same is asked again before each request.
 * There are no redirects, no proxies, no protocols but HTTP and HTTPS, no
 * cookies and no compressed answers.
 *
 * Names are resolved in threads of libcurl's.  When one takes longer than the
 * attempt may, it is left behind: to wait for it, as libcurl else does, would
 * stop all that the loop has to do.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "address.h"
#include "delivery.h"
#include "loop.h"
#include "memory.h"

#define ANSWER_MAX	8192	/* patterns are looked for in it, in time that may grow with its square */
#define HEADERS_MAX	65536	/* of all its answers to a request, trailers included: libcurl keeps them */
#define IDLE_MS		10000
#define KEPT_MAX	1000L		/* connections; libcurl's own limit shrinks when few are in use */

typedef struct Transfer
{
	DeliveryRequest request;
	DeliveryCallback callback;
	void	   *arg;
	CURL	   *handle;
	struct curl_slist *headers;
	Buffer		answer;
	size_t		headers_length;
	bool		refused;		/* the address */
} Transfer;

static CURLM *multi = NULL;
static LoopEvent *timer = NULL;
static LoopEvent *idle_timer = NULL;
static int	on_their_way = 0;
static char *ca_file = NULL;

/* ---- the end of a transfer ---- */

void
delivery_wipe(DeliveryRequest *request)
{
	buffer_wipe(&request->url);
	buffer_wipe(&request->body);
	for (int i = 0; i < request->nheaders; i++)
		buffer_wipe(&request->headers[i]);
}

static void
free_transfer(Transfer *transfer)
{
	if (transfer->handle != NULL)
		curl_easy_cleanup(transfer->handle);
	curl_slist_free_all(transfer->headers);
	delivery_wipe(&transfer->request);
	buffer_wipe(&transfer->answer);
	free(transfer);
}

static const char *
words_for(CURLcode code)
{
	switch (code)
	{
		case CURLE_OK:
			return NULL;
		case CURLE_COULDNT_RESOLVE_HOST:
			return "host not found";
		case CURLE_COULDNT_CONNECT:
			return "connection refused";
		case CURLE_OPERATION_TIMEDOUT:
			return "timed out";
		case CURLE_PEER_FAILED_VERIFICATION:
			return "certificate not accepted";
		case CURLE_SSL_CONNECT_ERROR:
			return "no TLS connection";
		case CURLE_SSL_CACERT_BADFILE:
			return "certificates to check with not readable";
		case CURLE_GOT_NOTHING:
			return "no answer";
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
			return "connection lost";
		case CURLE_PARTIAL_FILE:
			return "answer cut short";
		case CURLE_WRITE_ERROR:
			return "answer too long";
		case CURLE_URL_MALFORMAT:
			return "not a URL to send to";
		default:
			return "not an HTTP answer";
	}
}

static void
end_transfer(Transfer *transfer, CURLcode code)
{
	DeliveryAnswer answer = {0, buffer_text(&transfer->answer), transfer->answer.length, NULL, NULL};
	long		status = 0;

	curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->handle, CURLINFO_PRIMARY_IP, &answer.address);
	answer.status = (int) status;
	answer.problem = code != CURLE_OK && transfer->refused ? "address not allowed" : words_for(code);
	curl_multi_remove_handle(multi, transfer->handle);
	transfer->callback(&answer, transfer->arg);
	free_transfer(transfer);
	if (--on_their_way == 0)
		loop_set_timer(idle_timer, IDLE_MS);
}

static void
end_transfers(void)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		Transfer   *transfer;
		CURLcode	code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
		end_transfer(transfer, code);
	}
}

/* ---- what libcurl calls ---- */

static size_t
take_answer(char *data, size_t size, size_t n, void *arg)
{
	Transfer   *transfer = arg;
	size_t		length = size * n;
	size_t		room = ANSWER_MAX - transfer->answer.length;

	buffer_add(&transfer->answer, data, length < room ? length : room);
	return length <= room ? length : 0;
}

static size_t
take_header(char *data, size_t size, size_t n, void *arg)
{
	Transfer   *transfer = arg;

	(void) data;
	transfer->headers_length += size * n;
	return transfer->headers_length > HEADERS_MAX ? 0 : size * n;
}

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	Transfer   *transfer = arg;

	(void) purpose;
	if (!transfer->request.allow_private && !address_is_public(&address->addr))
	{
		transfer->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A kept connection may have been opened for another route. */
static int
before_request(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	Transfer   *transfer = arg;

	(void) local;
	(void) remote_port;
	(void) local_port;
	if (transfer->request.allow_private || address_text_is_public(remote))
		return CURL_PREREQFUNC_OK;
	transfer->refused = true;
	return CURL_PREREQFUNC_ABORT;
}

static void
on_socket(int fd, int what, void *arg)
{
	int			mask = (what & LOOP_READ ? CURL_CSELECT_IN : 0) | (what & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
	int			left;

	(void) arg;
	curl_multi_socket_action(multi, fd, mask, &left);
	end_transfers();
}

static void
on_timer(void *arg)
{
	int			left;

	(void) arg;
	curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &left);
	end_transfers();
}

static int
watch_socket(CURL *handle, curl_socket_t fd, int what, void *arg, void *watch)
{
	int			flags = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

	(void) handle;
	(void) arg;
	loop_remove(watch);
	watch = what == CURL_POLL_REMOVE ? NULL : loop_watch(fd, flags, on_socket, NULL);
	curl_multi_assign(multi, fd, watch);
	return 0;
}

static int
set_timer(CURLM *handle, long milliseconds, void *arg)
{
	(void) handle;
	(void) arg;
	if (milliseconds < 0)
		loop_stop_timer(timer);
	else
		loop_set_timer(timer, milliseconds);
	return 0;
}

/* ---- the beginning of a transfer ---- */

static void
set_limits(CURL *handle, Transfer *transfer)
{
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, transfer->request.timeout_ms);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, transfer->request.timeout_ms);
	curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL)
		curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file);
}

static void
set_callbacks(CURL *handle, Transfer *transfer)
{
	curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(handle, CURLOPT_PREREQDATA, transfer);
}

static void
add_header(Transfer *transfer, const char *header)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, header);

	if (longer != NULL)
		transfer->headers = longer;
}

static void
set_request(CURL *handle, Transfer *transfer)
{
	const DeliveryRequest *request = &transfer->request;

	for (int i = 0; i < request->nheaders; i++)
		add_header(transfer, buffer_text(&request->headers[i]));
	add_header(transfer, "Expect:");
	curl_easy_setopt(handle, CURLOPT_URL, buffer_text(&request->url));
	curl_easy_setopt(handle, CURLOPT_USERAGENT, "kycvs-sender/" KYCVS_VERSION);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
	if (request->connect_only)
		curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
	if (request->post)
	{
		curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body.length);
		curl_easy_setopt(handle, CURLOPT_POSTFIELDS, buffer_text(&request->body));
	}
	if (request->username != NULL)
	{
		curl_easy_setopt(handle, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
		curl_easy_setopt(handle, CURLOPT_USERNAME, request->username);
		curl_easy_setopt(handle, CURLOPT_PASSWORD, request->password);
	}
}

void
delivery_start(DeliveryRequest *request, DeliveryCallback callback, void *arg)
{
	Transfer   *transfer = allocate(sizeof(Transfer));

	transfer->request = *request;
	transfer->callback = callback;
	transfer->arg = arg;
	transfer->handle = curl_easy_init();
	if (transfer->handle == NULL)
		abort();
	set_limits(transfer->handle, transfer);
	set_callbacks(transfer->handle, transfer);
	set_request(transfer->handle, transfer);
	transfer->request.username = transfer->request.password = NULL;
	curl_multi_add_handle(multi, transfer->handle);
	on_their_way++;
}

/* ---- all of them ---- */

static bool
make_multi(void)
{
	multi = curl_multi_init();
	if (multi == NULL)
		return false;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, KEPT_MAX);
	return true;
}

static void
on_idle(void *arg)
{
	(void) arg;
	if (on_their_way > 0)
		return;
	curl_multi_cleanup(multi);
	if (!make_multi())
		abort();
}

/* Where that variable is set, libcurl writes down what TLS encrypts with. */
bool
delivery_init(void)
{
	(void) unsetenv("SSLKEYLOGFILE");
	timer = loop_timer(on_timer, NULL);
	idle_timer = loop_timer(on_idle, NULL);
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && make_multi();
}

void
delivery_end(void)
{
	curl_multi_cleanup(multi);
	curl_global_cleanup();
	loop_remove(timer);
	loop_remove(idle_timer);
	free(ca_file);
}

void
delivery_set_ca_file(const char *file)
{
	free(ca_file);
	ca_file = file != NULL ? copy_text(file) : NULL;
}
