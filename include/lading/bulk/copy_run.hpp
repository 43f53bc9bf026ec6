// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_state` and `copy_run`: a copy of what one name leads to.

#include "../error_groups.hpp"
#include "../store/content_body.hpp"
#include "copy_ends.hpp"
#include "copy_lanes.hpp"
#include "copy_options.hpp"
#include "copy_plan.hpp"
#include "counted_source.hpp"

#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// What the parts of a copy share, be it by threads or on an event loop: the plan, the counts, and every step that concerns the
/// destination alone.
class copy_state {
  public:
    copy_state(copy_to& to, std::string_view name, std::string_view to_name, copy_options o)
        : to_(to), name_(name), to_name_(to_name), asks_for_external_(o.external == external_layers::ask || o.external == external_layers::fetch), options_(for_destination(std::move(o), to)), plan_(options_), progress_(options_.observer) {}

    copy_options const& options() const noexcept { return options_; }
    copy_plan& plan() noexcept { return plan_; }
    copy_progress& progress() noexcept { return progress_; }

    /// What the destination knows by the name already, where that may save asking for the document.
    std::optional<descriptor> look_for_name(stop_token const& stop) {
        if (auto const pinned = digest::parse(to_name_); is_digest_text(to_name_)) pinned_ = pinned.assume_value();
        auto const& name = is_digest_text(name_) ? name_ : to_name_;
        if (name.empty() || pinned_) return std::nullopt;
        auto found = to_.resolve(name, stop);
        if (!found) return std::nullopt;
        if (name == to_name_) named_before_ = found.assume_value().digest;
        if (name == to_name_ || to_name_.empty()) there_ = found.assume_value().digest;
        return std::move(found).assume_value();
    }
    /// True when the source is to be asked what the name leads to now; of a digest that is no question.
    bool may_be_current() const { return !is_digest_text(name_) && (options_.platforms.empty() || options_.sparse); }
    bool is_by_digest() const { return is_digest_text(name_); }
    /// At the destination.
    bool is_nameless() const { return to_name_.empty() || pinned_; }

    void begin(descriptor top) {
        top.annotations.clear(); // they are of the list that it was found in
        named_ = top;
        plan_.begin(std::move(top));
        fetched_ = existing_ = mounted_ = skipped_ = made_ = copy_count();
        written_ = 0;
    }
    /// Whether the destination has a document. Nobody asks where the name led nowhere: an image that is new is not there.
    bool is_there(descriptor const& what, stop_token const& stop) {
        if (!there_ || !trusts_documents() || !(options_.platforms.empty() || (options_.sparse && !options_.cutter))) return false;
        return *there_ == what.digest || to_.resolve(what.digest.str(), stop).has_value();
    }
    /// Whether what is there of a document is all that it lists: an image's contents come before it. The images of an index are asked for one by one, since
    /// an index may be there without some of them.
    static bool is_whole(descriptor const& what) { return is_known_manifest_type(what.media_type) && !is_index_type(what.media_type); }
    /// A document that is there need not be put again, but for the top, which gets another name so.
    bool is_kept(descriptor const& what) const { return !is_top(what) || *there_ == what.digest; }
    void add_whole(descriptor const& what, std::string bytes) {
        std::lock_guard const lock(mutex_);
        plan_.add_whole(what, std::move(bytes));
    }
    bool is_top(descriptor const& what) const { return plan_.top().digest == what.digest; }
    /// The bytes of a document that need not be asked for.
    result<std::optional<std::string>> document_at_hand(descriptor const& what, bool& existing, stop_token const& stop) {
        LADING_TRY(auto carried, known_bytes(what, true));
        auto const there = to_.has(what, stop);
        existing = there && there.assume_value();
        if (existing)
            if (auto bytes = to_.document(what, stop)) return std::optional<std::string>(std::move(bytes).assume_value());
        existing = false; // and what is damaged is written anew
        return carried;
    }
    result<void> add_document(descriptor const& what, result<std::string> bytes, bool existing) {
        std::lock_guard const lock(mutex_);
        if (!bytes) return named(plan_.add_missing(what, std::move(bytes).assume_error()), what);
        return named(plan_.add(what, std::move(bytes).assume_value(), existing), what);
    }
    /// After the walk: what is to be done is known.
    result<void> walked(stop_token const& stop) {
        if (options_.no_clobber && !to_name_.empty() && !is_digest_text(to_name_)) {
            auto const there = to_.resolve(to_name_, stop);
            if (there && there.assume_value().digest != plan_.top().digest)
                return error(errc::tag_exists).with_context(printable(to_name_, 160)).with_values(plan_.top().digest.str(), there.assume_value().digest.str());
            if (!there && !is_not_found(there.assume_error())) return there.assume_error();
        }
        if (pinned_ && *pinned_ != plan_.top().digest)
            return error(errc::digest_mismatch).with_context("the destination names another digest").with_values(pinned_->str(), plan_.top().digest.str());
        for (auto const& b : plan_.blobs()) {
            if (b.is_config) {
                LADING_TRY_V(to_.accepts_config(b.what));
            }
            if (!b.left_out) progress_.expect(b.what);
        }
        for (auto const* d : plan_.documents()) progress_.expect(d->what);
        return success();
    }

