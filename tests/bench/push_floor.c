// SPDX-License-Identifier: BSL-1.0
// push_floor HOST:PORT REPOSITORY FOLDER LANES DIGEST:SIZE...: the least that a push can do. Each lane takes the next blob, starts an upload
// over a connection that it keeps, hashes FOLDER/<hex> as it sends it, compares the hash, and reads that the blob was created. Hexadecimal
// SHA-256 without its name. Exit status 0 when all hold.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { piece = 256 * 1024 };

static struct sockaddr_in where;
static char const *host, *repository, *folder;
static char** blobs;
static int count;
static atomic_int next_blob, wrong;

static int dial(void) {
    int const s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (s < 0 || connect(s, (struct sockaddr*)&where, sizeof where)) return -1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return s;
}

static int send_all(int s, char const* bytes, size_t n) {
    while (n) {
        ssize_t const sent = send(s, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

// The head of an answer that has no body, with this status.
static int answered(int s, char* head, size_t room, char const* status) {
    size_t have = 0;
    for (;;) {
        ssize_t const n = read(s, head + have, room - 1 - have);
        if (n <= 0) return -1;
        have += (size_t)n;
        head[have] = 0;
        if (strstr(head, "\r\n\r\n")) return strncmp(head + 9, status, 3) ? -1 : 0;
    }
}

static int upload(int s, EVP_MD_CTX* hash, char* buffer, char const* blob) {
    char head[4096], hex[65] = "", name[1024], target[3072];
    char const* const colon = strchr(blob, ':');
    if (!colon || colon - blob != 64) return -1;
    memcpy(hex, blob, 64);
    long long left = atoll(colon + 1);
    int n = snprintf(head, sizeof head, "POST /v2/%s/blobs/uploads/ HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", repository, host);
    if (send_all(s, head, (size_t)n) || answered(s, head, sizeof head, "202")) return -1;
    char* from = strcasestr(head, "\r\nlocation: ");
    if (!from) return -1;
    from += 12;
    *strchr(from, '\r') = 0;
    char const* const path = strstr(from, "/v2/");
    if (!path) return -1;
    snprintf(target, sizeof target, "%s%cdigest=sha256:%s", path, strchr(path, '?') ? '&' : '?', hex);
    n = snprintf(head, sizeof head, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %lld\r\n\r\n", target, host, left);
    if (send_all(s, head, (size_t)n)) return -1;

    snprintf(name, sizeof name, "%s/%s", folder, hex);
    int const file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    while (left > 0) {
        ssize_t const got = read(file, buffer, piece);
        if (got <= 0) return close(file), -1;
        EVP_DigestUpdate(hash, buffer, (size_t)got);
        if (send_all(s, buffer, (size_t)got)) return close(file), -1;
        left -= got;
    }
    close(file);
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(hash, sum, &length);
    for (unsigned i = 0; i < length; ++i) {
        char two[3];
        snprintf(two, sizeof two, "%02x", sum[i]);
        if (memcmp(two, hex + 2 * i, 2)) return -1;
    }
    return answered(s, head, sizeof head, "201");
}

static void* lane(void* nothing) {
    (void)nothing;
    int const s = dial();
    EVP_MD_CTX* const hash = EVP_MD_CTX_new();
    char* const buffer = malloc(piece);
    for (int i; (i = atomic_fetch_add(&next_blob, 1)) < count;)
        if (s < 0 || upload(s, hash, buffer, blobs[i])) {
            fprintf(stderr, "push_floor: %s failed\n", blobs[i]);
            wrong = 1;
        }
    free(buffer);
    EVP_MD_CTX_free(hash);
    if (s >= 0) close(s);
    return NULL;
}

int main(int argc, char** argv) {
    if (argc < 6) return fputs("usage: push_floor HOST:PORT REPOSITORY FOLDER LANES DIGEST:SIZE...\n", stderr), 2;
    char address[64] = "";
    host = argv[1];
    char const* const colon = strchr(host, ':');
    if (!colon || colon - host >= (int)sizeof address) return 2;
    memcpy(address, host, (size_t)(colon - host));
    where.sin_family = AF_INET;
    where.sin_port = htons((unsigned short)atoi(colon + 1));
    inet_pton(AF_INET, address, &where.sin_addr);
    repository = argv[2];
    folder = argv[3];
    int const lanes = atoi(argv[4]);
    blobs = argv + 5;
    count = argc - 5;
    pthread_t threads[64];
    for (int i = 0; i < lanes && i < 64; ++i) pthread_create(&threads[i], NULL, lane, NULL);
    for (int i = 0; i < lanes && i < 64; ++i) pthread_join(threads[i], NULL);
    return wrong;
}
