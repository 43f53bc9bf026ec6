// SPDX-License-Identifier: BSL-1.0
// A transport of your own: libcurl, from scratch. (The library ships one that does more: net/curl_transport.hpp.)

#include <lading/lading.hpp>
#include <lading/testing/check_transport.hpp>
#include <lading/testing/registry.hpp>

#include <curl/curl.h>

#include <cstdio>
#include <memory>
// [transport]
struct my_transport {
    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        auto const now = std::chrono::steady_clock::now();
        long const left = std::chrono::ceil<std::chrono::milliseconds>(q.deadline.value_or(now + std::chrono::minutes(1)) - now).count();
        if (left <= 0 || q.source) return lading::error(q.source ? lading::errc::invalid_argument : lading::errc::timeout); // it pushes nothing
        std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> fields(curl_slist_append(nullptr, "Expect:"), &curl_slist_free_all);
        auto const add = [&](std::string const& line) { fields.reset(curl_slist_append(fields.release(), line.c_str())); };
        if (!q.headers.find("Content-Type")) add("Content-Type:"); // nor this, which libcurl would add to a body
        for (auto const& [name, value] : q.headers) {
            if (value.find_first_of("\r\n") != value.npos) return lading::error(lading::errc::invalid_argument);
            add(std::string(name) + ": " + std::string(value));
        }
        std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> const easy(curl_easy_init(), &curl_easy_cleanup);
        auto const set = [&](CURLoption option, auto value) { curl_easy_setopt(easy.get(), option, value); };
        state s(out);
        set(CURLOPT_URL, q.url.c_str());
        set(CURLOPT_HTTPHEADER, fields.get());
        if (!q.body.empty()) set(CURLOPT_POSTFIELDS, q.body.c_str());
        q.method == "HEAD" ? set(CURLOPT_NOBODY, 1L) : set(CURLOPT_CUSTOMREQUEST, q.method.c_str());
        for (auto const option : {CURLOPT_TIMEOUT_MS, CURLOPT_CONNECTTIMEOUT_MS}) set(option, left);
        for (auto const option : {CURLOPT_HEADERDATA, CURLOPT_WRITEDATA}) set(option, &s);
        set(CURLOPT_HEADERFUNCTION, +[](char* text, std::size_t, std::size_t n, void* to) { return static_cast<state*>(to)->on_header({text, n}) ? n : 0; });
        set(CURLOPT_WRITEFUNCTION, +[](char* text, std::size_t, std::size_t n, void* to) { return static_cast<state*>(to)->on_body({text, n}) ? n : 0; });
        auto const code = curl_easy_perform(easy.get());
        if (s.said.has_error()) return std::move(s.said).error();
        if (s.begun && (code == CURLE_OK || s.said.value() == lading::sink_action::stop)) return s.head.url = q.url, std::move(s.head);
        if (code == CURLE_OPERATION_TIMEDOUT) return lading::error(lading::errc::timeout);
        lading::fallback_facts next; // what may be tried now
        next.next_endpoint = true, next.answered = s.begun;
        return lading::error(code == CURLE_COULDNT_CONNECT ? lading::errc::connection_refused : lading::errc::connection_reset).with_context(curl_easy_strerror(code)).with_facts(next);
    }
    struct state {
        explicit state(lading::body_sink& s) : sink(s) {}
        bool go_on(lading::result<lading::sink_action> answer) { return said = std::move(answer), said.has_value() && said.value() == lading::sink_action::proceed; }
        bool on_header(std::string const& line) {
            auto const colon = line.find(": ");
            if (line.starts_with("HTTP/")) head = lading::response(std::stoi(line.substr(line.find(' '), 4)));
            else if (colon != line.npos) head.headers.add(line.substr(0, colon), line.substr(colon + 2, line.size() - colon - 4));
            if (line != "\r\n" || head.status < 200 || std::exchange(begun, true)) return true;
            auto const length = head.headers.find("Content-Length");
            return go_on(sink.begin(head, length ? std::optional(std::stoull(std::string(*length))) : std::nullopt));
        }
        bool on_body(std::string_view piece) { return go_on(sink.write(std::as_bytes(std::span(piece)))); }
        lading::body_sink& sink;
        lading::response head;
        lading::result<lading::sink_action> said = lading::sink_action::proceed; // by the sink
        bool begun = false;
    };
};
// [transport]
struct my_policies : lading::default_policies {
    using transport = my_transport;
};

int main() {
    // Deliberately left out above: time limits but the deadline, bounds and doubts of a head, kept connections, options of TLS, `request::address_policy`, and bodies to push.
    constexpr std::string_view left_out[] = {"gives up in time", "bounds the head", "what is not HTTP is a failure", "keeps the connection", "speaks TLS", "checks certificates", "source", "while it sends", "was not whole", "was whole", "stops sending", "sent whole"};
    bool kept = true;
    for (auto const& f : lading::testing::check_transport<my_transport>())
        if (std::ranges::none_of(left_out, [&](auto rule) { return f.rule.find(rule) != f.rule.npos; })) kept = false, std::puts(f.str().c_str());
    lading::testing::registry server;
    server.add_image("demo/app", "latest", lading::image_kind::index);
    lading::basic_client<my_policies> registry(lading::client_options().with_plaintext(server.host()));
    auto const image = registry.inspect(lading::reference::parse(server.host() + "/demo/app").value());
    std::puts(image ? lading::to_table(image.value()).c_str() : image.error().message().c_str());
    return image && kept ? 0 : 1;
}
