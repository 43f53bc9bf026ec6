// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What went wrong, and what may be tried next: `errc`, `fallback_facts`, `error`.

#include "config.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace lading {

// One row a code: name, sentence. The sentence is the documentation of the enumerator.
#define LADING_ERRC_TABLE(X)                                                                              \
    /* arguments and configuration */                                                                     \
    X(ref_invalid, "the image reference is malformed")                                                    \
    X(digest_invalid, "the digest is malformed")                                                          \
    X(digest_unsupported, "the digest algorithm is not supported")                                        \
    X(media_type_invalid, "the media type is malformed")                                                  \
    X(platform_invalid, "the platform is malformed")                                                      \
    X(url_invalid, "the URL is malformed or not allowed")                                                 \
    X(invalid_argument, "an argument is out of range")                                                    \
    X(config_invalid, "a configuration file cannot be read, parsed or honoured")                          \
    X(layout_invalid, "not a valid OCI layout or archive")                                                \
    X(tag_ambiguous, "several images on disk could be meant")                                             \
    X(archive_invalid, "the archive, or what it says of its images, is malformed")                        \
    X(archive_exists, "the file or folder that an image is to be written to exists")                      \
    X(layout_locked, "another program kept the layout locked for longer than the limit")                  \
    X(registry_blocked, "the configuration blocks this registry")                                         \
    X(no_endpoint, "the configuration leaves no endpoint to try")                                         \
    X(address_refused, "the server named an address that is only reachable inside a network")             \
    X(proxy_failed, "the proxy did not open the tunnel")                                                  \
    /* connecting */                                                                                      \
    X(host_not_found, "the host name does not resolve")                                                   \
    X(connection_refused, "the host refused the connection")                                              \
    X(connect_failed, "no connection could be established")                                               \
    X(connect_timeout, "connecting took longer than the limit")                                           \
    X(connection_reset, "the connection closed before the response was complete")                         \
    X(tls_handshake_failed, "the TLS handshake failed")                                                   \
    X(tls_cert_untrusted, "the server's certificate is not trusted")                                      \
    X(tls_host_mismatch, "the server's certificate is for another host")                                  \
    X(tls_timeout, "the TLS handshake took longer than the limit")                                        \
    X(tls_truncated, "the TLS stream ended without its closing message")                                  \
    X(tls_config_invalid, "a certificate or key given for TLS cannot be used")                            \
    /* HTTP */                                                                                            \
    X(http_malformed, "the response is not well-formed HTTP/1.1")                                         \
    X(http_version, "the response uses an unsupported HTTP version")                                      \
    X(http_unexpected_status, "the response has a status that this request cannot have")                  \
    X(http_too_many_informational, "too many informational responses")                                    \
    X(http_header_too_large, "the response head, or one line of it, exceeds the limit")                   \
    X(http_too_many_headers, "the response head has more lines than the limit")                           \
    X(http_body_truncated, "the body ended before its announced length")                                  \
    X(http_content_encoding, "the body is encoded although identity was requested")                       \
    X(body_too_large, "the body exceeds the limit")                                                       \
    X(timeout_header, "no complete response head within the limit")                                       \
    X(timeout_body, "no body data within the limit")                                                      \
    X(timeout_write, "the request could not be sent within the limit")                                    \
    X(too_slow, "the response arrived too slowly")                                                        \
    X(timeout, "the whole operation took longer than its limit")                                          \
    X(cancelled, "the operation was cancelled")                                                           \
    X(redirect_invalid, "a redirect has no usable target")                                                \
    X(redirect_downgrade, "a redirect leads from https to http")                                          \
    X(redirect_too_many, "more redirects than the limit")                                                 \
    /* authentication */                                                                                  \
    X(auth_required, "credentials are required and none were sent")                                       \
    X(auth_denied, "the credentials were refused, or may not be sent to the server that asks for them")   \
    X(auth_challenge_malformed, "the registry's challenge cannot be parsed")                              \
    X(auth_challenge_unsupported, "the registry offers no supported authentication scheme")               \
    X(auth_realm_refused, "the token realm may not be contacted")                                         \
    X(auth_token_malformed, "the response of the token service is not usable")                            \
    X(auth_token_too_large, "the response of the token service exceeds the limit")                        \
    X(auth_token_failed, "the token service returned an error")                                           \
    X(credentials_invalid, "a credential file or entry cannot be read or is malformed")                   \
    X(credential_helper_failed, "the credential helper failed")                                           \
    X(credential_helper_timeout, "the credential helper took longer than the limit")                      \
    X(credential_helper_output, "the output of the credential helper exceeds the limit or is not usable") \
    X(plaintext_credentials_refused, "credentials may not be sent over plain http to this host")          \
    /* what the registry says */                                                                          \
    X(denied, "the registry denies access")                                                               \
    X(manifest_unknown, "there is no such manifest")                                                      \
    X(name_unknown, "the registry has no such repository")                                                \
    X(blob_unknown, "the registry has no such blob")                                                      \
    X(not_found, "the registry returned 404")                                                             \
    X(rate_limited, "the registry is rate limiting")                                                      \
    X(v1_malformed, "the response of the v1 registry is not usable")                                      \
    X(v1_unsupported, "the v1 protocol cannot answer this request")                                       \
    X(registry_error, "the registry returned an error")                                                   \
    X(server_error, "the server failed to handle the request")                                            \
    X(not_a_registry, "the server does not behave like a v2 registry")                                    \
    X(page_cross_origin, "the next page is on another origin")                                            \
    X(page_loop, "the pages of the listing do not end")                                                   \
    X(page_limit, "the listing exceeds the limit")                                                        \
    X(link_invalid, "the link to the next page is malformed")                                             \
    X(tags_invalid, "the tag list is malformed")                                                          \
    X(upload_protocol, "the registry's answer to an upload lacks or breaks a required header")            \
    X(upload_location_cross_origin, "the registry sends an upload to another host")                       \
    X(upload_location_downgrade, "the registry sends an upload from https to http")                       \
    X(upload_session_lost, "the registry does not know its upload session any more")                      \
    X(upload_offset_mismatch, "the registry claims to have other bytes of the upload than were sent")     \
    X(upload_chunk_refused, "the registry wants larger chunks than the limit")                            \
    X(upload_too_large, "the registry takes no request as large as the content needs")                    \
    X(manifest_rejected, "the registry does not accept the manifest")                                     \
    X(manifest_blob_unknown, "the registry lacks contents that the manifest lists")                       \
    X(tag_immutable, "the registry does not let the tag lead elsewhere")                                  \
    X(tag_exists, "the tag exists, and replacing it was not asked for")                                   \
    X(precondition_failed, "what the registry has was changed meanwhile")                                 \
    X(unsupported_by_registry, "the registry does not offer this")                                        \
    /* content */                                                                                         \
    X(digest_mismatch, "the bytes do not match the requested digest")                                     \
    X(size_mismatch, "the bytes do not match the size in the descriptor")                                 \
    X(descriptor_invalid, "a descriptor is malformed")                                                    \
    X(media_type_mismatch, "the document is not of the announced type")                                   \
    X(media_type_unknown, "the type of the document cannot be determined from its bytes")                 \
    X(manifest_ambiguous, "the document can be read as more than one type")                               \
    X(manifest_schema, "a field of the document is missing or has the wrong type")                        \
    X(manifest_limit, "the document has more entries than the limit")                                     \
    X(schema1_refused, "the document is schema1, which this manifest set does not include")               \
    X(schema1_format, "the signature envelope of the schema1 document is malformed")                      \
    X(schema1_chain, "the layers of the schema1 document do not form a chain")                            \
    X(config_not_image, "the config blob is not an image config")                                         \
    X(config_schema, "the image config has a field of the wrong type")                                    \
    X(no_config, "the document has no config blob")                                                       \
    X(platform_not_found, "the index offers no image for the platform")                                   \
    X(walk_limit, "indexes are nested deeper than the limit")                                             \
    X(range_mismatch, "the part of the blob that came is not the one that was asked for")                 \
    X(resume_exhausted, "the transfer broke off too often without making progress")                       \
    X(would_change_digest, "the destination cannot hold these bytes as they are")                         \
    X(external_layer, "the blob is only to be had from a URL of another place, which is not asked")       \
    X(diff_id_mismatch, "the uncompressed layer is not what the image config says")                       \
    X(compression_invalid, "the compressed data is malformed")                                            \
    X(layer_limit, "a layer has more or larger entries than the limit")                                   \
    X(json_syntax, "the JSON text is malformed")                                                          \
    X(json_utf8, "the JSON text is not valid UTF-8")                                                      \
    X(json_number, "a JSON number is malformed or out of range")                                          \
    X(json_depth, "the JSON text is nested deeper than the limit")                                        \
    X(json_duplicate_key, "a JSON object repeats a key")                                                  \
    X(json_limit, "the JSON text exceeds a limit")                                                        \
    X(json_type, "a JSON value does not have the type of its field")                                      \
    /* the caller's side */                                                                               \
    X(sink_failed, "the sink did not accept the bytes")                                                   \
    X(source_changed, "the bytes of the source are not those that were announced")                        \
    X(source_spent, "the source would have to be read again and cannot")                                  \
    X(disk_full, "there is no room left on the disk, or none that may be used")                           \
    X(path_refused, "a file name leads out of its folder, meets a link, or is not portable")              \
    X(file_exists, "the file exists, and overwriting was not asked for")                                  \
    X(part_in_use, "another program is writing the same file")                                            \
    X(out_of_memory, "out of memory")

