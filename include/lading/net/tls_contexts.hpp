// SPDX-License-Identifier: BSL-1.0
#pragma once

/// TLS contexts, made when the first https request needs them, and the sessions that may be resumed within each.

#include "../endpoint/tls_options.hpp"
#include "../result.hpp"

#include <asio/buffer.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// OpenSSL says with this code that it had no memory.
inline bool is_out_of_memory(asio::error_code const& ec) noexcept {
    return ec.category() == asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == ERR_R_MALLOC_FAILURE;
}
inline error no_memory_for_tls() { return error(errc::out_of_memory).with_context("OpenSSL"); }
/// What the system trusts. Its bundle takes longer to parse than a whole handshake, so it is read once a process, and not
/// before a chain needs it. Null when memory has run out.
inline X509_STORE* system_roots() {
    static X509_STORE* const store = [] {
        X509_STORE* const s = X509_STORE_new();
        if (s) X509_STORE_set_default_paths(s);
        return s;
    }();
    return store;
}
/// OpenSSL's search for an issuer: among the roots that were named, then among the system's.
inline int issuer_or_system_root(X509** found, X509_STORE_CTX* ctx, X509* certificate) {
    if (int const named = X509_STORE_CTX_get1_issuer(found, ctx, certificate); named != 0) return named;
    std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> const system(X509_STORE_CTX_new(), X509_STORE_CTX_free);
    if (!system || X509_STORE_CTX_init(system.get(), system_roots(), nullptr, nullptr) != 1) return -1;
    return X509_STORE_CTX_get1_issuer(found, system.get(), certificate);
}

/// A context of TLS 1.2 and newer that trusts what the options say, and shows their client certificate.
/// Errors: `tls_config_invalid`, `out_of_memory`.
inline result<void> configure_tls(asio::ssl::context& out, tls_options const& o) {
    SSL_CTX* const raw = out.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_max_cert_list(raw, 100 << 10);
    // Nobody is asked for the passphrase of a key: OpenSSL itself would ask the terminal, or take a line of stdin.
    SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return -1; });
    static constexpr unsigned char spoken[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (SSL_CTX_set_alpn_protos(raw, spoken, sizeof spoken) != 0) return no_memory_for_tls();
    auto refuse = [](std::string const& what, asio::error_code const& ec) {
        if (is_out_of_memory(ec)) return no_memory_for_tls();
        return error(errc::tls_config_invalid).with_context(what + ": " + ec.message());
    };
    asio::error_code ec;
    if (!o.cert_file.empty()) {
        if (out.use_certificate_chain_file(o.cert_file, ec), ec) return refuse(o.cert_file, ec);
        if (out.use_private_key_file(o.key_file, asio::ssl::context::pem, ec), ec) return refuse(o.key_file, ec);
        if (SSL_CTX_check_private_key(raw) != 1)
            return error(errc::tls_config_invalid).with_context(o.key_file + " is not the key of " + o.cert_file);
    }
    out.set_verify_mode(o.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, ec);
    if (!o.verify) return success();
    if (o.system_roots) X509_STORE_set_get_issuer(SSL_CTX_get_cert_store(raw), issuer_or_system_root);
    if (!o.ca_file.empty() && (out.load_verify_file(o.ca_file, ec), ec)) return refuse(o.ca_file, ec);
    if (!o.ca_pem.empty() && (out.add_certificate_authority(asio::buffer(o.ca_pem), ec), ec))
        return refuse("the PEM text of a root", ec);
    return success();
}

struct free_tls {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
    void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, free_tls>;

/// One context: whom it trusts and as whom it shows itself; and the sessions that hosts have offered to resume. A session
/// stays within its context and its host (doc/threats.md#t12). Thread-safe once it is configured.
class tls_identity {
  public:
    static constexpr std::size_t most_sessions = 64; ///< kept; the oldest goes first

    /// Takes the context when it is made.
    explicit tls_identity(SSL_CTX* raw) : context(raw) {
        SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(raw, [](SSL* ssl, SSL_SESSION* offered) {
            auto* const who = static_cast<resumer*>(SSL_get_ex_data(ssl, resumer_index()));
            if (who) who->identity->keep(who->host, offered);
            return 0; // the session is still OpenSSL's; what is kept is a copy, which the end of the connection cannot spoil
        });
    }

