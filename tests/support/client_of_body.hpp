// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What stands behind `client_of`.

#include "client_of.hpp"

namespace test {

template <class P>
client_of<P>::client_of(typename P::transport t, lading::client_options o, typename P::credentials c, typename P::clock k,
                        typename P::cache a)
    : client_(std::make_unique<client_type>(std::move(t), std::move(o), std::move(c), std::move(k), std::move(a))) {}

template <class P>
client_of<P>::~client_of() {} // g++ 12 emits nothing for an explicit instantiation of a defaulted destructor

template <class P>
lading::result<lading::inspection> client_of<P>::inspect(lading::reference const& ref, lading::inspect_options o,
                                                         lading::stop_token stop) {
    return client_->inspect(ref, std::move(o), std::move(stop));
}
template <class P>
lading::result<lading::basic_manifest<typename P::manifests>> client_of<P>::manifest(lading::reference const& ref,
                                                                                     lading::stop_token stop) {
    return client_->manifest(ref, std::move(stop));
}
template <class P>
lading::result<lading::manifest_bytes> client_of<P>::raw_manifest(lading::reference const& ref, lading::stop_token stop) {
    return client_->raw_manifest(ref, std::move(stop));
}
template <class P>
lading::result<lading::descriptor> client_of<P>::resolve(lading::reference const& ref, lading::stop_token stop) {
    return client_->resolve(ref, std::move(stop));
}
template <class P>
lading::result<lading::config_document> client_of<P>::config(lading::reference const& ref, lading::platform_choice choice,
                                                             lading::stop_token stop) {
    return client_->config(ref, std::move(choice), std::move(stop));
}
template <class P>
lading::result<lading::tag_list> client_of<P>::tags(lading::repository const& name, lading::stop_token stop) {
    return client_->tags(name, std::move(stop));
}
template <class P>
lading::result<lading::descriptor> client_of<P>::blob(lading::repository const& name, lading::descriptor const& what,
                                                      lading::blob_sink& out, lading::stop_token stop) {
    return client_->blob(name, what, out, std::move(stop));
}
template <class P>
lading::result<lading::descriptor> client_of<P>::blob(lading::reference const& ref, lading::descriptor const& what,
                                                      lading::blob_sink& out, lading::stop_token stop) {
    return client_->blob(ref, what, out, std::move(stop));
}
template <class P>
lading::result<lading::descriptor> client_of<P>::blob(lading::repository const& name, lading::descriptor const& what, lading::blob_sink& out,
                                                      lading::blob_options o, lading::stop_token stop) {
    return client_->blob(name, what, out, std::move(o), std::move(stop));
}
template <class P>
lading::result<std::uint64_t> client_of<P>::blob_range(lading::repository const& name, lading::descriptor const& what, std::uint64_t offset,
                                                       std::uint64_t length, lading::blob_sink& out, lading::stop_token stop) {
    return client_->blob_range(name, what, offset, length, out, std::move(stop));
}
template <class P>
void client_of<P>::will_write_to(lading::repository const& name) {
    client_->will_write_to(name);
}
template <class P>
lading::result<void> client_of<P>::ping(lading::repository const& name, lading::stop_token stop) {
    return client_->ping(name, std::move(stop));
}

} // namespace test