    /// True when a blob is not to be fetched; then it has been seen to.
    result<bool> without_source(copy_plan::blob const& b, stop_token const& stop) {
        if (b.left_out) {
            progress_.tell(b.what, transfer_state::skipped, 0, "it is kept elsewhere");
            return counted(skipped_, b.what);
        }
        LADING_TRY(auto const there, to_.has(b.what, stop));
        if (there) {
            progress_.pass(b.what, transfer_state::skipped, "it is there");
            return counted(existing_, b.what);
        }
        if (!b.bytes) return false;
        LADING_TRY(auto const out, to_.writer(b.what));
        if (auto written = write_whole(*out, *b.bytes); !written) return named(std::move(written), b.what).assume_error();
        progress_.pass(b.what, transfer_state::done);
        return counted(made_, b.what);
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) { return to_.impatient_writer(what); }
    static bool is_absent(error const& why) { return why == errc::blob_unknown || why == errc::not_found; }
    /// Something is odd of what was transferred.
    void remark(warning w) {
        std::lock_guard const lock(mutex_);
        plan_.warnings().push_back(std::move(w));
    }
    /// After the transfer of a blob, of which `bytes` have come, `resumed` of them in an earlier run.
    result<void> fetched(copy_plan::blob const& b, result<void> outcome, std::uint64_t bytes = 0, std::uint64_t resumed = 0) {
        if (outcome) {
            progress_.tell(b.what, transfer_state::done, copy_progress::size_of(b.what));
            counted(fetched_, b.what);
            resumed_bytes_ += resumed;
            return outcome;
        }
        auto why = std::move(outcome).assume_error();
        if (is_absent(why) && !b.what.urls.empty())
            why = error(errc::external_layer)
                      .with_context(b.what.digest.str() + ", which is kept at " + host_of(b.what.urls.front()));
        progress_.tell(b.what, transfer_state::failed, bytes, name_of(why.kind()));
        return named(result<void>(std::move(why)), b.what);
    }

    /// The documents, then the name.
    result<copy_summary> finish(stop_token const& stop) {
        LADING_TRY_V(look_again(stop));
        auto const all = plan_.documents();
        for (; written_ < all.size(); ++written_) {
            auto const& d = *all[written_];
            if (stop.stop_requested()) return error(errc::cancelled);
            bool existing = d.existing;
            if (existing) {
                LADING_TRY(existing, to_.has_still(d.what, stop));
            }
            if (existing) {
                counted(existing_, d.what);
                progress_.pass(d.what, transfer_state::skipped, "it is there");
                continue;
            }
            LADING_TRY_V(named(to_.put_document(d.what, d.bytes), d.what));
            counted(fetched_, d.what);
            progress_.pass(d.what, transfer_state::done);
        }
        if (named_before_ != plan_.top().digest) {
            LADING_TRY_V(to_.tag(pinned_ ? std::string_view() : std::string_view(to_name_), plan_.top(), stop));
        }
        if (options_.completion) {
            LADING_TRY_V(to_.complete(stop));
        }
        copy_summary out(*named_, plan_.top());
        if (out.named.size < 0 && out.named.digest == out.top.digest) out.named = out.top;
        out.fetched = fetched_, out.existing = existing_, out.mounted = mounted_, out.skipped = skipped_, out.resumed_bytes = resumed_bytes_;
        out.warnings = std::move(plan_.warnings());
        return out;
    }

