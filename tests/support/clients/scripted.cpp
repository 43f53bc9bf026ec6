// SPDX-License-Identifier: BSL-1.0
// The client of scripted answers: its calls for documents. Those for the rest are a unit of their own, since most tests do without them.
#include "client_of_body.hpp"
#include "documents.hpp"

namespace test {

template client_of<scripted_policies>::client_of(scripted_policies::transport, lading::client_options, scripted_policies::credentials,
                                                 scripted_policies::clock, scripted_policies::cache);
template client_of<scripted_policies>::~client_of();
template lading::result<lading::inspection> client_of<scripted_policies>::inspect(lading::reference const&, lading::inspect_options,
                                                                                  lading::stop_token);
template lading::result<lading::basic_manifest<scripted_policies::manifests>>
client_of<scripted_policies>::manifest(lading::reference const&, lading::stop_token);
template lading::result<lading::manifest_bytes> client_of<scripted_policies>::raw_manifest(lading::reference const&, lading::stop_token);
template lading::result<lading::config_document> client_of<scripted_policies>::config(lading::reference const&, lading::platform_choice,
                                                                                      lading::stop_token);

} // namespace test
