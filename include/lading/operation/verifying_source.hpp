// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `verifying_source`: a content that is hashed while it is sent, unless its source does that. Its last bytes are given only when size and digest hold, so that no
/// request with other bytes is ever complete.

#include "../detail/dependent.hpp"
#include "../http/body_source.hpp"
#include "../policy/hash.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace lading {

/// `P` names the policy `hash`. The source must outlive it.
template <class P>
class verifying_source final : public body_source {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    /// Without a digest the content has whatever digest it has: `actual()`. `size` in bytes.
    verifying_source(body_source& from, std::optional<digest> expected, std::optional<std::uint64_t> size)
        : from_(from), expected_(std::move(expected)), size_(size) {}

    std::optional<std::uint64_t> size() const override { return size_; }
    result<void> begin() override {
        count_ = 0;
        over_ = false;
        hash_.reset();
        if (!expected_ || !from_.verifies(*expected_)) hash_.emplace(expected_ ? expected_->algorithm() : digest_algorithm::sha256);
        if (auto begun = from_.begin(); !begun) return failed(std::move(begun).assume_error());
        failure_.reset();
        if (size_ == std::uint64_t{0}) return finish();
        return success();
    }
    bool ready(std::function<void()> const& wake) override { return from_.ready(wake); }
    /// Errors: those of the source; `source_changed` when its bytes are not those that were announced.
    result<std::size_t> read(std::span<std::byte> into) override {
        if (over_) return std::size_t{0};
        auto got = from_.read(into);
        if (!got) return failed(std::move(got).assume_error());
        auto const n = got.assume_value();
        if (hash_) hash_->update(into.first(n));
        count_ += n;
        if (size_ && count_ > *size_) return failed(other_size("more"));
        if (n == 0 || count_ == size_) {
            LADING_TRY_V(finish());
        }
        if (watch_ && n != 0) watch_(count_);
        return n;
    }
    /// Is told how many bytes have been given.
    void watch(std::function<void(std::uint64_t)> w) { watch_ = std::move(w); }

    std::uint64_t count() const noexcept { return count_; }
    /// The whole of it has been given, and holds.
    bool over() const noexcept { return over_; }
    /// The digest, when it is over.
    std::optional<digest> const& actual() const noexcept { return actual_; }
    /// Why it ended before its end.
    std::optional<error> const& failure() const noexcept { return failure_; }

  private:
    error failed(error const& e) { return failure_ = e, e; }
    error other_size(std::string actual) const {
        return error(errc::source_changed).with_context("its size").with_values(std::to_string(*size_) + " bytes", std::move(actual));
    }
    result<void> finish() {
        if (size_ && count_ != *size_) return failed(other_size(std::to_string(count_)));
        if (size_ && (count_ != 0 || !hash_)) { // and nothing may follow
            std::byte more{};
            auto const n = from_.read({&more, 1});
            if (!n) return failed(n.assume_error());
            if (n.assume_value() != 0) return failed(other_size("more"));
        }
        if (hash_) {
            auto got = hash_->finish();
            if (!got) return failed(std::move(got).assume_error());
            actual_ = std::move(got).assume_value();
        } else actual_ = expected_; // the source has said so by its end
        if (expected_ && *actual_ != *expected_)
            return failed(error(errc::source_changed).with_context("its bytes").with_values(expected_->str(), actual_->str()));
        over_ = true;
        return success();
    }

    body_source& from_;
    std::optional<digest> expected_;
    std::optional<std::uint64_t> size_;
    std::optional<typename P::hash> hash_;
    std::optional<digest> actual_;
    std::optional<error> failure_;
    std::function<void(std::uint64_t)> watch_;
    std::uint64_t count_ = 0;
    bool over_ = false;
};

} // namespace lading
