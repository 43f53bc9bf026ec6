// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A transport over bytes in memory: what `asio_transport` does with the bytes of a connection, without one. Every
/// answer can be cut anywhere and end anyhow, and the pieces of the reads can be chosen.

#include <lading/net/http1_reader.hpp>
#include <lading/net/http1_request.hpp>
#include <lading/net/transport_failure.hpp>
#include <lading/policy/transport.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// What comes behind the bytes of an answer.
enum class ending : std::uint8_t {
    quiet,         ///< nothing: the connection stays open, so that waiting for more runs into the limit
    eof,           ///< closed in good order
    reset,         ///< torn down
    tls_truncation ///< closed without the closing message of TLS
};

/// The bytes of one answer.
struct stream_answer {
    stream_answer(std::string b, ending e = ending::quiet, std::size_t n = 0) : bytes(std::move(b)), end(e), endless(n) {}
    std::string bytes;
    ending end;
    std::size_t endless; ///< the last so many bytes come again and again
};

/// What the origins of a test answer, and what was asked of them.
struct byte_world {
    static constexpr std::size_t none = SIZE_MAX;

    /// Answers by absolute URL, in turn; the last one of a URL repeats.
    std::map<std::string, std::vector<stream_answer>, std::less<>> answers;

    bool lets_in = false; ///< who sends `Authorization` gets the last answer of a URL at once

    std::size_t at = none;           ///< the exchange that is meddled with, counted from 0
    std::size_t cut = none;          ///< its answer has so many bytes,
    ending how = ending::quiet;      ///< and ends so
    std::vector<std::size_t> pieces; ///< its reads end there

    std::vector<std::string> urls; ///< asked, in order
    std::size_t read = 0;          ///< bytes taken by the last exchange

    byte_world& on(std::string url, stream_answer a) { return answers[std::move(url)].push_back(std::move(a)), *this; }
    /// As before the first exchange.
    void rewind() {
        urls.clear();
        at = cut = none;
        how = ending::quiet;
        pieces.clear();
    }
    stream_answer const& answer_of(std::string const& url, bool authorized = false) const {
        static stream_answer const missing("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
        auto const known = answers.find(url);
        if (known == answers.end()) return missing;
        if (lets_in && authorized) return known->second.back();
        std::size_t turn = 0;
        for (auto const& u : urls) turn += u == url;
        return known->second[std::min(turn, known->second.size()) - 1];
    }
};

/// Models `sync_transport`. The world outlives it.
class byte_stream_transport {
  public:
    static constexpr std::size_t buffer = 16u << 10; ///< bytes of one read, as over sockets

    explicit byte_stream_transport(byte_world& w, lading::limits l = {}) : world_(&w), bounds_(std::move(l)) {}

    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        using namespace lading;
        auto& w = *world_;
        if (w.urls.size() > 20'000) throw std::logic_error("a call that does not end");
        detail::exchange_progress p;
        LADING_TRY(p.target, url::parse(q.url));
        LADING_TRY_V(detail::http1_request_text(q, *p.target));
        bool const meddled = w.urls.size() == w.at;
        w.urls.push_back(q.url);
        auto const& a = w.answer_of(q.url, q.headers.find("Authorization").has_value());

        if (q.source) { // all of it is sent before the answer
            std::vector<std::byte> piece(4096);
            LADING_TRY_V(q.source->begin());
            for (std::size_t n = 1; n != 0;) {
                LADING_TRY(n, q.source->read(piece));
            }
        }

        detail::http1_reader reader(bounds_, out, q.url, q.method == "HEAD");
        auto failed = [&](error e) {
            p.started = reader.started();
            p.status = reader.has_head() ? reader.status() : 0;
            return detail::complete_failure(std::move(e), q, limits(), p);
        };
        std::string_view rest = a.bytes;
        if (meddled) rest = rest.substr(0, w.cut);
        auto piece = w.pieces.begin();
        for (w.read = 0;;) {
            if (rest.empty() && a.endless && !(meddled && w.cut != byte_world::none))
                rest = std::string_view(a.bytes).substr(a.bytes.size() - a.endless);
            auto n = std::min(rest.size(), buffer);
            if (meddled && piece != w.pieces.end()) n = std::min(n, *piece++ - w.read);
            if (n == 0) break;
            w.read += n;
            auto over = reader.feed(rest.substr(0, n));
            rest.remove_prefix(n);
            if (!over) return failed(std::move(over).assume_error());
            if (over.assume_value()) return reader.take_head();
        }
        auto const how = meddled && w.cut != byte_world::none ? w.how : a.end;
        if (how == ending::quiet) return failed(error(reader.has_head() ? errc::timeout_body : errc::timeout_header));
        if (how == ending::reset || !reader.started()) return failed(error(errc::connection_reset));
        auto ended = reader.end(how == ending::tls_truncation);
        if (!ended) return failed(std::move(ended).assume_error());
        return reader.take_head();
    }

  private:
    byte_world* world_;
    lading::limits bounds_;
};

} // namespace test
