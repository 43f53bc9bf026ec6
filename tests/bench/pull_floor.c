// SPDX-License-Identifier: BSL-1.0
// pull_floor HOST:PORT REPOSITORY FOLDER LANES DIGEST:SIZE...: the least that a pull can do. Each lane takes the next blob, asks for it over a
// connection that it keeps, hashes what comes, writes it to FOLDER/<hex>, syncs the file, and compares the hash. Hexadecimal
// SHA-256 without its name. Exit status 0 when all hold.
#include <arpa/inet.h>
#include <errno.h>
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

static int fetch(int s, EVP_MD_CTX* hash, char* buffer, char const* blob) {
    char head[1024], name[1024], hex[65] = "";
    char const* const colon = strchr(blob, ':');
    if (!colon || colon - blob != 64) return -1;
    memcpy(hex, blob, 64);
    long long const size = atoll(colon + 1);
    int const asked = snprintf(head, sizeof head, "GET /v2/%s/blobs/sha256:%s HTTP/1.1\r\nHost: %s\r\n\r\n", repository, hex, host);
    if (write(s, head, (size_t)asked) != asked) return -1;
    snprintf(name, sizeof name, "%s/%s", folder, hex);
    int const file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

    long long have = -1; // of the body
    size_t filled = 0;
    while (have < size) {
        ssize_t const n = read(s, buffer + filled, piece - filled);
        if (n <= 0) return close(file), -1;
        char const* body = buffer;
        size_t bytes = (size_t)n;
        if (have < 0) {
            filled += (size_t)n;
            char* const end = memmem(buffer, filled, "\r\n\r\n", 4);
            if (!end) continue;
            if (memcmp(buffer, "HTTP/1.1 200", 12)) return close(file), -1;
            body = end + 4;
            bytes = filled - (size_t)(body - buffer);
            filled = 0;
            have = 0;
        }
        EVP_DigestUpdate(hash, body, bytes);
        for (size_t done = 0; done < bytes;) {
            ssize_t const w = write(file, body + done, bytes - done);
            if (w < 0) return close(file), -1;
            done += (size_t)w;
        }
        have += (long long)bytes;
    }
    if (fsync(file) || close(file) || have != size) return -1;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(hash, sum, &length);
    for (unsigned i = 0; i < length; ++i) {
        char two[3];
        snprintf(two, sizeof two, "%02x", sum[i]);
        if (memcmp(two, hex + 2 * i, 2)) return -1;
    }
    return 0;
}

static void* lane(void* nothing) {
    (void)nothing;
    int const s = dial();
    EVP_MD_CTX* const hash = EVP_MD_CTX_new();
    char* const buffer = malloc(piece);
    for (int i; (i = atomic_fetch_add(&next_blob, 1)) < count;)
        if (s < 0 || fetch(s, hash, buffer, blobs[i])) {
            fprintf(stderr, "pull_floor: %s failed\n", blobs[i]);
            wrong = 1;
        }
    free(buffer);
    EVP_MD_CTX_free(hash);
    if (s >= 0) close(s);
    return NULL;
}

int main(int argc, char** argv) {
    if (argc < 6) return fputs("usage: pull_floor HOST:PORT REPOSITORY FOLDER LANES DIGEST:SIZE...\n", stderr), 2;
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
