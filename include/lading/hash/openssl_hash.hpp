// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `openssl_hash`: the hash policy over OpenSSL's EVP.

#include "../digest.hpp"

#include <openssl/evp.h>

#include <utility>

namespace lading {

/// Models the hash policy. Errors of `finish`: `out_of_memory` when OpenSSL could not do its part.
class openssl_hash {
  public:
    explicit openssl_hash(digest_algorithm a)
        : algorithm_(a), context_(EVP_MD_CTX_new()), ok_(context_ && EVP_DigestInit_ex(context_, method(), nullptr) == 1) {}
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
#if defined(OPENSSL_VERSION_MAJOR) && !defined(OPENSSL_IS_BORINGSSL)
        // Fetched once: OpenSSL 3 looks `EVP_sha256()` up among its providers at each use.
        static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        if (sha256) return sha256;
#endif
        return EVP_sha256();
    }

    digest_algorithm algorithm_;
    EVP_MD_CTX* context_;
    bool ok_ = false;
};

} // namespace lading
