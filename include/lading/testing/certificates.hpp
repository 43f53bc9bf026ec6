// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::certificate_authority`: certificates made when a test runs.

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace lading::testing {

/// What a certificate says besides its names. A value.
struct certificate_options {
    certificate_options() = default;
    certificate_options& with_common_name(std::string cn) { return common_name = std::move(cn), *this; }
    /// Counted from now; both may be negative.
    certificate_options& with_validity(std::chrono::seconds from, std::chrono::seconds until) {
        return valid_from = from, valid_until = until, *this;
    }

    std::string common_name = "lading test";
    std::chrono::seconds valid_from = std::chrono::hours(-1);
    std::chrono::seconds valid_until = std::chrono::hours(24);
};

/// A certificate and its private key, in PEM.
struct issued_certificate {
    issued_certificate() = default;
    std::string cert_pem;
    std::string key_pem;
};

/// A root with a P-256 key of its own. `issue` may be called from several threads. When OpenSSL fails (out of
/// memory), texts are empty. Not copied.
class certificate_authority {
  public:
    explicit certificate_authority(std::string common_name = "lading test authority")
        : name_(std::move(common_name)), key_(make_key()) {
        certificate_ = make(key_, certificate_options().with_common_name(name_), true, {});
        cert_pem_ = pem_of(certificate_);
    }
    certificate_authority(certificate_authority const&) = delete;
    certificate_authority& operator=(certificate_authority const&) = delete;
    ~certificate_authority() {
        X509_free(certificate_);
        EVP_PKEY_free(key_);
    }

    std::string const& cert_pem() const noexcept { return cert_pem_; }

    /// A server certificate for these DNS names (wildcards as written) and IP addresses, signed by this
    /// authority.
    issued_certificate issue(std::vector<std::string> const& dns, std::vector<std::string> const& ips = {},
                             certificate_options const& o = {}) const {
        std::string names;
        for (auto const& d : dns) names += (names.empty() ? "DNS:" : ",DNS:") + d;
        for (auto const& i : ips) names += (names.empty() ? "IP:" : ",IP:") + i;
        issued_certificate out;
        EVP_PKEY* const key = make_key();
        X509* const certificate = make(key, o, false, names);
        out.cert_pem = pem_of(certificate);
        if (BIO* const b = BIO_new(BIO_s_mem()); b) {
            if (key && PEM_write_bio_PKCS8PrivateKey(b, key, nullptr, nullptr, 0, nullptr, nullptr) == 1)
                out.key_pem = text_of(b);
            BIO_free(b);
        }
        X509_free(certificate);
        EVP_PKEY_free(key);
        return out;
    }

  private:
    static EVP_PKEY* make_key() {
        EVP_PKEY* key = nullptr;
        EVP_PKEY_CTX* const c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr);
        if (c && EVP_PKEY_keygen_init(c) == 1 &&
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) == 1)
            EVP_PKEY_keygen(c, &key);
        EVP_PKEY_CTX_free(c);
        return key;
    }
    static std::string text_of(BIO* b) {
        char* data = nullptr;
        auto const size = BIO_get_mem_data(b, &data);
        return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
    }
    static std::string pem_of(X509* certificate) {
        std::string out;
        BIO* const b = BIO_new(BIO_s_mem());
        if (b && certificate && PEM_write_bio_X509(b, certificate) == 1) out = text_of(b);
        BIO_free(b);
        return out;
    }
    static bool name(X509_NAME* to, std::string const& common_name) {
        return common_name.empty() ||
               X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_UTF8,
                                          reinterpret_cast<unsigned char const*>(common_name.c_str()), -1, -1,
                                          0) == 1;
    }
    bool extend(X509* certificate, int nid, std::string const& value) const {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, certificate_ ? certificate_ : certificate, certificate, nullptr, nullptr, 0);
        X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        bool const ok = e && X509_add_ext(certificate, e, -1) == 1;
        X509_EXTENSION_free(e);
        return ok;
    }
    /// Null when OpenSSL fails.
    X509* make(EVP_PKEY* key, certificate_options const& o, bool root, std::string const& names) const {
        X509* const out = X509_new();
        unsigned char serial[16] = {};
        BIGNUM* const number =
            RAND_bytes(serial, sizeof serial) == 1 ? BN_bin2bn(serial, sizeof serial, nullptr) : nullptr;
        auto fill = [&] {
            return out && key && key_ && number && X509_set_version(out, 2) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(out)) &&
                   X509_gmtime_adj(X509_getm_notBefore(out), static_cast<long>(o.valid_from.count())) &&
                   X509_gmtime_adj(X509_getm_notAfter(out), static_cast<long>(o.valid_until.count())) &&
                   name(X509_get_subject_name(out), o.common_name) &&
                   X509_set_issuer_name(out, X509_get_subject_name(root ? out : certificate_)) == 1 &&
                   X509_set_pubkey(out, key) == 1 &&
                   extend(out, NID_basic_constraints, root ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
                   extend(out, NID_key_usage,
                          root ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
                   extend(out, NID_subject_key_identifier, "hash") &&
                   extend(out, NID_authority_key_identifier, "keyid") &&
                   (root || extend(out, NID_ext_key_usage, "serverAuth")) &&
                   (names.empty() || extend(out, NID_subject_alt_name, names)) &&
                   X509_sign(out, key_, EVP_sha256()) > 0;
        };
        bool const ok = (root || certificate_) && fill();
        BN_free(number);
        if (ok) return out;
        X509_free(out);
        return nullptr;
    }

    std::string name_;
    EVP_PKEY* key_;
    X509* certificate_ = nullptr;
    std::string cert_pem_;
};

} // namespace lading::testing
