// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_files`: the files of an image on disk, by name: a folder, or a tar archive read in place.
///
/// Why an own tar reader: members must be read where they lie, from a file of any size, without unpacking and without a
/// library that a drop-in header would have to link. Written: `ustar`, GNU long names, PAX path and size; links to
/// another member. Not compressed archives.

#include "../detail/text.hpp"
#include "../result.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// A part of a file. Reads advance.
class file_part {
  public:
    file_part(std::string const& path, std::uint64_t from, std::optional<std::uint64_t> size)
        : file_(std::fopen(path.c_str(), "rb")) {
        struct stat about {};
        if (!file_ || ::fstat(::fileno(file_.get()), &about) != 0 || !S_ISREG(about.st_mode) ||
            ::fseeko(file_.get(), static_cast<off_t>(from), SEEK_SET) != 0)
            file_.reset();
        else left_ = size.value_or(static_cast<std::uint64_t>(about.st_size));
    }
    explicit operator bool() const noexcept { return file_ != nullptr; }
    /// Bytes that are left.
    std::uint64_t size() const noexcept { return left_; }
    /// Up to `n` bytes; 0 at the end, or when the file is shorter than it was.
    std::size_t read(char* out, std::size_t n) {
        auto const got = std::fread(out, 1, static_cast<std::size_t>(std::min<std::uint64_t>(n, left_)), file_.get());
        left_ -= got;
        return got;
    }
    bool skip(std::uint64_t n) {
        left_ -= n;
        return ::fseeko(file_.get(), static_cast<off_t>(n), SEEK_CUR) == 0;
    }

  private:
    struct release {
        void operator()(std::FILE* f) const noexcept { std::fclose(f); }
    };
    std::unique_ptr<std::FILE, release> file_;
    std::uint64_t left_ = 0;
};

class image_files {
  public:
    /// Errors: `layout_invalid` (nothing there; neither a folder nor a tar archive; a damaged archive).
    static result<image_files> open(std::string path) {
        struct stat about {};
        if (::stat(path.c_str(), &about) != 0) return error(errc::layout_invalid).with_context(path + ": " + std::strerror(errno));
        image_files out(std::move(path), S_ISDIR(about.st_mode));
        if (!out.folder_) {
            LADING_TRY_V(out.index(static_cast<std::uint64_t>(about.st_size)));
        }
        return out;
    }

    std::string const& path() const noexcept { return path_; }

    /// The file of this name ("blobs/sha256/..."), or nothing. Names come from documents: one that leads out of the
    /// image is no file of it.
    std::optional<file_part> find(std::string_view name) const {
        if (name.empty() || name.starts_with('/') || name.find('\0') != name.npos || (std::string(1, '/').append(name) + '/').find("/../") != std::string::npos)
            return std::nullopt;
        std::optional<file_part> out;
        if (folder_) {
            out.emplace(path_ + '/' + std::string(name), 0, std::nullopt);
        } else {
            auto at = members_.find(name);
            for (int hops = 0; at != members_.end() && !at->second.link.empty() && hops < 8; ++hops) at = members_.find(at->second.link);
            if (at == members_.end() || !at->second.link.empty()) return std::nullopt;
            out.emplace(path_, at->second.from, at->second.size);
        }
        if (!*out) out.reset();
        return out;
    }

    /// A small file as a whole. Errors: `layout_invalid` when it is larger than `limit` bytes or ends early.
    result<std::optional<std::string>> read(std::string_view name, std::size_t limit) const {
        auto part = find(name);
        if (!part) return std::optional<std::string>();
        if (part->size() > limit)
            return error(errc::layout_invalid)
                .with_context(path_ + ": " + printable(name, 160))
                .with_values("at most " + std::to_string(limit) + " bytes", std::to_string(part->size()));
        std::string out(static_cast<std::size_t>(part->size()), '\0');
        if (part->read(out.data(), out.size()) != out.size()) return bad(std::string(name) + " ends early");
        return std::optional(std::move(out));
    }

  private:
    static constexpr std::size_t block = 512;
    static constexpr std::size_t most_members = 100'000;
    static constexpr std::size_t longest_name = 64u << 10;

    struct member {
        std::uint64_t from = 0;
        std::uint64_t size = 0;
        std::string link; ///< the member that this one stands for
    };

    image_files(std::string path, bool folder) : path_(std::move(path)), folder_(folder) {}

    error bad(std::string why) const { return error(errc::layout_invalid).with_context(path_ + ": " + printable(why, 160)); }

