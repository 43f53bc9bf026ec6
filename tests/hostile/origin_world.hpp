// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Two or three origins and alice, who has a login at the first: what the rows C of doc/threats.md begin with.

#include "catch.hpp"
#include "places.hpp"

#include <string>

namespace test {

inline std::string const config_path = "/v2/r/blobs/" + digest_of(config_bytes);
inline lading::credential const alice(user, password);

/// What an inspection came to.
struct outcome {
    lading::errc code = lading::errc::ok;
    std::string text; ///< of the error, and what an observer was told
};

/// Alice asks A for r:1. Whatever happens, nothing of hers is in what she gets to read.
struct origin_world : lading::exchange_observer {
    place a, b, c;
    lading::credential secret = alice;
    lading::client_options options;
    lading::network_options network = test_network();
    std::string host = "a.test";
    bool is_public = false; ///< A seems to be at a public address

    void on_exchange(lading::exchange_record const& what) override { seen += what.method + ' ' + what.url + '\n'; }
    std::string seen;

    /// A wants Basic.
    void basic(place& p) {
        serve_image(p, {"Basic realm=\"x\"", lading::basic_authorization(alice)});
    }
    /// A wants a bearer token of the realm.
    void tokens(place& p, std::string const& realm) {
        serve_image(p, {"Bearer realm=\"" + realm + "\",service=\"s\",scope=\"repository:r:pull\"",
                        "Bearer " + bearer});
    }
    outcome inspect(bool tags = false) {
        options.with_retry(lading::retry_rules(1)).with_observer(*this);
        auto const at = a.authority_of(host);
        auto const ref = lading::reference::parse(at + "/r:1").value();
        auto const what = lading::inspect_options().with_tags(tags);
        lading::fixed_credentials const login(secret, at);
        auto const r = is_public ? public_client(public_transport(network), options, login).inspect(ref, what)
                                 : hostile_client(lading::asio_sync_transport(network), options, login).inspect(ref, what);
        outcome out;
        if (!r) out = {r.error().kind(), r.error().message()};
        else
            for (auto const& w : r.value().warnings) out.text += w.text;
        INFO(out.text);
        CHECK(!has_canary(out.text + seen)); // U2
        return out;
    }
    void nothing_at(place& p) {
        INFO(p.journal());
        CHECK(!has_canary(p.journal()));
        CHECK(p.journal().find("uthorization") == std::string::npos);
    }
};

} // namespace test
