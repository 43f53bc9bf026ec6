// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::registry_options`: how the embedded registry behaves.

#include "../service/options.hpp"
#include "blob_faults.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace lading::testing {

/// Who may read.
enum class access : unsigned char {
    anonymous, ///< everybody
    basic,     ///< who sends the username and the password with each request
    bearer     ///< who has a token of the registry's own token service (doc/protocol.md#tokens)
};

/// Options of `testing::registry`. A value.
struct registry_options {
    registry_options() = default;

    registry_options& with_protection(access a) { return protection = a, *this; }
    /// The one account of `basic` and `bearer`.
    registry_options& with_account(std::string user, std::string secret) {
        return username = std::move(user), password = std::move(secret), *this;
    }
    /// https with a certificate for 127.0.0.1 and localhost; the authority is made for this registry alone.
    registry_options& with_tls(bool on = true) { return tls = on, *this; }
    /// At most so many tags a page; 0 for all that the client asks for.
    registry_options& with_tag_page(std::size_t entries) { return tag_page = entries, *this; }
    /// Tag lists are answered with 403 DENIED.
    registry_options& with_refused_tags(bool on = true) { return refuse_tags = on, *this; }
    /// Whether answers have `Docker-Distribution-Api-Version`.
    registry_options& with_v2_header(bool on) { return v2_header = on, *this; }
    /// How long a token is good, in seconds.
    registry_options& with_token_seconds(int s) { return token_seconds = s, *this; }
    /// Whether the token service gives tokens to those who show no credentials.
    registry_options& with_anonymous_tokens(bool on) { return anonymous_tokens = on, *this; }
    /// What the challenge calls the service.
    registry_options& with_service(std::string name) { return service = std::move(name), *this; }
    /// How blobs are served: slowly, cut off, or with odd answers to ranges.
    registry_options& with_blob_faults(blob_faults f) { return faults = f, *this; }

    /// Takes uploads and manifests, as docker-registry 2.8 does, of at most so many bytes a request; and lists its repositories.
    registry_options& with_writing(std::size_t most = std::size_t(256) << 20) { return writes = true, most_body = most, *this; }
    /// Removes, too.
    registry_options& with_removal(bool on = true) { return deletes = on, *this; }
    /// The places of uploads are said without their origin.
    registry_options& with_relative_uploads(bool on = true) { return relative_uploads = on, *this; }

    /// Whose manners it has: those of docker-registry 2.8 unless told, but for the pages of its lists. Those of the distribution spec have referrers, removal of tags,
    /// uploads in one request and conditions.
    registry_options& with_personality(service::personality p) { return like = p, *this; }
    /// What it does as some registries do.
    registry_options& with_quirks(service::quirks q) { return odd = std::move(q), *this; }
    /// What is asked of the service behind it.
    service::options service_options() const {
        return service::options()
            .with_personality(like)
            .with_writes(writes ? service::writes::taken : service::writes::refused)
            .with_removal(deletes)
            .with_relative_places(relative_uploads)
            .with_page(tag_page)
            .with_tag_pages()
            .with_quirks(odd);
    }

    service::personality like = service::personality::registry_2_8;
    service::quirks odd;
    access protection = access::anonymous;
    std::string username = "user";
    std::string password = "secret";
    bool tls = false;
    std::size_t tag_page = 0;
    bool refuse_tags = false;
    bool v2_header = true;
    int token_seconds = 300;
    bool anonymous_tokens = true;
    std::string service = "registry.test";
    blob_faults faults{};
    bool writes = false;
    bool deletes = false;
    bool relative_uploads = false;
    std::size_t most_body = 0;
};

} // namespace lading::testing
