// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading blob get REPOSITORY@DIGEST`: one blob, verified.

#include "access_options.hpp"
#include "program.hpp"
#include "registry.hpp"

#include <lading/store/file_sink.hpp>

#include <memory>
#include <utility>

/// stdout as a sink. What is small is written when it has been verified. Of what is large the first bytes have left before the
/// last have come: then only the exit status says whether they were right. With `spool` nothing leaves unverified, whatever
/// the size: it is kept in a temporary file.
class stdout_sink final : public lading::blob_sink {
  public:
    static constexpr std::size_t most = std::size_t{8} << 20; ///< bytes that are held back in memory

    explicit stdout_sink(bool spool) : spool_(spool ? std::tmpfile() : nullptr), wants_spool_(spool) {}
    stdout_sink(stdout_sink const&) = delete;
    stdout_sink& operator=(stdout_sink const&) = delete;
    ~stdout_sink() override {
        if (spool_) std::fclose(spool_);
    }

    lading::result<void> begin() override {
        if (left_) return failed("what was written cannot be taken back, and the transfer had to start again; --verified avoids that");
        if (wants_spool_ && !spool_) return failed("no temporary file can be made");
        if (spool_) std::rewind(spool_), size_ = 0;
        held_.clear();
        return lading::success();
    }
    lading::result<void> write(std::span<std::byte const> piece) override {
        std::string_view const text(reinterpret_cast<char const*>(piece.data()), piece.size());
        if (spool_) {
            size_ += text.size();
            return std::fwrite(text.data(), 1, text.size(), spool_) == text.size() ? lading::result<void>(lading::success()) : failed("the temporary file cannot be written");
        }
        held_ += text;
        return held_.size() > most || left_ ? flush() : lading::result<void>(lading::success());
    }
    lading::result<void> commit() override {
        if (!spool_) return flush();
        std::rewind(spool_);
        held_.resize(65'536);
        while (size_ > 0) {
            auto const n = std::fread(held_.data(), 1, std::min(size_, std::size_t{65'536}), spool_);
            if (n == 0) return failed("the temporary file cannot be read");
            if (std::fwrite(held_.data(), 1, n, stdout) != n) return failed("the output cannot be written");
            size_ -= n;
        }
        return std::fflush(stdout) == 0 ? lading::result<void>(lading::success()) : failed("the output cannot be written");
    }
    void discard() noexcept override { held_.clear(); }
    bool left() const noexcept { return left_; } ///< unverified bytes were written

  private:
    static lading::error failed(char const* why) { return lading::error(lading::errc::sink_failed).with_context(why); }
    lading::result<void> flush() {
        left_ = true;
        bool const good = std::fwrite(held_.data(), 1, held_.size(), stdout) == held_.size() && std::fflush(stdout) == 0;
        held_.clear();
        return good ? lading::result<void>(lading::success()) : failed("the output cannot be written");
    }

    std::string held_;
    std::FILE* spool_;
    std::size_t size_ = 0; ///< bytes in the temporary file
    bool wants_spool_, left_ = false;
};

inline int get_blob(std::string const& name, std::string const& file, bool verified, registry_access const& args, lading::stop_token const& stop) {
    auto const doing = "blob get " + name;
    auto at = registry_of(name, args);
    if (!at) return tell(doing, at.error(), args);
    auto& [registry, ref] = at.assume_value();
    if (!ref.has_digest()) {
        std::fprintf(stderr, "lading: %s: a blob is named by its digest: HOST/NAME@sha256:..\n", shown(doing).c_str());
        return status::usage;
    }
    lading::descriptor what({}, *ref.digest(), -1); // of a size that nobody knows no more than `limits::blob_bytes` would be taken
    if (auto const found = registry.find_blob(ref.repository(), what, stop); found && found.assume_value()) what.size = found.assume_value()->size;
    if (!file.empty() && file != "-") {
        lading::file_sink out(file);
        auto const got = registry.blob(ref.repository(), what, out, stop);
        return got ? status::done : tell(doing, got.error(), args);
    }
    stdout_sink out(verified);
    auto const got = registry.blob(ref.repository(), what, out, stop);
    if (got) return status::done;
    auto const ended = tell(doing, got.error(), args);
    if (out.left()) std::fprintf(stderr, "lading: what was written to stdout is not that blob\n");
    return ended;
}

inline void add_blob(CLI::App& app, program& run) {
    struct given {
        std::string name, file;
        bool verified = false;
        lading_access args;
    };
    auto const g = std::make_shared<given>();
    auto* const blob = app.add_subcommand("blob", "blobs")->require_subcommand(1);
    auto* const c = blob->add_subcommand("get", "write a blob to stdout or to a file")->alias("fetch");
    c->add_option("REPOSITORY@DIGEST", g->name, "HOST/NAME@sha256:..")->required();
    c->add_option("-o,--output", g->file, "write to this file, which appears when the blob is whole and verified ('-': stdout)");
    c->add_flag("--verified", g->verified, "write nothing to stdout before all of it is verified, whatever its size (up to 8 MiB that is so anyway)");
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = get_blob(g->name, g->file, g->verified, g->args, run.stop); });
}
