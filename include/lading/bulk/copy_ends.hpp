// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_from` and `copy_to`: the two stores of a copy, whatever they are.

#include "../http/body_source.hpp"
#include "../operation/push_options.hpp"
#include "../store/content_store.hpp"
#include "../warning.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

inline bool is_digest_text(std::string_view name) { return name.find(':') != name.npos && digest::parse(name).has_value(); }

/// The stores as the copy sees them: it is compiled once, not once for each pair.
class copy_from {
  public:
    virtual ~copy_from() = default;
    virtual result<descriptor> resolve(std::string_view name, stop_token const& stop) = 0;
    /// What the name leads to now, if that can be had for less than the document.
    virtual result<std::optional<descriptor>> current(std::string_view name, stop_token const& stop) = 0;
    virtual result<std::string> document(descriptor const& what, stop_token const& stop) = 0;
    virtual result<void> read(descriptor const& what, blob_sink& out, stop_token const& stop) = 0;
    /// The same at the URLs of the descriptor. False: it cannot.
    virtual bool can_read_external() const = 0;
    virtual result<void> read_external(descriptor const& what, blob_sink& out, stop_token const& stop) = 0;
    virtual std::vector<warning> take_warnings() = 0;
    /// Its contents are at hand, so that what is small is sent sooner than asked for.
    virtual bool is_local() const = 0;
    /// Its `read` begins a sink at most once.
    virtual bool reads_once() const = 0;
    virtual result<std::vector<std::string>> names(stop_token const& stop) = 0;
    /// Nothing where the store does not know.
    virtual result<std::vector<descriptor>> referrers(descriptor const& what, stop_token const& stop) = 0;
};
class copy_to {
  public:
    virtual ~copy_to() = default;
    virtual result<descriptor> resolve(std::string_view name, stop_token const& stop) = 0;
    virtual result<std::string> document(descriptor const& what, stop_token const& stop) = 0;
    virtual result<bool> has(descriptor const& what, stop_token const& stop) = 0;
    virtual result<std::unique_ptr<blob_sink>> writer(descriptor const& what) = 0;
    /// One that does not wait for others by itself: it could not be stopped.
    virtual result<std::unique_ptr<blob_sink>> impatient_writer(descriptor const& what) = 0;
    virtual result<void> put_document(descriptor const& what, std::string_view bytes) = 0;
    virtual result<void> tag(std::string_view name, descriptor const& what, stop_token const& stop) = 0;
    virtual result<void> complete(stop_token const& stop) = 0;
    /// Whether it has not lost what it had, or was given, since it said so.
    virtual result<bool> has_still(descriptor const& what, stop_token const& stop) = 0;
    /// Before any blob comes: why an image with this config cannot be kept.
    virtual result<void> accepts_config(descriptor const& config) const = 0;
    /// A store that reads what it keeps, when it wants it: `take` in place of `writer`.
    virtual bool takes() const = 0;
    /// `anew`: whatever it said that it has.
    virtual result<pushed_blob> take(descriptor const& what, body_source& from, bool anew, stop_token const& stop) = 0;
    /// The repository beside the source that it can take blobs from, where there is one.
    virtual std::string const& mounts_from() const = 0;
    /// A name there leads to something whole, whatever it is.
    virtual bool trusts_names() const = 0;
    /// It can tell what refers to a document.
    virtual bool has_referrers() const = 0;
    virtual result<std::vector<descriptor>> referrers(descriptor const& what, stop_token const& stop) = 0;
    /// Those that are put from now on are listed by `write_referrers`.
    virtual void hold_referrers() = 0;
    /// What cannot be listed then is not tried again, unless it was stopped.
    virtual result<void> write_referrers(stop_token const& stop) = 0;
};

