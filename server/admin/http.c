/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "server/admin/host.h"
#include "server/admin/metrics.h"
#include "server/admin/page.h"
#include "server/admin/snapshot.h"

#define HEADERS_MAX 8192
#define BODY_MAX 1024
#define TIMEOUT_S 10

struct bs_http {
	struct evhttp *http;
	const struct bs_admin *admin;
	struct bs_addr addr;
};

/* Write the body for a snapshot; returns the HTTP status. */
typedef int page_fn(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out);

static int
write_metrics(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out)
{
	bs_metrics_write(s, out);
	bs_metrics_write_certificates(&admin->conf, s->wall_s, out);
	return HTTP_OK;
}

static int
write_health(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out)
{
	const char *trouble = bs_snapshot_trouble(s);

	(void)admin;
	fprintf(out, "%s\n", trouble != NULL ? trouble : "ok");
	return trouble != NULL ? HTTP_SERVUNAVAIL : HTTP_OK;
}

static int
write_page(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out)
{
	bs_page_write(admin, s, out);
	return HTTP_OK;
}

static const struct route {
	const char *path, *content_type;
	page_fn *page;
} routes[] = {
	{ "/", "text/html; charset=utf-8", write_page },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics },
	{ "/health", "text/plain; charset=utf-8", write_health },
};

static void
add_headers(struct evhttp_request *req, const char *content_type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	char policy[256];

	snprintf(policy, sizeof(policy),
		"default-src 'none'; style-src %s; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		bs_page_style_hash());
	evhttp_add_header(headers, "Content-Type", content_type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Content-Security-Policy", policy);
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
}

static void
answer(struct bs_http *h, struct evhttp_request *req, const struct route *route)
{
	struct bs_snapshot s;
	char *body = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&body, &len);
	int status;

	if (out == NULL) {
		evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	bs_snapshot_take(h->admin->shared, h->admin->started_ms, &s);
	status = route->page(h->admin, &s, out);
	fclose(out);
	add_headers(req, route->content_type);
	evbuffer_add(evhttp_request_get_output_buffer(req), body, len);
	evhttp_send_reply(req, status, NULL, NULL);
	free(body);
}

/* The worse of two. */
static enum bs_host_verdict
worse(enum bs_host_verdict a, enum bs_host_verdict b)
{
	return a > b ? a : b;
}

/*
 * All that says for whom the request is must be good: the header, and the host of a request in absolute form. Exactly one header,
 * but none in HTTP/1.0, whose clients need not send it; no browser is among them.
 */
static enum bs_host_verdict
judge_host(const struct bs_http *h, struct evhttp_request *req)
{
	const struct bs_conf_list *names = &h->admin->conf.http_hosts;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *absolute = uri != NULL ? evhttp_uri_get_host(uri) : NULL;
	enum bs_host_verdict verdict = absolute != NULL ? bs_host_judge(absolute, names) : BS_HOST_GOOD;
	unsigned count = 0;
	const struct evkeyval *header;

	TAILQ_FOREACH (header, evhttp_request_get_input_headers(req), next) {
		if (strcasecmp(header->key, "Host") == 0) {
			verdict = worse(verdict, bs_host_judge(header->value, names));
			count++;
		}
	}
	if (count > 1 || (count == 0 && (req->major != 1 || req->minor != 0)))
		return BS_HOST_BAD;
	return verdict;
}

static void
refuse_host(struct evhttp_request *req, enum bs_host_verdict verdict)
{
	static const struct {
		int status;
		const char *reason, *text;
	} rows[] = {
		[BS_HOST_FOREIGN] = { 421, "Misdirected Request",
			"This server does not answer to the name in the request: otherwise pages of other sites could read it.\n"
			"Use its address or localhost, or add the name to the configuration of lwm2m-bootstrapd "
			"and reload it:\n\n[http]\nhost = NAME        # [http] host may be given several times\n" },
		[BS_HOST_BAD] = { HTTP_BADREQUEST, "Bad Request",
			"The request needs exactly one Host header (RFC 9112, 3.2).\n" },
	};

	add_headers(req, "text/plain; charset=utf-8");
	evbuffer_add(evhttp_request_get_output_buffer(req), rows[verdict].text, strlen(rows[verdict].text));
	evhttp_send_reply(req, rows[verdict].status, rows[verdict].reason, NULL);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	enum bs_host_verdict verdict = judge_host(arg, req);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	if (verdict != BS_HOST_GOOD) {
		refuse_host(req, verdict);
		return;
	}
	for (size_t i = 0; path != NULL && i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(path, routes[i].path) == 0) {
			answer(arg, req, &routes[i]);
			return;
		}
	}
	evhttp_send_error(req, HTTP_NOTFOUND, NULL);
}

static enum bs_err
listen_at(struct bs_http *h, const char *address)
{
	char host[BS_ADDR_TEXT];
	struct evhttp_bound_socket *bound;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (bs_addr_parse(address, &h->addr) != BS_OK)
		return BS_EFORMAT;
	bs_addr_format_host(&h->addr, host);
	bound = evhttp_bind_socket_with_handle(h->http, host, bs_addr_port(&h->addr));
	if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&ss, &len) != 0)
		return BS_EIO;
	bs_addr_set(&h->addr, (struct sockaddr *)&ss, len);
	return BS_OK;
}

enum bs_err
bs_http_start(struct event_base *base, const char *address, const struct bs_admin *admin, struct bs_http **out,
	struct bs_diag *diag)
{
	struct bs_http *h = calloc(1, sizeof(*h));
	enum bs_err err;

	if (h == NULL || (h->http = evhttp_new(base)) == NULL) {
		bs_http_stop(h);
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	}
	h->admin = admin;
	evhttp_set_allowed_methods(h->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(h->http, HEADERS_MAX);
	evhttp_set_max_body_size(h->http, BODY_MAX);
	evhttp_set_timeout(h->http, TIMEOUT_S);
	evhttp_set_gencb(h->http, on_request, h);
	err = listen_at(h, address);
	if (err == BS_OK) {
		*out = h;
		return BS_OK;
	}
	bs_http_stop(h);
	if (err == BS_EFORMAT)
		return bs_diag_set(
			diag, err, 0, "[http] address = %.80s: expected 127.0.0.1:8080 or [::1]:8080", address);
	return bs_diag_set(diag, err, 0, "[http] cannot listen on %.80s: %s", address, strerror(errno));
}

void
bs_http_stop(struct bs_http *h)
{
	if (h == NULL)
		return;
	if (h->http != NULL)
		evhttp_free(h->http);
	free(h);
}

const struct bs_addr *
bs_http_get_addr(const struct bs_http *h)
{
	return &h->addr;
}
