// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `mbedtls_hash`: the hash policy over mbed TLS (2.28 or newer). Opt in; needs libmbedcrypto at link time.

#include "../digest.hpp"

#include <mbedtls/md.h>

#include <memory>

namespace lading {

/// Models the hash policy. Errors of `finish`: `digest_unsupported` (built without the algorithm), `out_of_memory`.
class mbedtls_hash {
  public:
    explicit mbedtls_hash(digest_algorithm a) : algorithm_(a), context_(new mbedtls_md_context_t) {
        mbedtls_md_init(context_.get());
        auto const* const info = mbedtls_md_info_from_type(type());
        if (!info) state_ = errc::digest_unsupported;
        else if (mbedtls_md_setup(context_.get(), info, 0) != 0 || mbedtls_md_starts(context_.get()) != 0)
            state_ = errc::out_of_memory;
    }
    void update(std::span<std::byte const> bytes) {
        if (state_ == errc::ok && !bytes.empty() &&
            mbedtls_md_update(context_.get(), reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size()) != 0)
            state_ = errc::out_of_memory;
    }
    result<digest> finish() {
        std::array<std::byte, MBEDTLS_MD_MAX_SIZE> out{};
        if (state_ == errc::ok && mbedtls_md_finish(context_.get(), reinterpret_cast<unsigned char*>(out.data())) != 0)
            state_ = errc::out_of_memory;
        if (state_ != errc::ok) return error(state_).with_context("mbed TLS could not hash");
        return digest::from_bytes(algorithm_, std::span(out).first(size_of(algorithm_)));
    }

  private:
    struct release {
        void operator()(mbedtls_md_context_t* c) const noexcept {
            mbedtls_md_free(c);
            delete c;
        }
    };
    mbedtls_md_type_t type() const noexcept {
        switch (algorithm_) {
        case digest_algorithm::sha384: return MBEDTLS_MD_SHA384;
        case digest_algorithm::sha512: return MBEDTLS_MD_SHA512;
        case digest_algorithm::sha256: break;
        }
        return MBEDTLS_MD_SHA256;
    }

    digest_algorithm algorithm_;
    std::unique_ptr<mbedtls_md_context_t, release> context_; ///< does not move: the library may point into it
    errc state_ = errc::ok;
};

} // namespace lading
