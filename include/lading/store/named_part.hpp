// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `named_part`: a file that is written beside its name and gets that at the end, unless it has it already. POSIX.

#include "blob_sink.hpp"
#include "part_file.hpp"

#if !defined(_WIN32)

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace lading::detail {

/// How it gets its name.
struct part_naming {
    durability how = durability::file;
    bool keep = false;   ///< an existing file of the name is kept: `file_exists`, unless it is the blob
    bool resume = true;  ///< what was written is kept when the transfer fails, and resumed
};

/// The steps are those of a `blob_sink`. What has the name and the size of the blob is read first, and stays if it is the blob. A failure that
/// has to do with the name leaves the part as it is. Errors: those of `part_file`, `file_exists`. Threads: one at a time.
class named_part {
  public:
    /// Names begin at `folder`, which must stay open, and which errors call `where`.
    named_part(std::string name, std::string part, part_naming how, int folder = AT_FDCWD, std::string where = {})
        : name_(std::move(name)), path_(std::move(part)), where_(std::move(where)), naming_(how), folder_(folder) {}

    /// Error: `part_in_use`; then it may be asked again.
    result<void> open() { return part_.is_open() ? result<void>(success()) : part_.open(path_, folder_, where_); }
    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) {
        is_there_ = false;
        LADING_TRY_V(open());
        auto had = what_is_there(size, each);
        if (!had) leave();
        return had;
    }
    result<void> begin() {
        is_there_ = false;
        LADING_TRY_V(open());
        auto const there = has_regular_file(name_, folder_, where_);
        if (!there) return leave(), there.assume_error();
        if (there.assume_value() && naming_.keep) return leave(), taken();
        return part_.restart();
    }
    result<void> write(std::span<std::byte const> piece) { return part_.write(piece); }
    result<void> commit() {
        if (is_there_) return part_.discard(), success();
        return part_.commit(name_, naming_.how, usual_mode(), naming_.keep);
    }
    void discard() noexcept { part_.discard(); }
    void suspend() noexcept { naming_.resume ? part_.suspend() : part_.discard(); }

  private:
    error taken() const { return error(errc::file_exists).with_context(where_ + name_); }
    void leave() noexcept { part_.held() == 0 ? part_.discard() : part_.leave(); }
    result<std::uint64_t> what_is_there(std::int64_t size, held_bytes const& each) {
        LADING_TRY(bool const there, has_regular_file(name_, folder_, where_));
        if (there && size >= 0) { // perhaps somebody else has written it meanwhile
            auto const file = regular_file::from(file_handle(::openat(folder_, name_.c_str(), regular_file::flags | O_NOFOLLOW)));
            if (file && file->size() == static_cast<std::uint64_t>(size)) return read(*file, each);
        }
        if (there && naming_.keep) return taken();
        if (naming_.resume) return part_.resume(size, each);
        LADING_TRY_V(part_.restart());
        return std::uint64_t{0};
    }
    result<std::uint64_t> read(regular_file const& file, held_bytes const& each) {
        auto const most = static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(file.size(), 1), 128u << 10));
        auto const buffer = std::make_unique<char[]>(most);
        std::uint64_t at = 0;
        while (auto const n = file.read(at, buffer.get(), most)) {
            if (!each(std::as_bytes(std::span(buffer.get(), n)))) return error(errc::cancelled);
            at += n;
        }
        if (at != file.size()) return file_error(where_ + name_, "cannot be read");
        is_there_ = true;
        return at;
    }

    std::string name_, path_, where_;
    part_naming naming_;
    int folder_;
    part_file part_;
    bool is_there_ = false; ///< what was read is the file that has the name
};

} // namespace lading::detail

#endif