/// Every failure of the library has one of these codes; `message()` of each says what it means.
enum class errc : int {
    ok = 0,
#define X(name, text) name,
    LADING_ERRC_TABLE(X)
#undef X
};

/// The name of a code as it is spelled in the program ("digest_mismatch"). Never empty.
constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::ok: return "ok";
#define X(name, text) \
    case errc::name: return #name;
        LADING_ERRC_TABLE(X)
#undef X
    }
    return "unknown";
}

/// The sentence of a code.
constexpr std::string_view sentence_of(errc code) noexcept {
    switch (code) {
    case errc::ok: return "no error";
#define X(name, text) \
    case errc::name: return text;
        LADING_ERRC_TABLE(X)
#undef X
    }
    return "unknown error";
}
#undef LADING_ERRC_TABLE

/// The category of `errc`; compare with `std::error_code` as usual.
inline std::error_category const& category() noexcept {
    struct impl final : std::error_category {
        char const* name() const noexcept override { return "lading"; }
        std::string message(int value) const override {
            return std::string(sentence_of(static_cast<errc>(value)));
        }
    };
    static impl const instance;
    return instance;
}

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

/// How a registry refused, as Docker 1.10 classified it (doc/protocol.md#refusals). Only the first element of an
/// error list counts.
enum class refusal_form : std::uint8_t {
    none,       ///< no refusal by the registry
    unknown,    ///< an error of its own words: UNAUTHORIZED, NAME_UNKNOWN or MANIFEST_UNKNOWN; or an unreadable 401
    other,      ///< an error of its own words, with any other code
    bare_code,  ///< a code with its default message and no detail
    empty,      ///< an error body without errors
    unreadable, ///< no error body, or a status of 500 and above
};

