/* SPDX-License-Identifier: Apache-2.0 */
/* upstream.c - the APIs behind "trivet serve", and where they are */
#define _DEFAULT_SOURCE
#include "cli/serve/upstream.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/serve/network.h"
#include "cli/text.h"

static const char host_letters[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
/* Of RFC 3986, but for what means something to nginx: $ ; ' */
static const char path_letters[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "/-._~!&()*+,=:@%";

/* ---- the URL ----------------------------------------------------------- */

static bool
is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr bytes;
    size_t len = strlen(host);

    if (host[0] != '[' || len - 2 >= sizeof address || host[len - 1] != ']') {
        return false;
    }

    memcpy(address, host + 1, len - 2);
    address[len - 2] = '\0';
    return inet_pton(AF_INET6, address, &bytes) == 1;
}

static bool
is_ipv4(const char *host)
{
    struct in_addr bytes;

    return inet_pton(AF_INET, host, &bytes) == 1;
}

static bool
is_strict(const struct trivet_url *url)
{
    bool is_host = is_ipv6(url->host)
                   || (url->host[0] != '\0' && url->host[0] != '-'
                       && strlen(url->host) < NI_MAXHOST
                       && url->host[strspn(url->host, host_letters)] == '\0');

    return is_host && url->port != 0
           && url->path[strspn(url->path, path_letters)] == '\0';
}

/* One location of nginx leads to all of them. */
static const char *
find_difference(const struct trivet_url *first, const struct trivet_url *url)
{
    if (first->is_https != url->is_https) {
        return "the scheme";
    }
    if (strcmp(first->path, url->path) != 0) {
        return "the path";
    }
    if (first->is_https && strcasecmp(first->host, url->host) != 0) {
        return "the host, which the certificate is verified against";
    }

    return NULL;
}

enum trivet_status
cli_upstream_add(
    struct cli_upstreams *upstreams, const char *url, struct trivet_error *err)
{
    struct cli_upstream added = {.num_addresses = 0};
    const char *difference;

    if (strstr(url, ":///") != NULL /* curl would take the path for a host */
        || trivet_url_parse(url, &added.url, NULL) != TRIVET_OK
        || !is_strict(&added.url))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--upstream %.100s: not a URL of the form "
            "http[s]://host[:port][/path], without $, quotes, semicolons and "
            "braces",
            url);
    }

    if (upstreams->num == CLI_MAX_UPSTREAMS) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--upstream: %d of them at most", (int) CLI_MAX_UPSTREAMS);
    }

    difference = upstreams->num == 0
                     ? NULL
                     : find_difference(&upstreams->all[0].url, &added.url);
    if (difference != NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "--upstream %.100s: %s must be the same in all of them", url,
            difference);
    }

    added.is_name = !is_ipv4(added.url.host) && !is_ipv6(added.url.host);
    if (!added.is_name) {
        added.num_addresses = 1;
        (void) snprintf(added.addresses[0], sizeof added.addresses[0], "%.*s",
            (int) sizeof added.addresses[0] - 1, added.url.host);
    }

    upstreams->all[upstreams->num++] = added;
    return TRIVET_OK;
}

/* ---- where it is ------------------------------------------------------- */

/* Whether the kernel knows a way there; nothing is sent. */
static bool
has_route(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;

    if (fd >= 0) {
        (void) close(fd);
    }

    return has;
}

static void
add_address(struct cli_upstream *to, const struct addrinfo *found)
{
    char text[NI_MAXHOST];
    cli_upstream_address address;

    if (to->num_addresses == CLI_MAX_UPSTREAM_ADDRESSES
        || getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text,
               NULL, 0, NI_NUMERICHOST)
               != 0
        || strlen(text) >= TRIVET_MAX_ADDRESS_TEXT || strchr(text, '%') != NULL)
    {
        return; /* nginx takes no link-local address with its interface */
    }

    cli_network_bracket(text, address, sizeof address);

    for (size_t i = 0; i < to->num_addresses; i++) {
        if (strcmp(to->addresses[i], address) == 0) {
            return;
        }
    }

    memcpy(to->addresses[to->num_addresses++], address, sizeof address);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

void
cli_upstream_resolve(struct cli_upstream *upstream)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct cli_upstream all = {.num_addresses = 0};
    struct cli_upstream reached = {.num_addresses = 0};
    struct addrinfo *list = NULL;
    char port[8];
    int rc;

    (void) snprintf(port, sizeof port, "%u", upstream->url.port);
    rc = getaddrinfo(upstream->url.host, port, &hints, &list);

    for (struct addrinfo *i = rc == 0 ? list : NULL; i != NULL; i = i->ai_next)
    {
        add_address(&all, i);
        if (has_route(i)) {
            add_address(&reached, i);
        }
    }
    if (rc == 0) {
        freeaddrinfo(list);
    }

    if (all.num_addresses == 0) {
        (void) snprintf(upstream->why, sizeof upstream->why, "%s",
            cli_text_of(rc == 0, "it has no address", gai_strerror(rc)));
        return;
    }

    if (reached.num_addresses == 0) {
        reached = all;
    }
    qsort(reached.addresses, reached.num_addresses, sizeof reached.addresses[0],
        compare);
    memcpy(upstream->addresses, reached.addresses, sizeof upstream->addresses);
    upstream->num_addresses = reached.num_addresses;
    upstream->why[0] = '\0';
}

static bool
has_address(const struct cli_upstream *upstream, const char *address)
{
    for (size_t i = 0; i < upstream->num_addresses; i++) {
        if (strcmp(upstream->addresses[i], address) == 0) {
            return true;
        }
    }

    return false;
}

static size_t
count_shared(const struct cli_upstream *a, const struct cli_upstream *b)
{
    size_t num = 0;

    for (size_t i = 0; i < a->num_addresses; i++) {
        num += has_address(b, a->addresses[i]);
    }

    return num;
}

bool
cli_upstream_same_addresses(
    const struct cli_upstream *a, const struct cli_upstream *b)
{
    return a->num_addresses == b->num_addresses
           && count_shared(a, b) == a->num_addresses;
}

bool
cli_upstream_overlaps(
    const struct cli_upstream *a, const struct cli_upstream *b)
{
    return count_shared(a, b) > 0;
}
