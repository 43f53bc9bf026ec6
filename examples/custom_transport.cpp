// SPDX-License-Identifier: BSL-1.0
// A transport of your own: libcurl, from scratch. (The library ships one that does more: backend/curl_transport.hpp.)

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <curl/curl.h>

#include <cstdio>
#include <memory>
#include <string>

// [transport]
class my_transport {
  public:
    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> const easy(curl_easy_init(), &curl_easy_cleanup);
        curl_slist* fields = nullptr;
        for (auto const& [name, value] : q.headers) fields = curl_slist_append(fields, (std::string(name) + ": " + std::string(value)).c_str());
        std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> const owner(fields, &curl_slist_free_all);
        state s(out);
        s.head.url = q.url;
        curl_easy_setopt(easy.get(), CURLOPT_URL, q.url.c_str());
        curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, fields);
        if (!q.body.empty()) curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, q.body.c_str());
        curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, q.method.c_str());
        curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &on_header);
        curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &s);
        curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &s);
        auto const code = curl_easy_perform(easy.get());
        if (s.failure) return std::move(*s.failure);
        if (code == CURLE_OK || s.stopped) return std::move(s.head);
        lading::fallback_facts next; // what may be tried now
        next.next_endpoint = true;
        return lading::error(lading::errc::connect_failed).with_context(curl_easy_strerror(code)).with_facts(next);
    }

  private:
    struct state {
        explicit state(lading::body_sink& s) : sink(s) {}
        bool go_on(lading::result<lading::flow> said) {
            if (!said) failure = said.error();
            else stopped = said.value() == lading::flow::stop;
            return !failure && !stopped;
        }
        lading::body_sink& sink;
        lading::response head;
        std::optional<lading::error> failure;
        bool stopped = false;
    };
    static std::size_t on_header(char* text, std::size_t, std::size_t n, void* self) {
        auto& s = *static_cast<state*>(self);
        std::string const line(text, n);
        auto const colon = line.find(": ");
        if (line.starts_with("HTTP/")) s.head.status = std::stoi(line.substr(line.find(' '), 4));
        else if (colon != line.npos) s.head.headers.add(line.substr(0, colon), line.substr(colon + 2, n - colon - 4));
        else if (line == "\r\n" && s.head.status >= 200) return s.go_on(s.sink.begin(s.head, std::nullopt)) ? n : 0;
        return n;
    }
    static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
        auto& s = *static_cast<state*>(self);
        return s.go_on(s.sink.write(std::as_bytes(std::span(bytes, n)))) ? n : 0;
    }
};
// [transport]

struct my_policies : lading::default_policies {
    using transport = my_transport;
};

int main() {
    lading::testing::registry server;
    server.add_image("demo/app", "latest", lading::image_kind::index);
    lading::basic_client<my_policies> registry(lading::client_options().with_plaintext(server.host()));
    auto const image = registry.inspect(lading::reference::parse(server.host() + "/demo/app").value());
    std::puts(image ? lading::to_table(image.value()).c_str() : image.error().message().c_str());
    return image ? 0 : 1;
}
