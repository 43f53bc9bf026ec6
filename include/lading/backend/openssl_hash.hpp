// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `openssl_hash`: the hash policy over OpenSSL's SHA-2.
///
/// Not by EVP where there is a choice: its first use reads the configuration of OpenSSL and fetches the provider's
/// algorithms, which is a fifth of what inspecting one image costs and 2 MiB, and each later use looks the algorithm up.

#include "../digest.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <utility>

namespace lading {

#ifndef OPENSSL_NO_DEPRECATED_3_0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" // of OpenSSL 3: in favour of EVP

/// Models the hash policy. Allocates nothing; `finish` always succeeds.
class openssl_hash {
  public:
    explicit openssl_hash(digest_algorithm a) : algorithm_(a) {
        switch (a) {
        case digest_algorithm::sha256: SHA256_Init(&state_.of_256); break;
        case digest_algorithm::sha384: SHA384_Init(&state_.of_512); break;
        case digest_algorithm::sha512: SHA512_Init(&state_.of_512); break;
        }
    }

    void update(std::span<std::byte const> bytes) {
        if (algorithm_ == digest_algorithm::sha256) SHA256_Update(&state_.of_256, bytes.data(), bytes.size());
        else SHA512_Update(&state_.of_512, bytes.data(), bytes.size()); // SHA-384 is the same with another beginning
    }
    result<digest> finish() {
        std::array<std::byte, SHA512_DIGEST_LENGTH> out{};
        auto* const to = reinterpret_cast<unsigned char*>(out.data());
        switch (algorithm_) {
        case digest_algorithm::sha256:
            SHA256_Final(to, &state_.of_256);
            return digest::from_bytes(algorithm_, std::span(out).first(SHA256_DIGEST_LENGTH));
        case digest_algorithm::sha384:
            SHA384_Final(to, &state_.of_512);
            return digest::from_bytes(algorithm_, std::span(out).first(SHA384_DIGEST_LENGTH));
        case digest_algorithm::sha512: break;
        }
        SHA512_Final(to, &state_.of_512);
        return digest::from_bytes(algorithm_, out);
    }

  private:
    digest_algorithm algorithm_;
    union {
        SHA256_CTX of_256;
        SHA512_CTX of_512;
    } state_;
};

#pragma GCC diagnostic pop

#else

/// Models the hash policy. Errors of `finish`: `out_of_memory` when OpenSSL could not do its part.
class openssl_hash {
  public:
    explicit openssl_hash(digest_algorithm a) : algorithm_(a), context_(EVP_MD_CTX_new()) {
        ok_ = context_ && EVP_DigestInit_ex(context_, method(), nullptr) == 1;
    }
    openssl_hash(openssl_hash&& other) noexcept
        : algorithm_(other.algorithm_), context_(std::exchange(other.context_, nullptr)), ok_(other.ok_) {}
    openssl_hash& operator=(openssl_hash other) noexcept {
        algorithm_ = other.algorithm_;
        std::swap(context_, other.context_);
        ok_ = other.ok_;
        return *this;
    }
    ~openssl_hash() { EVP_MD_CTX_free(context_); }

    void update(std::span<std::byte const> bytes) {
        ok_ = ok_ && EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1;
    }
    result<digest> finish() {
        std::array<std::byte, EVP_MAX_MD_SIZE> out{};
        unsigned size = 0;
        if (!ok_ || EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(out.data()), &size) != 1)
            return error(errc::out_of_memory).with_context("OpenSSL could not hash");
        return digest::from_bytes(algorithm_, std::span(out).first(size));
    }

  private:
    EVP_MD const* method() const noexcept {
        switch (algorithm_) {
        case digest_algorithm::sha384: return EVP_sha384();
        case digest_algorithm::sha512: return EVP_sha512();
        case digest_algorithm::sha256: break;
        }
        // Fetched once: OpenSSL 3 looks `EVP_sha256()` up among its providers at each use.
        static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return sha256 ? sha256 : EVP_sha256();
    }

    digest_algorithm algorithm_;
    EVP_MD_CTX* context_;
    bool ok_ = false;
};

#endif

} // namespace lading
