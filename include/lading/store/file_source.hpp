// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `file_source`: a file as the body of a request; `describe`: the descriptor of what a source gives. POSIX.

#include "../descriptor.hpp"
#include "../detail/stop_token.hpp"
#include "../http/body_source.hpp"
#include "../policy/hash.hpp"
#include "regular_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace lading {

#if !defined(_WIN32)

/// A regular file, from its start to its end as they were when it was opened. It is read by position, so that nobody moves it by reading;
/// one that becomes shorter or longer meanwhile is `source_changed`.
class file_source final : public body_source {
  public:
    /// Errors: `invalid_argument` with the reason, for what cannot be opened or is no regular file.
    static result<file_source> open(std::string const& path) {
        auto file = detail::regular_file::open(path.c_str());
        if (!file) return error(errc::invalid_argument).with_context(path + (errno == EINVAL ? std::string(": no regular file") : std::string(": ") + std::strerror(errno)));
        return file_source(path, std::move(*file));
    }

    std::optional<std::uint64_t> size() const override { return file_.size(); }
    result<void> begin() override { return at_ = 0, success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        auto const n = file_.read(at_, reinterpret_cast<char*>(into.data()), into.size());
        at_ += n;
        bool const at_end = n == 0;
        if ((at_end && at_ < file_.size()) || at_ > file_.size())
            return error(errc::source_changed).with_context(path_).with_values(std::to_string(file_.size()) + " bytes", at_end ? std::to_string(at_) : "more");
        return n;
    }

  private:
    file_source(std::string path, detail::regular_file f) : path_(std::move(path)), file_(std::move(f)) {}

    std::string path_;
    detail::regular_file file_;
    std::uint64_t at_ = 0;
};

#endif

/// Reads a source to its end for its size and digest; it can be begun again afterwards. O(size). Errors: those of the source; `cancelled` soon after
/// `stop` was requested.
template <hash_policy H>
result<descriptor> describe(body_source& from, std::string media_type = "application/octet-stream", digest_algorithm a = digest_algorithm::sha256,
                            stop_token stop = {}) {
    LADING_TRY_V(from.begin());
    H hash(a);
    std::vector<std::byte> piece(std::size_t(256) << 10);
    std::int64_t size = 0;
    for (;;) {
        if (stop.stop_requested()) return error(errc::cancelled);
        LADING_TRY(auto const n, from.read(piece));
        if (n == 0) break;
        hash.update(std::span(piece).first(n));
        size += static_cast<std::int64_t>(n);
    }
    LADING_TRY(auto d, hash.finish());
    return descriptor(std::move(media_type), std::move(d), size);
}

} // namespace lading
