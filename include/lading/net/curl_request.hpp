// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `curl_request`: what a libcurl handle is told of one request: the URL, the fields and the body, the way there, TLS.

#include "../endpoint/network_options.hpp"
#include "../http/address.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "../store/read_file.hpp"
#include "http1_request.hpp"
#include "proxy.hpp"
#include "trust.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

struct curl_list_release {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// Holds what the handle refers to, so it must outlive the exchange; what it is made of must outlive it.
class curl_request {
  public:
    curl_request(CURL* easy, network_options const& n, limits const& l, request const& q)
        : easy_(easy), network_(n), bounds_(l), query_(q) {}

    /// Tells the handle everything but the callbacks. Errors: those of the URL, of the body's source, of the proxy and of TLS;
    /// `timeout`, `address_refused`.
    result<void> prepare() {
        LADING_TRY(target_, url::parse(query_.url));
        if (query_.deadline && *query_.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        curl_easy_reset(easy_); // connections stay
        set(CURLOPT_URL, target_->str().c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
        set(CURLOPT_QUICK_EXIT, 1L); // the end of an exchange does not wait for the name that it looked up
#endif
        // A libcurl that was built without HTTP/2 refuses to be asked for it.
        bool const has_http2 = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
        set(CURLOPT_HTTP_VERSION, long(has_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTP09_ALLOWED, 0L);
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(CURLOPT_BUFFERSIZE, 64L << 10);
        set(CURLOPT_CONNECTTIMEOUT_MS, long(std::max<std::int64_t>(1, (bounds_.connect + bounds_.handshake).count())));
        set(CURLOPT_MAXAGE_CONN, long(std::max<std::int64_t>(1, bounds_.pooled.count() / 1000)));
        LADING_TRY_V(prepare_request());
        LADING_TRY_V(prepare_route());
        if (target_->scheme() == "https") {
            LADING_TRY_V(prepare_tls());
        }
        return success();
    }
    /// Whether libcurl has taken all that it was told. Errors: `out_of_memory`, `invalid_argument`.
    result<void> accepted() const {
        if (refused_ != CURLE_OK)
            return error(refused_ == CURLE_OUT_OF_MEMORY ? errc::out_of_memory : errc::invalid_argument)
                .with_context(curl_easy_strerror(refused_));
        return success();
    }
    /// One option; see `accepted`.
    template <class T>
    void set(CURLoption option, T value) {
        if (auto const code = curl_easy_setopt(easy_, option, value); code != CURLE_OK && refused_ == CURLE_OK) refused_ = code;
    }

    /// Where it goes; nothing before `prepare` has read the URL.
    std::optional<url> const& target() const noexcept { return target_; }
    /// host:port of the proxy; empty for none.
    std::string const& proxy() const noexcept { return proxy_; }
    /// Whether this may be the address of the proxy.
    bool is_proxy(ip_bytes const& at, std::uint16_t port) const {
        return !proxy_.empty() && port == proxy_port_ && (!proxy_address_ || at == proxy_address_);
    }
    std::vector<warning> take_remarks() { return std::move(remarks_); }

  private:
    result<void> prepare_request() {
        // The text that our own transport would send is checked, then said to libcurl in its terms.
        LADING_TRY_V(http1_request_text(query_, *target_));
        bool agent = false, accept = false, type = false, expect = false;
        auto add = [&](std::string const& line) {
            if (auto* const longer = curl_slist_append(fields_.get(), line.c_str()))
                (void)fields_.release(), fields_.reset(longer);
            else refused_ = CURLE_OUT_OF_MEMORY;
        };
        for (auto const& [name, value] : query_.headers) {
            add(std::string(name).append(value.empty() ? ";" : ": ").append(value));
            agent = agent || iequal(name, "User-Agent");
            accept = accept || iequal(name, "Accept");
            type = type || iequal(name, "Content-Type");
            expect = expect || iequal(name, "Expect");
        }
        add("Accept-Encoding: identity");
        if (!expect) add("Expect:"); // what libcurl would add by itself
        else set(CURLOPT_EXPECT_100_TIMEOUT_MS, long(std::max<std::int64_t>(1, bounds_.expect.count())));
        if (!agent) add("User-Agent:");
        if (!accept) add("Accept:");
        if (!type) add("Content-Type:");
        set(CURLOPT_HTTPHEADER, fields_.get());
        if (query_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
        // What is lost on a kept connection libcurl sends once more; what must not happen twice gets a connection of its own.
        if (query_.method != "GET" && query_.method != "HEAD") set(CURLOPT_FRESH_CONNECT, 1L);
        if (query_.source) {
            LADING_TRY_V(query_.source->begin());
            auto const size = query_.source->size();
            set(CURLOPT_UPLOAD, 1L);
            set(CURLOPT_INFILESIZE_LARGE, size ? static_cast<curl_off_t>(*size) : curl_off_t(-1));
            if (!size) add("Transfer-Encoding: chunked");
            set(CURLOPT_HTTPHEADER, fields_.get());
            set(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
        } else if (!query_.body.empty() || (query_.method != "GET" && query_.method != "HEAD")) {
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(query_.body.size()));
            set(CURLOPT_POSTFIELDS, query_.body.c_str());
        }
        set(CURLOPT_CUSTOMREQUEST, query_.method.c_str());
        return success();
    }
    result<void> prepare_route() {
        auto const via = network_.proxy.find(target_->scheme(), target_->host(), target_->port());
        set(CURLOPT_PROXY, "");   // never what the environment says by itself,
        set(CURLOPT_NOPROXY, ""); // nor of where it is not to be used
        if (!via.empty()) {
            LADING_TRY(auto const proxy, parse_proxy(via));
            proxy_ = proxy.where.authority();
            proxy_port_ = proxy.where.port();
            proxy_address_ = parse_ip(network_.address_of(proxy.where.host()));
            set(CURLOPT_PROXY, proxy.where.str().c_str());
            if (target_->scheme() == "https") set(CURLOPT_HTTPPROXYTUNNEL, 1L);
            set(CURLOPT_HEADEROPT, long(CURLHEADER_SEPARATE));
            if (!proxy.authorization.empty()) {
                proxy_fields_.reset(curl_slist_append(nullptr, ("Proxy-Authorization: " + proxy.authorization).c_str()));
                set(CURLOPT_PROXYHEADER, proxy_fields_.get());
            }
            if (query_.address_policy != address_policy::anywhere && !network_.inner_addresses && !may_reach(query_.address_policy, scope_of_host(target_->host())))
                return error(errc::address_refused).with_context(target_->host());
            pin(proxy.where);
        } else {
            pin(*target_);
        }
        if (hosts_) set(CURLOPT_RESOLVE, hosts_.get());
        return success();
    }
    void pin(url const& dialled) {
        auto const to = network_.address_of(dialled.host());
        if (to != dialled.host())
            hosts_.reset(curl_slist_append(nullptr, (dialled.host() + ':' + std::to_string(dialled.port()) + ':' + std::string(to)).c_str()));
    }
    result<void> prepare_tls() {
        LADING_TRY(auto const o, tls_for(network_.tls, *target_, query_.named_by, remarks_));
        set(CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_SSL_VERIFYPEER, o.verify ? 1L : 0L);
        set(CURLOPT_SSL_VERIFYHOST, o.verify ? 2L : 0L);
        if (!o.system_roots) {
            set(CURLOPT_CAPATH, static_cast<char const*>(nullptr));
            set(CURLOPT_CAINFO, static_cast<char const*>(nullptr));
        }
        if (o.verify && (!o.ca_file.empty() || !o.ca_pem.empty())) {
            roots_ = o.ca_pem;
            if (!o.ca_file.empty()) {
                LADING_TRY(auto const text, read_file(o.ca_file, errc::tls_config_invalid));
                if (!text) return error(errc::tls_config_invalid).with_context(o.ca_file + ": no such file");
                roots_ += '\n' + *text;
            }
            if (roots_.find("-----BEGIN") == roots_.npos)
                return error(errc::tls_config_invalid).with_context(o.ca_file + ": no certificate in PEM");
            curl_blob blob{roots_.data(), roots_.size(), CURL_BLOB_NOCOPY};
            set(CURLOPT_CAINFO_BLOB, &blob);
        }
        if (query_.address_policy == address_policy::anywhere && !o.cert_file.empty()) {
            set(CURLOPT_SSLCERT, o.cert_file.c_str());
            set(CURLOPT_SSLKEY, o.key_file.c_str());
            set(CURLOPT_KEYPASSWD, ""); // nobody is asked for the passphrase
        }
        return success();
    }

    CURL* easy_;
    network_options const& network_;
    limits const& bounds_;
    request const& query_;
    std::optional<url> target_;
    std::unique_ptr<curl_slist, curl_list_release> fields_, proxy_fields_, hosts_;
    std::string roots_;
    CURLcode refused_ = CURLE_OK;
    std::string proxy_;
    std::uint16_t proxy_port_ = 0;
    ip_bytes proxy_address_; ///< where it is given as one
    std::vector<warning> remarks_;
};

} // namespace lading::detail