    /// Which sessions a connection may use. Part of the connection, whose address does not change.
    struct resumer {
        std::shared_ptr<tls_identity> identity;
        std::string host; ///< with its port
    };
    /// Before the handshake: resumes if there is a session, and keeps those that the host will offer.
    static void prepare(SSL* ssl, resumer& who) {
        SSL_set_ex_data(ssl, resumer_index(), &who);
        if (auto const known = who.identity->take(who.host)) SSL_set_session(ssl, known.get());
    }
    /// After the handshake. A session of TLS 1.2 may be used again; a ticket of 1.3 is used once (RFC 8446, C.4).
    static void established(SSL* ssl, resumer& who) {
        if (SSL_session_reused(ssl) == 1 && SSL_version(ssl) < TLS1_3_VERSION)
            who.identity->keep(who.host, SSL_get_session(ssl));
    }

    asio::ssl::context context;

  private:
    static int resumer_index() {
        static int const index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }
    /// A session that the end of its connection does not spoil. BoringSSL's and LibreSSL's never are; they have no copies.
    static session_ptr lasting(SSL_SESSION* s) noexcept {
#if defined(OPENSSL_IS_BORINGSSL) || defined(LIBRESSL_VERSION_NUMBER)
        SSL_SESSION_up_ref(s);
        return session_ptr(s);
#else
        return session_ptr(SSL_SESSION_dup(s));
#endif
    }
    /// Called by OpenSSL, which no exception may pass. Without memory a session is not kept.
    void keep(std::string const& host, SSL_SESSION* offered) noexcept {
        auto copy = lasting(offered);
        if (!copy) return;
        std::scoped_lock const lock(mutex_);
#if LADING_HAS_EXCEPTIONS
        try {
            add(host, std::move(copy));
        } catch (std::bad_alloc const&) {
        }
#else
        add(host, std::move(copy));
#endif
    }
    void add(std::string const& host, session_ptr session) {
        if (sessions_.size() == most_sessions) sessions_.erase(sessions_.begin());
        sessions_.emplace_back(host, std::move(session));
    }
    /// The newest session of a host.
    session_ptr take(std::string_view host) {
        std::scoped_lock const lock(mutex_);
        for (auto at = sessions_.end(); at != sessions_.begin();)
            if ((--at)->first == host) {
                auto out = std::move(at->second);
                sessions_.erase(at);
                return out;
            }
        return nullptr;
    }

    std::mutex mutex_;
    std::vector<std::pair<std::string, session_ptr>> sessions_; ///< oldest first
};

/// The contexts of one transport. Thread-safe.
class tls_contexts {
  public:
    static constexpr std::size_t most = 256; ///< kept; the oldest goes first

    /// The context for options. Sessions with hosts that a server named are kept apart from those of the caller's. Errors:
    /// `tls_config_invalid`, `out_of_memory`.
    result<std::shared_ptr<tls_identity>> find(tls_options const& o, bool by_server) {
        std::scoped_lock const lock(mutex_);
        for (auto const& m : made_)
            if (m.by_server == by_server && m.options == o) return m.identity;
        // Asio's own way to make a context throws when OpenSSL has no memory.
        std::unique_ptr<SSL_CTX, free_tls> raw(SSL_CTX_new(TLS_client_method()));
        if (!raw) return no_memory_for_tls();
        auto identity = std::make_shared<tls_identity>(raw.get());
        (void)raw.release();
        LADING_TRY_V(configure_tls(identity->context, o));
        if (made_.size() == most) made_.erase(made_.begin());
        made_.push_back({o, by_server, identity});
        return identity;
    }
    /// After a failed handshake: a context made while memory was short may lack a cipher or a root, and OpenSSL does not
    /// say so.
    void forget(tls_identity const& which) noexcept {
        std::scoped_lock const lock(mutex_);
        std::erase_if(made_, [&](made const& m) { return m.identity.get() == &which; });
    }

  private:
    struct made {
        tls_options options;
        bool by_server;
        std::shared_ptr<tls_identity> identity;
    };
    std::mutex mutex_;
    std::vector<made> made_;
};

} // namespace lading::detail
