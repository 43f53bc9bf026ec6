// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::schema1_signer`: signs schema1 documents with a P-256 key of its own.

#include "../detail/base64.hpp"
#include "../json/writer.hpp"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <utility>

namespace lading::testing {

/// A throw-away key. Making one takes about a tenth of a millisecond. Not copied.
class schema1_signer {
  public:
    schema1_signer() {
        EVP_PKEY_CTX* const c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr);
        if (c && EVP_PKEY_keygen_init(c) == 1 &&
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) == 1)
            EVP_PKEY_keygen(c, &key_);
        EVP_PKEY_CTX_free(c);
    }
    schema1_signer(schema1_signer const&) = delete;
    schema1_signer& operator=(schema1_signer const&) = delete;
    ~schema1_signer() { EVP_PKEY_free(key_); }

    /// The document with the member `signatures`. `payload` is an indented object with at least one member;
    /// `time` is RFC 3339. Empty when OpenSSL could not sign.
    std::string sign(std::string_view payload, std::string_view time) const {
        auto const brace = payload.rfind('}');
        auto const length = payload.find_last_not_of(" \t\r\n", brace - 1) + 1;
        json_writer p;
        p.begin_object().key("formatLength").unsigned_integer(length);
        p.key("formatTail").string(detail::base64url_encode(payload.substr(length)));
        p.key("time").string(time).end_object();
        auto const protected_header = detail::base64url_encode(p.str());
        auto const signature = es256(protected_header + '.' + detail::base64url_encode(payload));
        auto const spki = public_key();
        if (signature.empty() || spki.size() < 64) return {};

        auto const x = std::string_view(spki).substr(spki.size() - 64, 32);
        auto const y = std::string_view(spki).substr(spki.size() - 32);
        json_writer w(json_style(3, false));
        w.begin_object().key("signatures").begin_array().begin_object();
        w.key("header").begin_object().key("jwk").begin_object();
        w.key("crv").string("P-256").key("kid").string(key_id(spki)).key("kty").string("EC");
        w.key("x")
            .string(detail::base64url_encode(x))
            .key("y")
            .string(detail::base64url_encode(y))
            .end_object();
        w.key("alg").string("ES256").end_object();
        w.key("signature").string(detail::base64url_encode(signature));
        w.key("protected").string(protected_header).end_object().end_array().end_object();
        return std::string(payload.substr(0, length)) + ',' + w.str().substr(1);
    }

  private:
    /// r and s, 32 bytes each.
    std::string es256(std::string_view text) const {
        std::string der(128, '\0');
        std::size_t size = der.size();
        EVP_MD_CTX* const c = EVP_MD_CTX_new();
        bool const ok = key_ && c && EVP_DigestSignInit(c, nullptr, EVP_sha256(), nullptr, key_) == 1 &&
                        EVP_DigestSign(c, reinterpret_cast<unsigned char*>(der.data()), &size,
                                       reinterpret_cast<unsigned char const*>(text.data()), text.size()) == 1;
        EVP_MD_CTX_free(c);
        if (!ok) return {};
        auto const* at = reinterpret_cast<unsigned char const*>(der.data());
        ECDSA_SIG* const parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
        if (!parts) return {};
        unsigned char out[64] = {};
        bool const fits = BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, 32) == 32 &&
                          BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + 32, 32) == 32;
        ECDSA_SIG_free(parts);
        return fits ? std::string(reinterpret_cast<char const*>(out), sizeof out) : std::string();
    }
    /// DER SubjectPublicKeyInfo; its last 64 bytes are x and y.
    std::string public_key() const {
        unsigned char* der = nullptr;
        int const size = key_ ? i2d_PUBKEY(key_, &der) : 0;
        std::string out(reinterpret_cast<char const*>(der),
                        der && size > 0 ? static_cast<std::size_t>(size) : 0);
        OPENSSL_free(der);
        return out;
    }
    /// 12 groups of 4 of the base32 of the first 30 bytes of the key's hash.
    static std::string key_id(std::string_view spki) {
        unsigned char hash[EVP_MAX_MD_SIZE] = {};
        EVP_Digest(spki.data(), spki.size(), hash, nullptr, EVP_sha256(), nullptr);
        std::string out;
        for (std::size_t i = 0; i < 48; ++i) {
            unsigned const pair = static_cast<unsigned>(hash[i * 5 / 8] << 8 | hash[i * 5 / 8 + 1]);
            if (i && i % 4 == 0) out += ':';
            out += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[pair >> (11 - i * 5 % 8) & 31];
        }
        return out;
    }

    EVP_PKEY* key_ = nullptr;
};

} // namespace lading::testing
