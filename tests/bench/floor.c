// SPDX-License-Identifier: BSL-1.0
// The least that a client can do, as a yardstick: raw sockets, one connection, the digests checked with OpenSSL's SHA-256, answers
// taken at their word. No redirects, no tokens, no chunked bodies, no limits: not an example of anything else.
//
//   floor inspect HOST PORT REPOSITORY TAG [CA]   manifest, then config; over TLS (name: localhost) when built with -DFLOOR_TLS
//   floor bulk HOST PORT COUNT CONNECTIONS        manifest and config of bulk/r0, bulk/r1, ... from one thread
//   floor blob HOST PORT PATH                     hashes one blob; PATH ends with its digest
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef FLOOR_TLS
#include <openssl/ssl.h>
static SSL* tls;
#endif

enum { digest_length = 71 }; // sha256: and 64 hex digits

static void fail(char const* why) {
    fprintf(stderr, "floor: %s\n", why);
    exit(1);
}

static int connect_to(char const* host, char const* port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    int const on = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connect(s, (struct sockaddr*)&to, sizeof to)) fail("cannot connect");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return s;
}
static void send_all(int s, char const* text, size_t n) {
#ifdef FLOOR_TLS
    if (tls) {
        if (SSL_write(tls, text, (int)n) != (int)n) fail("cannot write");
        return;
    }
#endif
    if (send(s, text, n, MSG_NOSIGNAL) != (ssize_t)n) fail("cannot write");
}
static size_t receive(int s, char* into, size_t n) {
#ifdef FLOOR_TLS
    if (tls) {
        int const got = SSL_read(tls, into, (int)n);
        if (got <= 0) fail("the connection ended");
        return (size_t)got;
    }
#endif
    ssize_t const got = recv(s, into, n, 0);
    if (got <= 0) fail("the connection ended");
    return (size_t)got;
}
static void start_tls(int s, char const* ca) {
#ifdef FLOOR_TLS
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1) fail("no CA");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    tls = SSL_new(context);
    if (!SSL_set1_host(tls, "localhost") || !SSL_set_tlsext_host_name(tls, "localhost") || !SSL_set_fd(tls, s) ||
        SSL_connect(tls) != 1)
        fail("no TLS");
#else
    (void)s, (void)ca;
    fail("built without TLS");
#endif
}

static void ask(int s, char const* host, char const* port, char const* path) {
    char text[2048];
    int const n = snprintf(text, sizeof text,
                           "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: floor\r\n"
                           "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n\r\n",
                           path, host, port);
    send_all(s, text, (size_t)n);
}
/// What is known of an answer whose first `have` bytes (and a NUL) are in `text`: null while its head is not complete.
static char* body_of(char* text, size_t* length) {
    char* const end = strstr(text, "\r\n\r\n");
    if (!end) return NULL;
    if (strncmp(text + 9, "200", 3)) fail("not 200");
    char* const header = strcasestr(text, "\r\ncontent-length:");
    if (!header || header > end) fail("no length");
    *length = strtoul(header + 17, NULL, 10);
    return end + 4;
}
static void digest_text(EVP_MD_CTX* hash, char* out) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(hash, bytes, NULL);
    memcpy(out, "sha256:", 7);
    for (int i = 0; i < 32; ++i) sprintf(out + 7 + 2 * i, "%02x", bytes[i]);
}
static void check(char const* body, size_t n, char const* digest) {
    static EVP_MD_CTX* hash;
    if (!hash) hash = EVP_MD_CTX_new();
    char got[digest_length + 1];
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    EVP_DigestUpdate(hash, body, n);
    digest_text(hash, got);
    if (!digest || memcmp(got, digest, digest_length)) fail("another digest");
}
static char* digest_header(char* text) {
    char* const header = strcasestr(text, "\r\ndocker-content-digest: ");
    return header ? header + 25 : NULL;
}
static char* config_digest(char* manifest) {
    char* const config = strstr(manifest, "\"config\"");
    char* const digest = config ? strstr(config, "sha256:") : NULL;
    if (!digest) fail("no config");
    return digest;
}

