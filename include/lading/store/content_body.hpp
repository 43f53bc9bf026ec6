// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `content_body`: a blob of any store as the body of a request.

#include "../descriptor.hpp"
#include "../detail/stop_token.hpp"
#include "relay.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace lading {

/// Reads a blob of a `content_source` in a thread of its own, from the moment on that it is asked for, and again from the start as often as
/// it has to be; 256 KiB at most wait to be sent. The source must outlive it. `stop` ends the reading, and with it whoever waits for it.
template <class Source>
class content_body final : public body_source {
  public:
    /// `once`: the source's `read` begins a sink once (`reads_once` of a store). Then its own verification is enough. When it begins again
    /// for all that, reading ends with `source_spent`; the next time the verification is not trusted, and it may.
    content_body(Source& from, descriptor what, stop_token stop = {}, bool once = false)
        : from_(from), what_(std::move(what)), stop_(std::move(stop)), once_(once) {}
    content_body(content_body const&) = delete;
    content_body& operator=(content_body const&) = delete;
    ~content_body() override { end(); }

    std::optional<std::uint64_t> size() const override {
        if (what_.size < 0) return std::nullopt;
        return static_cast<std::uint64_t>(what_.size);
    }
    result<void> begin() override {
        end();
        auto made = std::make_unique<reading>();
        auto* const r = made.get();
        auto started = detail::start_thread(r->pipe, [this, r] {
            relay_sink sink(r->pipe, once_);
            auto read = from_.read(what_, sink, r->stop.get_token());
            if (sink.begun_again()) once_ = false;
            if (!read) r->pipe.fail(std::move(read).assume_error());
            else r->pipe.finish();
        });
        if (!started) return std::move(started).assume_error();
        made->thread = std::move(started).assume_value();
        made->passed_on.emplace(stop_, stopping{*r});
        reading_ = std::move(made);
        return success();
    }
    /// Errors: those of the source's `read`, also when it finds at the very end that the blob is not the one that was asked for.
    result<std::size_t> read(std::span<std::byte> into) override { return reading_->pipe.read(into); }
    bool ready(std::function<void()> const& wake) override { return reading_->pipe.ready(wake); }
    /// A store commits a sink when size and digest hold, and the end is not passed on before. Where it began again meanwhile that says
    /// nothing of what was passed at first.
    bool verifies(digest const& d) const override { return once_ && d == what_.digest; }

  private:
    struct reading;
    struct stopping {
        reading& of;
        void operator()() const noexcept {
            of.stop.request_stop();
            of.pipe.fail(error(errc::cancelled));
            of.pipe.end(error(errc::cancelled));
        }
    };
    struct reading {
        relay pipe;
        stop_source stop;
        std::thread thread;
        std::optional<stop_callback<stopping>> passed_on;
    };
    void end() {
        if (!reading_) return;
        reading_->passed_on.reset();
        reading_->stop.request_stop();
        reading_->pipe.end(error(errc::cancelled));
        reading_->thread.join();
        reading_.reset();
    }

    Source& from_;
    descriptor what_;
    stop_token stop_;
    std::atomic<bool> once_;
    std::unique_ptr<reading> reading_;
};

} // namespace lading