    result<void> index(std::uint64_t whole) {
        file_part file(path_, 0, whole);
        if (!file) return bad("cannot be read");
        char head[block];
        std::uint64_t at = 0;
        std::string long_name, long_link;
        std::optional<std::uint64_t> long_size;
        while (file.read(head, block) == block) {
            at += block;
            if (std::all_of(head, head + block, [](char c) { return c == 0; })) {
                if (at == block) return bad("an empty archive");
                return success();
            }
            if (!checksum_holds(head)) return bad(at == block ? "neither a folder nor a tar archive" : "a damaged tar header");
            auto size = number({head + 124, 12});
            if (long_size) size = std::exchange(long_size, std::nullopt);
            if (!size || *size > whole - at) return bad("a tar member is longer than the file");
            auto const padded = (*size + block - 1) / block * block;
            char const type = head[156];
            if (type == 'L' || type == 'K' || type == 'x') {
                if (*size > longest_name) return bad("a tar member has too long a name");
                std::string text(static_cast<std::size_t>(padded), '\0');
                if (file.read(text.data(), text.size()) != text.size()) return bad("the archive ends early");
                text.resize(static_cast<std::size_t>(*size));
                if (type == 'x') {
                    if (!take_pax(text, long_name, long_link, long_size)) return bad("a damaged PAX header");
                } else {
                    (type == 'L' ? long_name : long_link) = text.substr(0, text.find('\0'));
                }
                at += padded;
                continue;
            }
            auto name = long_name.empty() ? name_of(head) : std::exchange(long_name, {});
            auto link = long_link.empty() ? std::string(field({head + 157, 100})) : std::exchange(long_link, {});
            add(clean(std::move(name)), type, at, *size, std::move(link));
            if (members_.size() > most_members) return bad("more than 100000 members");
            if (padded > file.size()) {
                if (*size > file.size()) return bad("the archive ends early");
                return success(); // some writers leave out the padding at the end
            }
            at += padded;
            if (!file.skip(padded)) return bad("cannot be read");
        }
        return at == 0 ? result<void>(bad("neither a folder nor a tar archive")) : result<void>(success());
    }
    void add(std::string name, char type, std::uint64_t from, std::uint64_t size, std::string link) {
        member m;
        m.from = from;
        m.size = size;
        if (type == '1') m.link = clean(std::move(link)); // a hard link names a member
        else if (type == '2') m.link = beside(name, link); // a symbolic one is relative to its folder
        else if (type != '0' && type != '\0' && type != '7') return;
        members_.insert_or_assign(std::move(name), std::move(m));
    }
    static std::string clean(std::string name) {
        while (name.starts_with("./")) name.erase(0, 2);
        return name;
    }
    static std::string beside(std::string const& name, std::string_view link) {
        std::string folder = name.substr(0, name.rfind('/') == name.npos ? 0 : name.rfind('/'));
        while (link.starts_with("../")) {
            link.remove_prefix(3);
            auto const up = folder.rfind('/');
            folder.erase(up == folder.npos ? 0 : up);
        }
        return folder.empty() ? std::string(link) : folder + '/' + std::string(link);
    }
    static std::string_view field(std::string_view bytes) { return bytes.substr(0, std::min(bytes.find('\0'), bytes.size())); }
    static std::string name_of(char const* head) {
        std::string out(field({head, 100}));
        bool const ustar = std::memcmp(head + 257, "ustar\0", 6) == 0; // GNU's own form keeps other things there
        if (auto const prefix = field({head + 345, 155}); ustar && !prefix.empty()) out = std::string(prefix) + '/' + out;
        return out;
    }
    /// Octal digits, or GNU's base 256.
    static std::optional<std::uint64_t> number(std::string_view bytes) {
        std::uint64_t out = 0;
        if (static_cast<unsigned char>(bytes.front()) & 0x80) {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                auto const b = static_cast<unsigned char>(bytes[i]) & (i == 0 ? 0x7fu : 0xffu);
                if (out >> 55) return std::nullopt;
                out = out << 8 | b;
            }
            return out;
        }
        for (char const c : bytes) {
            if (c == ' ' || c == '\0') continue;
            if (c < '0' || c > '7' || out >> 60) return std::nullopt;
            out = out << 3 | static_cast<std::uint64_t>(c - '0');
        }
        return out;
    }
    static bool checksum_holds(char const* head) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < block; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(head[i]);
        return number({head + 148, 8}) == sum;
    }
    /// Records "LENGTH KEY=VALUE\n".
    static bool take_pax(std::string_view text, std::string& name, std::string& link, std::optional<std::uint64_t>& size) {
        while (!text.empty()) {
            std::size_t length = 0, digits = 0;
            while (digits < text.size() && digits < 7 && text[digits] >= '0' && text[digits] <= '9')
                length = length * 10 + static_cast<std::size_t>(text[digits++] - '0');
            if (digits == 0 || digits >= text.size() || text[digits] != ' ' || length <= digits + 2 || length > text.size() || text[length - 1] != '\n')
                return false;
            auto const record = text.substr(digits + 1, length - digits - 2);
            auto const equals = record.find('=');
            if (equals == record.npos) return false;
            auto const key = record.substr(0, equals), value = record.substr(equals + 1);
            if (key == "path") name = value;
            if (key == "linkpath") link = value;
            if (key == "size") {
                std::uint64_t n = 0;
                for (char const c : value) {
                    if (c < '0' || c > '9' || n > UINT64_MAX / 100) return false;
                    n = n * 10 + static_cast<std::uint64_t>(c - '0');
                }
                size = n;
            }
            text.remove_prefix(length);
        }
        return true;
    }

    std::string path_;
    bool folder_;
    std::map<std::string, member, std::less<>> members_;
};

} // namespace lading::detail
