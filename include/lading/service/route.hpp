// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `route`: what a path asks a registry for.

#include <string>
#include <string_view>
#include <utility>

namespace lading::service {

enum class route_kind : unsigned char { none,
                                        base,
                                        manifest,
                                        blob,
                                        tags,
                                        uploads, ///< where sessions begin
                                        upload,
                                        catalog,
                                        referrers };

struct route {
    route_kind kind = route_kind::none;
    std::string name; ///< of the repository
    std::string item; ///< tag, digest or session

    /// `path` is decoded. Linear.
    static route of(std::string_view path) {
        route out;
        if (path == "/v2" || path == "/v2/") return out.kind = route_kind::base, out;
        if (path == "/v2/_catalog") return out.kind = route_kind::catalog, out;
        if (!path.starts_with("/v2/")) return out;
        path.remove_prefix(4);
        for (std::string_view const uploads : {"/blobs/uploads/", "/blobs/upload/"}) {
            auto const at = path.rfind(uploads);
            if (at == path.npos || at == 0) continue;
            auto const rest = path.substr(at + uploads.size());
            if (rest.empty()) return out.set(route_kind::uploads, path.substr(0, at), {});
            if (rest.find('/') == rest.npos) return out.set(route_kind::upload, path.substr(0, at), rest);
        }
        constexpr std::string_view list = "/tags/list";
        if (path.ends_with(list) && path.size() > list.size())
            return out.set(route_kind::tags, path.substr(0, path.size() - list.size()), {});
        auto const last = path.rfind('/');
        if (last == path.npos || last + 1 == path.size()) return out;
        auto const front = path.substr(0, last);
        for (auto const& [word, kind] :
             {std::pair(std::string_view("/manifests"), route_kind::manifest), {"/blobs", route_kind::blob}, {"/referrers", route_kind::referrers}})
            if (front.ends_with(word) && front.size() > word.size())
                return out.set(kind, front.substr(0, front.size() - word.size()), path.substr(last + 1));
        return out;
    }

  private:
    route& set(route_kind k, std::string_view n, std::string_view i) {
        kind = k;
        name = n;
        item = i;
        return *this;
    }
};

} // namespace lading::service
