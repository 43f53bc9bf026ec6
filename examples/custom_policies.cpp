// SPDX-License-Identifier: BSL-1.0
// The small policies of your own: where secrets come from, what hashes, what reads JSON, what counts as time, which
// documents are spoken, where to ask. Each is proved with the kit of its policy where there is one.

#include <lading/lading.hpp>
#include <lading/testing/check_credentials.hpp>
#include <lading/testing/check_hash.hpp>
#include <lading/testing/check_json.hpp>
#include <lading/testing/registry.hpp>

#include <openssl/sha.h>

#include <cstdio>

// [credentials]
struct from_vault { // say, a file that a sidecar keeps fresh
    lading::result<std::optional<lading::credential>> lookup(lading::credential_query const& q) {
        if (q.host != "r.example") return std::optional<lading::credential>();
        return std::optional(lading::credential("robot", "s3cret"));
    }
};
// [credentials]

// [hash]
class one_shot_hash { // for a library that hashes only what it is given at once
  public:
    explicit one_shot_hash(lading::digest_algorithm a) : algorithm_(a) {}
    void update(std::span<std::byte const> b) { all_.insert(all_.end(), b.begin(), b.end()); }
    lading::result<lading::digest> finish() {
        if (algorithm_ != lading::digest_algorithm::sha256) return lading::error(lading::errc::digest_unsupported);
        std::byte out[32];
        SHA256(reinterpret_cast<unsigned char const*>(all_.data()), all_.size(), reinterpret_cast<unsigned char*>(out));
        return lading::digest::from_bytes(algorithm_, out);
    }

  private:
    lading::digest_algorithm algorithm_;
    std::vector<std::byte> all_;
};
// [hash]

// [json]
struct counting_json { // any reader of events; here the built-in one, with a limit of its own
    template <class Sink>
    static lading::json_status read(std::string_view text, Sink& sink) {
        if (text.size() > 64u << 20) return {lading::errc::json_limit, 0};
        return lading::strict_json::read(text, sink);
    }
};
// [json]

// [clock]
struct frame_clock { // wakes the rest of the program while it waits
    std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }
    void sleep_for(std::chrono::milliseconds d) const { lading::steady_clock_policy().sleep_for(d); }
};
// [clock]

struct my_policies : lading::default_policies {
    using credentials = from_vault;
    using hash = one_shot_hash;
    using json = counting_json;
    using clock = frame_clock;
};

int main() {
    auto found = lading::testing::check_hash<one_shot_hash>();
    for (auto& f : lading::testing::check_json<counting_json>()) found.push_back(f);
    lading::testing::known_login const login({"r.example", "app"}, lading::credential("robot", "s3cret"));
    for (auto& f : lading::testing::check_credentials([] { return from_vault(); }, login)) found.push_back(f);
    for (auto const& f : found) std::puts(f.str().c_str());

    lading::testing::registry server;
    server.add_image("demo/app", "latest", lading::image_kind::image);
    lading::basic_client<my_policies> registry(lading::client_options().with_plaintext(server.host()));
    auto const image = registry.inspect(lading::reference::parse(server.host() + "/demo/app").value());
    std::puts(image ? image.value().resolved.digest.str().c_str() : image.error().message().c_str());
    return image && found.empty() ? 0 : 1;
}