    /// `unchanged`: a copy would find it up to date.
    result<copy_forecast> forecast(bool unchanged, stop_token const& stop) {
        copy_forecast out(*named_, plan_.top());
        if (out.named.size < 0 && out.named.digest == out.top.digest) out.named = out.top;
        for (auto const& b : plan_.blobs()) {
            auto step = b.left_out ? copy_step::leave : !to_.mounts_from().empty() ? copy_step::mount
                                                    : b.bytes                      ? copy_step::make
                                                                                   : copy_step::fetch;
            if (!b.left_out) {
                LADING_TRY(auto const there, to_.has(b.what, stop));
                if (there) step = copy_step::keep;
            }
            out.entries.emplace_back(b.what, step, false);
        }
        for (auto const* d : plan_.documents()) out.entries.emplace_back(d->what, d->existing || unchanged ? copy_step::keep : copy_step::fetch, true);
        for (auto const& e : out.entries) {
            if (e.step == copy_step::leave) out.skipped.add(e.what.size);
            else if (e.step == copy_step::keep) out.existing.add(e.what.size);
            else if (e.step == copy_step::fetch) out.to_fetch.add(e.what.size);
        }
        out.warnings = std::move(plan_.warnings());
        return out;
    }

    bool takes() const { return to_.takes(); }
    /// Gives a blob to a destination that reads it when it wants it.
    result<void> give(copy_plan::blob const& b, body_source& from, stop_token const& stop, bool anew = false) {
        progress_.tell(b.what, transfer_state::started, 0);
        counted_source counting(b.what, from, progress_);
        auto sent = to_.take(b.what, counting, anew, stop);
        if (!sent && sent.assume_error() == errc::source_spent) sent = to_.take(b.what, counting, anew, stop); // see `content_body`
        if (!sent) return fetched(b, std::move(sent).assume_error(), counting.bytes());
        auto const way = sent.assume_value().way;
        if (way == push_way::sent) return fetched(b, success());
        bool const mounted = way == push_way::mounted;
        progress_.pass(b.what, transfer_state::skipped, mounted ? "mounted from " + to_.mounts_from() : "it is there", counting.bytes());
        counted(mounted ? mounted_ : existing_, b.what);
        return success();
    }
    /// What was named is what is named there: nothing is to be done.
    bool is_unchanged(std::optional<descriptor> const& there, descriptor const& top) const {
        return there && there->digest == top.digest && is_whole(*there) && trusts_documents() && (options_.platforms.empty() || options_.sparse);
    }
    copy_summary unchanged(descriptor const& top) {
        copy_summary out(top, top);
        progress_.expect(top);
        progress_.pass(top, transfer_state::skipped, "up to date");
        counted(existing_, top);
        out.existing = existing_;
        return out;
    }

  private:
    static copy_options for_destination(copy_options o, copy_to const& to) {
        if (o.external == external_layers::usual) o.external = to.takes() ? external_layers::leave : external_layers::ask;
        return o;
    }
    /// It takes no image without its contents, but for those that a copy leaves elsewhere.
    bool trusts_documents() const { return to_.trusts_names() && !asks_for_external_; }
    /// A copy may take longer than what nothing leads to is left in peace.
    result<void> look_again(stop_token const& stop) {
        for (auto const& b : plan_.blobs()) {
            if (b.left_out) continue;
            LADING_TRY(bool const there, to_.has_still(b.what, stop));
            if (!there) return error(errc::blob_unknown).with_context(b.what.digest.str() + " was removed at the destination while others were copied");
        }
        return success();
    }
    bool counted(copy_count& in, descriptor const& what) {
        std::lock_guard const lock(mutex_);
        in.add(what.size);
        return true;
    }
    /// An error that says which content it is about.
    static result<void> named(result<void> outcome, descriptor const& what) {
        if (outcome || outcome.assume_error() == errc::cancelled) return outcome;
        auto why = std::move(outcome).assume_error();
        auto const& context = why.detail().context;
        if (context.find(what.digest.hex()) == context.npos) why.with_context(context.empty() ? what.digest.str() : context + " (of " + what.digest.str() + ')');
        return why;
    }