/// What was asked when an error came.
enum class asked : std::uint8_t { manifest,
                                  manifest_by_digest,
                                  blob,
                                  tags,
                                  token,
                                  ping };

/// What an error allows next, as facts that a fallback policy reads (doc/protocol.md#fallback). Facts never name a
/// decision: whether plaintext or v1 is wanted at all is the policy's, and `stop()` means that nothing can help.
struct fallback_facts {
    bool answered : 1 = false;      ///< an HTTP answer was received from this endpoint
    bool over_tls : 1 = false;      ///< the endpoint was spoken to over TLS
    bool v2_confirmed : 1 = false;  ///< the endpoint said that it speaks v2
    bool next_endpoint : 1 = false; ///< another endpoint (mirror, origin) may answer differently
    bool plaintext : 1 = false;     ///< nothing was answered over TLS: http may be tried where the user allows it
    bool v1 : 1 = false;            ///< not found or refused, and v2 is not confirmed: a v1 registry may know
    bool retry : 1 = false;         ///< the same request may succeed later
    bool tags_listed : 1 = false;   ///< the tag list was answered before this failed
    bool withheld : 1 = false;      ///< of `auth_denied`: no credentials were sent, for the request had left its origin
    bool all_asked : 1 = false;     ///< every endpoint that may be asked has been: there is no next one, nor v1
    refusal_form said = refusal_form::none;   ///< how the registry put it
    asked what = asked::ping;       ///< what it was about; read only when `said` is not `none`

    constexpr bool stop() const noexcept { return !next_endpoint && !plaintext && !v1 && !retry; }
    friend constexpr bool operator==(fallback_facts const&, fallback_facts const&) = default;
};

/// One element of a registry's `errors` array, bounded and printable.
struct registry_error {
    std::string code;
    std::string message;
    std::string detail; ///< compact JSON of the `detail` value; empty when absent or null
};