template <class S>
class copy_from_store final : public copy_from {
  public:
    explicit copy_from_store(S& s) : store_(s) {}
    result<descriptor> resolve(std::string_view name, stop_token const& stop) override { return store_.resolve(name, stop); }
    result<std::optional<descriptor>> current(std::string_view name, stop_token const& stop) override {
        if constexpr (requires { store_.current(name, stop); }) return store_.current(name, stop);
        else return (void)name, (void)stop, std::optional<descriptor>();
    }
    result<std::string> document(descriptor const& what, stop_token const& stop) override { return store_.document(what, stop); }
    result<void> read(descriptor const& what, blob_sink& out, stop_token const& stop) override { return store_.read(what, out, stop); }
    bool can_read_external() const override { return reads_external; }
    result<void> read_external(descriptor const& what, blob_sink& out, stop_token const& stop) override {
        if constexpr (reads_external) return store_.read_external(what, out, stop);
        else return (void)what, (void)out, (void)stop, error(errc::invalid_argument);
    }
    std::vector<warning> take_warnings() override {
        if constexpr (requires { store_.take_warnings(); }) return store_.take_warnings();
        else return {};
    }
    bool is_local() const override {
        if constexpr (requires { S::is_remote; }) return !S::is_remote;
        else return true;
    }
    bool reads_once() const override {
        if constexpr (requires { S::reads_once; }) return S::reads_once;
        else return false;
    }
    result<std::vector<std::string>> names(stop_token const& stop) override { return store_.names(stop); }
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token const& stop) override {
        if constexpr (lists_referrers<S>) return store_.referrers(what, stop);
        else return (void)what, (void)stop, std::vector<descriptor>();
    }

  private:
    static constexpr bool reads_external = requires(S& s, descriptor const& what, blob_sink& out, stop_token stop) { s.read_external(what, out, stop); };

    S& store_;
};
template <class S>
class copy_to_store final : public copy_to {
  public:
    explicit copy_to_store(S& s, std::string mount_from = {}) : store_(s), mount_from_(std::move(mount_from)) {}
    result<descriptor> resolve(std::string_view name, stop_token const& stop) override {
        if constexpr (requires { store_.named(name, stop); })
            if (!is_digest_text(name) || trusts_names()) { // of many names, without a list of those that it is not
                LADING_TRY(auto found, store_.named(name, stop));
                return found ? result<descriptor>(std::move(*found)) : result<descriptor>(error(errc::manifest_unknown));
            }
        return store_.resolve(name, stop);
    }
    result<std::string> document(descriptor const& what, stop_token const& stop) override { return store_.document(what, stop); }
    result<bool> has(descriptor const& what, stop_token const& stop) override { return store_.has(what, stop); }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) override { return store_.writer(what); }
    result<std::unique_ptr<blob_sink>> impatient_writer(descriptor const& what) override {
        if constexpr (requires { store_.writer(what, std::chrono::milliseconds(0)); }) return store_.writer(what, std::chrono::milliseconds(0));
        else return store_.writer(what);
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) override { return store_.put_document(what, bytes); }
    result<void> tag(std::string_view name, descriptor const& what, stop_token const& stop) override {
        if constexpr (requires { store_.tag(name, what, stop); }) return store_.tag(name, what, stop);
        else return (void)stop, store_.tag(name, what);
    }
    result<void> complete(stop_token const& stop) override {
        if constexpr (requires { store_.complete(stop); }) return store_.complete(stop);
        else return (void)stop, store_.complete();
    }
    result<bool> has_still(descriptor const& what, stop_token const& stop) override {
        if constexpr (requires { store_.gc(); }) return store_.has(what, stop);
        else return (void)what, (void)stop, true;
    }
    result<void> accepts_config(descriptor const& config) const override {
        if constexpr (requires { store_.accepts_config(config); }) return store_.accepts_config(config);
        else return (void)config, success();
    }
    bool takes() const override { return can_take; }
    result<pushed_blob> take(descriptor const& what, body_source& from, bool anew, stop_token const& stop) override {
        if constexpr (can_take) return anew ? store_.take_anew(what, from, stop) : store_.take(what, from, mount_from_, stop);
        else return (void)what, (void)from, (void)anew, (void)stop, error(errc::invalid_argument);
    }
    std::string const& mounts_from() const override { return mount_from_; }
    bool trusts_names() const override {
        if constexpr (requires { S::names_are_complete; }) return S::names_are_complete;
        else return false;
    }
    bool has_referrers() const override { return lists_referrers<S>; }
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token const& stop) override {
        if constexpr (lists_referrers<S>) return store_.referrers(what, stop);
        else return (void)what, (void)stop, std::vector<descriptor>();
    }
    void hold_referrers() override {
        if constexpr (requires { store_.write_referrers(stop_token()); }) store_.hold_referrers();
    }
    result<void> write_referrers(stop_token const& stop) override {
        if constexpr (requires { store_.write_referrers(stop); }) {
            auto written = store_.write_referrers(stop);
            if (!written && written.assume_error() != errc::cancelled) store_.forget_referrers();
            return written;
        } else {
            return (void)stop, success();
        }
    }

  private:
    static constexpr bool can_take = requires(S& s, descriptor const& what, body_source& from, stop_token stop) { s.take(what, from, std::string(), stop); };

    S& store_;
    std::string mount_from_;
};

/// Where `to` can take blobs from without their bytes: a repository beside `from`.
template <class From, class To>
std::string mount_between(From const& from, To const& to) {
    if constexpr (requires { to.mount_from(from); }) return to.mount_from(from);
    else return (void)from, (void)to, std::string();
}

} // namespace lading::detail