    copy_to& to_;
    std::string name_, to_name_;
    bool asks_for_external_;
    copy_options options_;
    copy_plan plan_;
    copy_progress progress_;
    std::mutex mutex_; ///< of the plan while it walks, and of the counts
    std::optional<descriptor> named_;
    std::optional<digest> pinned_;       ///< that the destination's name is
    std::optional<digest> named_before_; ///< what it led to
    std::optional<digest> there_;        ///< what the name, or the digest in its place, leads to there
    copy_count fetched_, existing_, mounted_, skipped_, made_;
    std::atomic<std::uint64_t> resumed_bytes_{0};
    std::size_t written_ = 0; ///< documents
};

/// A copy by threads.
class copy_run {
  public:
    copy_run(copy_from& from, copy_to& to, std::string_view name, std::string_view to_name, copy_options o, stop_token stop)
        : from_(from), name_(name), stop_(std::move(stop)), state_(to, name, to_name, std::move(o)) {}

    /// The documents that it has walked.
    std::vector<descriptor> documents() {
        std::vector<descriptor> out;
        for (auto const* d : state_.plan().documents()) out.push_back(d->what);
        return out;
    }
    /// Documents are read whatever is there.
    void read_all() noexcept { reads_ = true; }
    /// What the destination has is put again.
    void put_all() noexcept { puts_ = true; }

    result<copy_summary> copy() {
        auto out = copy_all();
        auto odd = from_.take_warnings(); // of a failed one, too: they are not those of the next
        if (out) out.assume_value().warnings.insert(out.assume_value().warnings.end(), std::make_move_iterator(odd.begin()), std::make_move_iterator(odd.end()));
        return out;
    }
    result<copy_forecast> forecast() {
        reads_ = true;
        LADING_TRY_V(walk());
        return state_.forecast(unchanged_.has_value(), stop_);
    }

