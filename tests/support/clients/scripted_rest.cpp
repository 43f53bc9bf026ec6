// SPDX-License-Identifier: BSL-1.0
// The client of scripted answers: the calls that scripted.cpp does not instantiate.
#include "client_of_body.hpp"
#include "documents.hpp"

namespace test {

template lading::result<lading::descriptor> client_of<scripted_policies>::resolve(lading::reference const&, lading::stop_token);
template lading::result<lading::tag_list> client_of<scripted_policies>::tags(lading::repository const&, lading::stop_token);
template lading::result<lading::descriptor> client_of<scripted_policies>::blob(lading::repository const&, lading::descriptor const&,
                                                                               lading::blob_sink&, lading::stop_token);
template lading::result<lading::descriptor> client_of<scripted_policies>::blob(lading::reference const&, lading::descriptor const&,
                                                                               lading::blob_sink&, lading::stop_token);
template lading::result<lading::descriptor> client_of<scripted_policies>::blob(lading::repository const&, lading::descriptor const&,
                                                                               lading::blob_sink&, lading::blob_options, lading::stop_token);
template lading::result<std::uint64_t> client_of<scripted_policies>::blob_range(lading::repository const&, lading::descriptor const&,
                                                                                std::uint64_t, std::uint64_t, lading::blob_sink&,
                                                                                lading::stop_token);
template void client_of<scripted_policies>::will_write_to(lading::repository const&);
template lading::result<void> client_of<scripted_policies>::ping(lading::repository const&, lading::stop_token);

} // namespace test
