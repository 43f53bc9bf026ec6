// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `test::client_of<P>`: the blocking calls of `basic_client<P>`, declared and no more. A test that makes a client so does
/// not compile one: what stands behind it is in client_of_body.hpp, which a file of clients/ instantiates for each set of
/// policies that tests share. With policies of its own a test includes the body itself.

#include <lading/client/basic_client.hpp>

#include <memory>

namespace test {

template <class P>
class client_of {
  public:
    using client_type = lading::basic_client<P>;

    explicit client_of(typename P::transport t, lading::client_options o = {},
                       typename P::credentials c = typename P::credentials(),
                       typename P::clock k = typename P::clock(), typename P::cache a = typename P::cache());
    ~client_of();

    lading::result<lading::inspection> inspect(lading::reference const& ref, lading::inspect_options o = {}, lading::stop_token stop = {});
    lading::result<lading::basic_manifest<typename P::manifests>> manifest(lading::reference const& ref, lading::stop_token stop = {});
    lading::result<lading::manifest_bytes> raw_manifest(lading::reference const& ref, lading::stop_token stop = {});
    lading::result<lading::descriptor> resolve(lading::reference const& ref, lading::stop_token stop = {});
    lading::result<lading::config_document> config(lading::reference const& ref,
                                                   lading::platform_choice choice = lading::platform_choice::host(),
                                                   lading::stop_token stop = {});
    lading::result<lading::tag_list> tags(lading::repository const& name, lading::stop_token stop = {});
    lading::result<lading::descriptor> blob(lading::repository const& name, lading::descriptor const& what, lading::blob_sink& out,
                                            lading::stop_token stop = {});
    lading::result<lading::descriptor> blob(lading::reference const& ref, lading::descriptor const& what, lading::blob_sink& out,
                                            lading::stop_token stop = {});
    lading::result<lading::descriptor> blob(lading::repository const& name, lading::descriptor const& what, lading::blob_sink& out,
                                            lading::blob_options o, lading::stop_token stop = {});
    lading::result<std::uint64_t> blob_range(lading::repository const& name, lading::descriptor const& what, std::uint64_t offset,
                                             std::uint64_t length, lading::blob_sink& out, lading::stop_token stop = {});
    void will_write_to(lading::repository const& name);
    lading::result<void> ping(lading::repository const& name, lading::stop_token stop = {});

  private:
    std::unique_ptr<client_type> client_;
};

} // namespace test