  private:
    result<copy_summary> copy_all() {
        LADING_TRY_V(walk());
        if (unchanged_) return state_.unchanged(*unchanged_);
        auto const& blobs = state_.plan().blobs();
        LADING_TRY_V(copy_lanes(blobs.size(), state_.takes() ? state_.options().sending_lanes : state_.options().lanes, stop_,
                                [&](std::size_t i, stop_token const& stop) { return transfer(blobs[i], state_, stop); }));
        auto out = state_.finish(stop_);
        if (out || out.assume_error() != errc::manifest_blob_unknown || !state_.takes()) return out;
        if (trusted_.exchange(false)) { // it has lost what it had: all is looked for
            trusts_ = false;
            return copy_all();
        }
        LADING_TRY_V(repair(out.assume_error()));
        return state_.finish(stop_);
    }
    /// The destination lacks contents that it said it has, or has lost them meanwhile: they are given anew, once.
    result<void> repair(error const& why) {
        for (auto const& b : state_.plan().blobs())
            for (auto const& lacking : why.detail().available)
                if (lacking == b.what.digest.str() && !b.left_out) {
                    LADING_TRY_V(transfer(b, state_, stop_, true));
                }
        return success();
    }
    result<void> walk() {
        if (stop_.stop_requested()) return error(errc::cancelled);
        LADING_TRY(auto top, find_top());
        state_.begin(top);
        if (unchanged_ && !reads_) return success();
        for (auto due = state_.plan().take_documents(); !due.empty(); due = state_.plan().take_documents()) {
            LADING_TRY_V(copy_lanes(due.size(), state_.options().lanes, stop_,
                                    [&](std::size_t i, stop_token const& stop) { return read_document(due[i], stop); }));
        }
        return state_.walked(stop_);
    }
    result<descriptor> find_top() {
        auto known = state_.look_for_name(stop_);
        if (known) {
            if (state_.is_by_digest()) {
                if (state_.is_nameless() && !puts_ && state_.is_unchanged(known, *known)) unchanged_ = known;
                return std::move(*known);
            }
            if (state_.may_be_current()) {
                LADING_TRY(auto const now, from_.current(name_, stop_));
                if (now && now->digest == known->digest) {
                    if (state_.is_unchanged(known, *known)) unchanged_ = known;
                    return std::move(*known);
                }
            }
        }
        LADING_TRY(auto top, from_.resolve(name_, stop_));
        if (state_.is_unchanged(known, top)) unchanged_ = top;
        return top;
    }
    result<void> read_document(descriptor const& what, stop_token const& stop) {
        bool const there = trusts_ && !reads_ && !puts_ && state_.is_there(what, stop);
        if (there && !state_.is_whole(what)) return state_.add_document(what, from_.document(what, stop), state_.is_kept(what));
        if (there) {
            std::string bytes;
            if (state_.is_top(what)) {
                LADING_TRY(bytes, from_.document(what, stop));
            }
            trusted_ = true;
            return state_.add_whole(what, std::move(bytes)), success();
        }
        bool existing = false;
        LADING_TRY(auto at_hand, state_.document_at_hand(what, existing, stop));
        if (at_hand) return state_.add_document(what, std::move(*at_hand), existing);
        return state_.add_document(what, from_.document(what, stop), false);
    }
    /// A config is of one image, which is not there under its name: a small one is sent without the question whether it is there.
    bool is_most_likely_new(copy_plan::blob const& b) const { return b.is_config && b.what.size >= 0 && b.what.size < 4096 && from_.is_local(); }
    result<void> transfer(copy_plan::blob const& b, copy_state& state, stop_token const& stop, bool anew = false) {
        if (state.takes() && !b.left_out) {
            if (b.bytes) {
                view_source from(*b.bytes);
                return state.give(b, from, stop, anew);
            }
            either_place places{*this};
            content_body<either_place> from(places, b.what, stop, from_.reads_once());
            return state.give(b, from, stop, anew || is_most_likely_new(b));
        }
        LADING_TRY(auto const over, state.without_source(b, stop));
        if (over) return success();
        state.progress().tell(b.what, transfer_state::started, 0);
        std::uint64_t bytes = 0, resumed = 0;
        auto const read = [&](bool elsewhere) -> result<void> {
            LADING_TRY(auto const out, state.writer(b.what));
            watched_sink sink(b.what, *out, state.progress(), stop, state.options().wait);
            auto outcome = elsewhere ? from_.read_external(b.what, sink, stop) : from_.read(b.what, sink, stop);
            bytes = sink.bytes(), resumed = sink.resumed();
            return outcome;
        };
        auto outcome = read(false);
        if (is_elsewhere(b.what, outcome)) outcome = read(true);
        return state.fetched(b, std::move(outcome), bytes, resumed);
    }
    /// The source lacks it, and it may be fetched from where it is kept.
    bool is_elsewhere(descriptor const& what, result<void> const& outcome) const {
        bool const may = state_.options().external == external_layers::fetch && from_.can_read_external();
        return may && !outcome && !what.urls.empty() && copy_state::is_absent(outcome.assume_error());
    }
    /// For a destination that reads a blob when it wants it.
    struct either_place {
        result<void> read(descriptor const& what, blob_sink& out, stop_token const& stop) {
            auto outcome = of.from_.read(what, out, stop);
            return of.is_elsewhere(what, outcome) ? of.from_.read_external(what, out, stop) : std::move(outcome);
        }
        copy_run& of;
    };

    copy_from& from_;
    std::string name_;
    stop_token stop_;
    copy_state state_;
    std::optional<descriptor> unchanged_; ///< what the name leads to, at both
    bool reads_ = false;                  ///< documents, whatever is there
    bool puts_ = false;                   ///< what is there already
    bool trusts_ = true;                  ///< that what is there is whole
    std::atomic<bool> trusted_{false};    ///< something was not looked for because of that
};

} // namespace detail

} // namespace lading