/// What a registry says of how much may be asked (`RateLimit-*` and `Retry-After`); -1 for what it does not say.
struct rate_limit {
    std::int64_t until_seconds = -1; ///< from the answer until requests are welcome again
    std::int64_t limit = -1;         ///< requests a window
    std::int64_t remaining = -1;     ///< of them
};

/// One endpoint that was tried and how it failed.
struct attempt {
    attempt(std::string e, bool m, std::string w, std::error_code c, int s)
        : endpoint(std::move(e)), is_mirror(m), what(std::move(w)), code(c), http_status(s) {}
    std::string endpoint; ///< "https://mirror.example:443"
    bool is_mirror;
    std::string what; ///< the error's own line
    std::error_code code;
    int http_status;
};

/// The cold part of an error, allocated only when there is something to say.
struct error_detail {
    std::string context;  ///< what was being done or where in the input, in words
    std::string url;      ///< the URL asked; query values are hidden but those of paging, service and scope
    std::string expected; ///< what was required (a digest, a size, a type, a limit)
    std::string actual;   ///< what came
    std::vector<registry_error> registry_errors;
    std::vector<std::string> available; ///< what could have been chosen (platforms of an index); of `manifest_blob_unknown` what is missing
    std::vector<attempt> attempts;      ///< every endpoint tried, in order, when there was more than one
    rate_limit rate;
};

namespace detail {

/// An owned `error_detail` that is copied with its owner. Not a smart pointer of `<memory>`, which alone would cost
/// half of the include budget of this header, and not shared: errors are moved, hardly ever copied.
class detail_ptr {
  public:
    constexpr detail_ptr() noexcept = default;
    detail_ptr(detail_ptr const& other) : p_(other.p_ ? new error_detail(*other.p_) : nullptr) {}
    constexpr detail_ptr(detail_ptr&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
    detail_ptr& operator=(detail_ptr other) noexcept {
        std::swap(p_, other.p_);
        return *this;
    }
    ~detail_ptr() { delete p_; }
    error_detail const* get() const noexcept { return p_; }
    error_detail& edit() {
        if (!p_) p_ = new error_detail{};
        return *p_;
    }

  private:
    error_detail* p_ = nullptr;
};

} // namespace detail

/// A failure: a code, the facts that say what may be tried next, the HTTP status if there was one, and details.
///
/// 40 bytes, cheap to move. Not synchronised: one thread at a time per object.
class error {
  public:
    error(errc c) : code_(make_error_code(c)) {}
    explicit error(std::error_code c) : code_(c) {}

    std::error_code const& code() const noexcept { return code_; }
    /// The code as `errc`; `errc::ok` when it is of another category.
    errc kind() const noexcept {
        return code_.category() == category() ? static_cast<errc>(code_.value()) : errc::ok;
    }
    fallback_facts const& facts() const noexcept { return facts_; }
    int http_status() const noexcept { return http_status_; }           ///< 0 when there was no answer
    /// Seconds until the registry wants to be asked again; -1 when it named none.
    std::int64_t retry_after_seconds() const noexcept { return detail().rate.until_seconds; }
    error_detail const& detail() const noexcept {
        static error_detail const none{};
        auto const* d = detail_.get();
        return d ? *d : none;
    }

    error& with_facts(fallback_facts f) & noexcept { return facts_ = f, *this; }
    error&& with_facts(fallback_facts f) && noexcept { return facts_ = f, std::move(*this); }
    error& with_status(int status) & noexcept { return http_status_ = static_cast<std::int16_t>(status), *this; }
    error&& with_status(int status) && noexcept { return http_status_ = static_cast<std::int16_t>(status), std::move(*this); }
    error& with_context(std::string text) & { return detail_.edit().context = std::move(text), *this; }
    error&& with_context(std::string text) && { return detail_.edit().context = std::move(text), std::move(*this); }
    error& with_url(std::string url) & { return detail_.edit().url = std::move(url), *this; }
    error&& with_url(std::string url) && { return detail_.edit().url = std::move(url), std::move(*this); }
    error&& with_values(std::string expected, std::string actual) && {
        detail_.edit().expected = std::move(expected);
        detail_.edit().actual = std::move(actual);
        return std::move(*this);
    }
    error&& with_available(std::vector<std::string> what) && {
        detail_.edit().available = std::move(what);
        return std::move(*this);
    }
    error& with_attempts(std::vector<attempt> list) & { return detail_.edit().attempts = std::move(list), *this; }
    error& with_rate(rate_limit r) & { return detail_.edit().rate = r, *this; }
    error& with_registry_errors(std::vector<registry_error> list) & {
        return detail_.edit().registry_errors = std::move(list), *this;
    }

