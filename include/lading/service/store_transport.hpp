// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `store_transport`: a transport whose registry is a store, so that every call of a client works on images on disk.
///
///     LADING_TRY(auto files, lading::image_on_disk::open("image.tar"));
///     LADING_TRY(auto ref, files.reference("latest"));
///     lading::basic_client<on_disk> registry(std::move(files)); // on_disk::transport is lading::store_transport<lading::image_on_disk>

#include "../policy/transport.hpp"
#include "answer.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace lading {

/// Models `sync_transport`. Where the store can be written to a client can push to it. It answers for every host and every repository: the store is one repository, whatever it is
/// called; of `store_transport<S&>` it must outlive it. No network, no credentials. Errors are those of `service::answer`. Threads: one at a time.
template <class S>
    requires content_source<std::remove_reference_t<S>>
class store_transport {
  public:
    store_transport(S store) : store_(std::forward<S>(store)) {}

    result<response> exchange(request const& q, body_sink& out) {
        // No registry has answered, whatever the image is called.
        auto moved = q;
        moved.url = "https://localhost" + q.url.substr(std::min(q.url.find('/', q.url.find("://") + 3), q.url.size()));
        return service::answer(moved, store_, out, 0, service::writes::taken);
    }

    std::remove_reference_t<S>& store() noexcept { return store_; }

  private:
    S store_;
};

} // namespace lading