static void inspect(char** arg, int tls_wanted) {
    static char answer[1 << 20];
    char path[512], digest[digest_length + 1];
    int const s = connect_to(arg[0], arg[1]);
    if (tls_wanted) start_tls(s, arg[4]);
    snprintf(path, sizeof path, "/v2/%s/manifests/%s", arg[2], arg[3]);
    for (int step = 0; step < 2; ++step) {
        ask(s, arg[0], arg[1], path);
        size_t have = 0, length = 0;
        char* body = NULL;
        while (!(body = body_of(answer, &length)) || (size_t)(answer + have - body) < length) {
            have += receive(s, answer + have, sizeof answer - 1 - have);
            answer[have] = 0;
        }
        check(body, length, step ? digest : digest_header(answer));
        if (step) {
            fwrite(body, 1, length, stdout);
            return;
        }
        memcpy(digest, config_digest(body), digest_length);
        digest[digest_length] = 0;
        printf("%s\n", digest);
        snprintf(path, sizeof path, "/v2/%s/blobs/%s", arg[2], digest);
        answer[0] = 0;
    }
}

struct conversation {
    int socket, number, at_config;
    size_t have;
    char digest[digest_length + 1], text[16384];
};
static void begin(struct conversation* c, char** arg, int number) {
    char path[64];
    c->number = number;
    c->at_config = 0;
    c->have = 0;
    snprintf(path, sizeof path, "/v2/bulk/r%d/manifests/latest", number);
    ask(c->socket, arg[0], arg[1], path);
}
static void bulk(char** arg) {
    int const count = atoi(arg[2]), connections = atoi(arg[3]) < count ? atoi(arg[3]) : count, queue = epoll_create1(0);
    struct conversation* const all = calloc((size_t)connections, sizeof *all);
    int next = 0, done = 0;
    for (; next < connections; ++next) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = all + next};
        all[next].socket = connect_to(arg[0], arg[1]);
        epoll_ctl(queue, EPOLL_CTL_ADD, all[next].socket, &event);
        begin(all + next, arg, next);
    }
    while (done < count) {
        struct epoll_event events[256];
        int const n = epoll_wait(queue, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            struct conversation* const c = events[i].data.ptr;
            size_t length = 0;
            c->have += receive(c->socket, c->text + c->have, sizeof c->text - 1 - c->have);
            c->text[c->have] = 0;
            char* const body = body_of(c->text, &length);
            if (!body || (size_t)(c->text + c->have - body) < length) continue;
            check(body, length, c->at_config ? c->digest : digest_header(c->text));
            if (c->at_config) {
                ++done;
                if (next < count) begin(c, arg, next++);
                continue;
            }
            char path[160];
            memcpy(c->digest, config_digest(body), digest_length);
            snprintf(path, sizeof path, "/v2/bulk/r%d/blobs/%s", c->number, c->digest);
            c->at_config = 1;
            c->have = 0;
            ask(c->socket, arg[0], arg[1], path);
        }
    }
}

static void blob(char** arg) {
    static char piece[1 << 18];
    int const s = connect_to(arg[0], arg[1]);
    size_t have = 0, length = 0;
    char* body = NULL;
    ask(s, arg[0], arg[1], arg[2]);
    while (!(body = body_of(piece, &length))) {
        have += receive(s, piece + have, sizeof piece - 1 - have);
        piece[have] = 0;
    }
    EVP_MD_CTX* const hash = EVP_MD_CTX_new();
    size_t got = have - (size_t)(body - piece);
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    EVP_DigestUpdate(hash, body, got);
    while (got < length) {
        size_t const n = receive(s, piece, sizeof piece);
        EVP_DigestUpdate(hash, piece, n);
        got += n;
    }
    char digest[digest_length + 1];
    digest_text(hash, digest);
    char const* const wanted = strstr(arg[2], "sha256:");
    if (!wanted || memcmp(digest, wanted, digest_length)) fail("another digest");
}

int main(int argc, char** argv) {
    if (argc >= 6 && !strcmp(argv[1], "inspect")) inspect(argv + 2, argc > 6);
    else if (argc == 6 && !strcmp(argv[1], "bulk")) bulk(argv + 2);
    else if (argc == 5 && !strcmp(argv[1], "blob")) blob(argv + 2);
    else fail("inspect | bulk | blob");
    return 0;
}