    /// Calls `change(std::string&)` with every text of the details.
    template <class F>
    void each_text(F change) {
        if (!detail_.get()) return;
        auto& d = detail_.edit();
        for (auto* text : {&d.context, &d.url, &d.expected, &d.actual}) change(*text);
        for (auto& e : d.registry_errors)
            for (auto* text : {&e.code, &e.message, &e.detail}) change(*text);
        for (auto& text : d.available) change(text);
        for (auto& a : d.attempts) change(a.what);
    }

    friend bool operator==(error const& e, errc c) noexcept { return e.code_ == make_error_code(c); }

    /// One printable line: `summary()`, what may be tried next if anything can help, and the other endpoints tried. Holds no secret.
    std::string message() const {
        auto const own = summary();
        auto out = own;
        if (auto const next = next_steps(); next != "stop") out.append("; next: ").append(next);
        for (auto const& a : detail().attempts)
            if (a.what != own) out.append("; tried ").append(a.endpoint).append(a.is_mirror ? " (mirror): " : ": ").append(a.what);
        return out;
    }

    /// One printable line: code, sentence, context, expected and actual, URL, status, the registry's own words, its
    /// rate limit, and what is available or, of a manifest, what is missing.
    std::string summary() const {
        auto const& d = detail();
        std::string out;
        if (kind() != errc::ok) out.append(name_of(kind())).append(": ");
        if (*this == errc::auth_denied && !facts_.withheld) out += "the credentials were refused"; // the half that holds
        else if (facts_.withheld) out += "credentials are not sent to a server that a response named";
        else if (kind() == errc::invalid_argument && !d.context.empty()) out.resize(out.size() - 2); // the context is what is wrong
        else out += code_.message();
        if (!d.context.empty()) out.append(": ").append(d.context);
        if (!d.expected.empty()) out.append("; expected ").append(d.expected);
        if (!d.actual.empty()) out.append(", got ").append(d.actual);
        if (http_status_) out.append("; status ").append(std::to_string(http_status_));
        for (auto const& e : d.registry_errors) {
            if (e.code.empty()) out.append("; the answer says: ").append(e.message);
            else out.append(facts_.what == asked::token ? "; token service says " : "; registry says ").append(e.code);
            if (!e.code.empty() && !e.message.empty()) out.append(" (").append(e.message).append(")");
        }
        if (d.rate.until_seconds >= 0) out.append("; retry after ").append(std::to_string(d.rate.until_seconds)).append(" s");
        if (d.rate.limit >= 0) out.append("; limit ").append(std::to_string(d.rate.limit));
        if (d.rate.remaining >= 0) out.append("; remaining ").append(std::to_string(d.rate.remaining));
        if (!d.available.empty()) {
            out += kind() == errc::manifest_blob_unknown ? "; missing:" : "; available:";
            for (std::size_t i = 0; i < d.available.size(); ++i)
                out.append(i ? ", " : " ").append(d.available[i]);
        }
        if (!d.url.empty()) out.append(" [").append(d.url).append("]");
        for (char& c : out)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?'; // names of files, and what a document says of itself
        return out;
    }

    /// What may be tried next, in words: "retry later", "next endpoint", "plain http, if it is allowed", "v1", or "stop". After a
    /// call of a client there is no next endpoint: it has asked them all.
    std::string next_steps() const {
        std::string out;
        auto add = [&](bool yes, char const* what) {
            if (yes) out.append(out.empty() ? "" : ", ").append(what);
        };
        add(facts_.retry, "retry later");
        add(facts_.next_endpoint && !facts_.all_asked, "next endpoint");
        add(facts_.plaintext, "plain http, if it is allowed");
        add(facts_.v1 && !facts_.all_asked, "v1");
        return out.empty() ? "stop" : out;
    }

  private:
    std::error_code code_;
    fallback_facts facts_{};
    std::int16_t http_status_ = 0;
    detail::detail_ptr detail_;
};

} // namespace lading

template <>
struct std::is_error_code_enum<lading::errc> : std::true_type {};
