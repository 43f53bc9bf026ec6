// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `oci_layout`: a store that is a folder in the OCI image layout (image-spec 1.1, "image-layout"), read and written, by
/// several programs at once. POSIX.
///
///     LADING_TRY(auto to, lading::oci_layout::create("dir"));
///     LADING_TRY_V(lading::copy(from, "1.0", to, "1.0"));
///
/// Other forms of images on disk are read by `image_on_disk`, which is more lenient with what other tools have written.

#include "../detail/mutex.hpp"
#include "../document/shape.hpp"
#include "../hash/openssl_hash.hpp"
#include "../json/strict_json.hpp"
#include "content_store.hpp"
#include "file_error.hpp"
#include "layout_blobs.hpp"
#include "layout_garbage.hpp"
#include "layout_index.hpp"
#include "listed_referrers.hpp"
#include "store_remarks.hpp"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Models `content_store`. `J` and `H` model the JSON and hash policies.
///
/// A blob is written beside its place as `blobs/sha256/.HEX.part`, a document and the index under names of their own; each
/// gets its name by a rename, so that a reader, and whoever comes after a crash, finds it whole or not at all, and the index
/// last. Every read is hashed. The index is changed under the lock of `.lading.lock`, so that programs that write different names at
/// the same time both succeed; entries, members and annotations that others have written are kept.
///
/// Files must be regular ones: a link, a pipe or a device in the place of any is `path_refused`, and nothing is read or
/// written through it. Copies of an object are the same layout. Threads: any call by several at once.
template <json_policy J, hash_policy H>
class basic_oci_layout : public detail::store_remarks {
  public:
    static constexpr bool any_call_at_once = true;
    static constexpr bool reads_once = true;

    /// Opens a layout that is there. Errors: `layout_invalid` (no folder, no `oci-layout` of a version 1, no index, or not one), `manifest_limit`,
    /// `manifest_ambiguous`, `path_refused`.
    static result<basic_oci_layout> open(std::string path, layout_options o = {}) {
        LADING_TRY(auto folder, detail::layout_folder::open(std::move(path), o));
        basic_oci_layout out(std::move(folder), std::move(o));
        LADING_TRY(auto const there, out.has_version());
        if (!there) return out.folder().bad("no oci-layout in it");
        std::lock_guard const locked(out.state_->mutex);
        LADING_TRY_V(out.state_->load());
        return out;
    }
    /// Opens a layout, or makes an empty one of a folder that is empty or not there. Errors: those of `open`; `layout_invalid` (the folder holds
    /// other things; then nothing is written), `layout_locked`, `cancelled`, `disk_full`, `sink_failed`.
    static result<basic_oci_layout> create(std::string path, layout_options o = {}, stop_token stop = {}) {
        LADING_TRY_V(detail::make_folders(path));
        LADING_TRY(auto folder, detail::layout_folder::open(std::move(path), o));
        basic_oci_layout out(std::move(folder), std::move(o));
        LADING_TRY(auto const there, out.has_version());
        if (!there) {
            LADING_TRY_V(out.is_empty());
        }
        LADING_TRY(auto const held, out.folder().lock(out.options().lock_wait, stop));
        if (!there) {
            LADING_TRY_V(out.folder().replace(detail::layout_folder::version_file, version_text));
        }
        LADING_TRY_V(out.state_->blobs->folder().make_blobs());
        LADING_TRY_V(out.folder().made_blobs_of(digest_algorithm::sha256));
        std::lock_guard const locked(out.state_->mutex);
        if (!detail::file_identity::of(out.folder().root(), detail::layout_folder::index_file)) {
            LADING_TRY_V(out.folder().replace(detail::layout_folder::index_file, layout_index<J>().str()));
        }
        LADING_TRY_V(out.state_->load());
        return out;
    }

    std::string const& path() const noexcept { return folder().path(); }

    /// Finds an image: the entry of this name, byte for byte; of words without '/' and ':' the one whose name, or whose name for containerd, ends
    /// in ':' and these; "@N", the position from 0; a digest, alone or behind '@', of an entry or of a document that none lists. Without words: the only
    /// image, else the one called "latest". What the descriptor is annotated with says what it is called. Errors: `manifest_unknown`
    /// and `tag_ambiguous` with what is there; `descriptor_invalid` (the entry is none), `digest_invalid`.
    result<descriptor> resolve(std::string_view words, stop_token stop = {}) {
        auto const at = words.rfind('@');
        auto const wanted = digest::parse(words.substr(at == words.npos ? 0 : at + 1));
        LADING_TRY(auto found, listed_image(words, wanted));
        return found ? result<descriptor>(std::move(*found)) : unlisted(wanted.assume_value(), stop);
    }
    /// The image of exactly this name, for who is about to give it; nothing where there is none, or several. Errors: those of `open`.
    result<std::optional<descriptor>> named(std::string_view name, stop_token = {}) {
        std::lock_guard const locked(state_->mutex);
        LADING_TRY_V(state_->load());
        std::optional<descriptor> out;
        for (auto const* e = state_->index.find(name); e; e = state_->index.find(name, e)) {
            auto what = described_by(*e);
            if (!what) continue;
            if (out) return std::optional<descriptor>();
            out = std::move(what).assume_value();
        }
        return out;
    }
    /// What the index lists: each digest once, in its order. Errors: those of `open`.
    result<std::vector<descriptor>> listed_documents(stop_token = {}) {
        std::lock_guard const locked(state_->mutex);
        LADING_TRY_V(state_->load());
        std::vector<descriptor> out;
        std::set<digest> seen;
        for (auto const& e : state_->index.entries())
            if (auto what = described_by(e); what && seen.insert(what.assume_value().digest).second) out.push_back(std::move(what).assume_value());
        return out;
    }
    /// Errors: `manifest_unknown`, `size_mismatch`, `digest_mismatch`, `body_too_large` (more than `limits::manifest_bytes`), `path_refused`.
    result<std::string> document(descriptor const& what, stop_token = {}) { return state_->blobs->document(what); }
    /// Errors: `blob_unknown`, `size_mismatch`, `digest_mismatch`, `path_refused`, `cancelled`, those of the sink.
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) { return state_->blobs->read(what, out, stop); }
    /// The names, once each, in the order of the index. Errors: those of `open`.
    result<std::vector<std::string>> names(stop_token = {}) {
        std::lock_guard const locked(state_->mutex);
        LADING_TRY_V(state_->load());
        std::vector<std::string> out;
        std::set<std::string_view> seen;
        for (auto const& e : state_->index.entries())
            if (!e.name().empty() && seen.insert(e.name()).second) out.emplace_back(e.name());
        return out;
    }

    /// What refers to a document, among those that the index lists, under a name or without one. Each is read once. Errors: those of `open`, `cancelled`.
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token stop = {}) {
        std::vector<detail::listed_referrers::entry> entries;
        {
            std::lock_guard const locked(state_->mutex);
            LADING_TRY_V(state_->load());
            for (auto const& e : state_->index.entries())
                if (auto listed = described_by(e)) entries.push_back({std::string(e.name()), std::move(listed).assume_value()});
        }
        return state_->referrers.template of<J>(what.digest, entries, options().bounds, stop, [this](descriptor const& d) { return document(d); });
    }

    /// A blob of the right size is hashed, once, unless it is of `layout_options::verify_existing` bytes or more; one that is not what it is
    /// called counts as absent, and is replaced when it is written. Errors: `path_refused`, `layout_invalid`, `cancelled`.
    result<bool> has(descriptor const& what, stop_token stop = {}) { return state_->blobs->has(what, stop); }
    /// The sink resumes. It waits for another one that writes the same blob, at most `layout_options::lock_wait`: then `part_in_use`. Errors:
    /// `path_refused`, `disk_full`, `sink_failed`; those of the sink, also from its own calls.
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) { return state_->blobs->writer(what); }
    /// The same for who can be told to stop, and so waits itself.
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what, std::chrono::milliseconds wait) { return state_->blobs->writer(what, wait); }
    /// Errors: `size_mismatch`, `digest_mismatch`, `disk_full`, `sink_failed`, `path_refused`.
    result<void> put_document(descriptor const& what, std::string_view bytes) { return state_->blobs->put_document(what, bytes); }
    /// Lists a document. An entry of this digest without a name gets it; one that has another name stays, beside the new one. The platform is
    /// taken from the descriptor, else from the image's config. Errors: `ref_invalid` (no name for an entry), `manifest_unknown` (the document is not
    /// there), `manifest_limit`, `layout_locked`, `cancelled`, those of `document` and of writing.
    result<void> tag(std::string_view name, descriptor const& what, stop_token stop = {}) {
        if (!name.empty() && !detail::is_layout_name(name) && !(options().tag_names && is_tag(name)))
            return error(errc::ref_invalid).with_context("a name in a layout").with_values("letters, digits and -._:@+/ between them, at most 255", detail::printable(name, 160));
        LADING_TRY(auto const listed, described(what));
        std::string full;
        if (options().containerd_names && name.find('/') != name.npos)
            if (auto const ref = reference::parse(name)) full = ref.assume_value().str();
        auto const add = [s = state_.get(), own = std::string(name), listed, full](layout_index<J>& index) {
            return s->said(index.add(own, listed, s->options.prune, full, s->options.entries, s->most_bytes()));
        };
        return change(add, stop);
    }
    /// Removes the entries of a name, or, of "sha256:...", of a digest; blobs stay. Errors: `manifest_unknown`, those of `tag`.
    result<void> untag(std::string_view name, stop_token stop = {}) {
        auto const remove = [s = state_.get(), own = std::string(name)](layout_index<J>& index) -> result<void> {
            if (index.remove(own)) return success();
            return error(errc::manifest_unknown).with_context(s->folder().path() + ": no such image: " + detail::printable(own, 160));
        };
        return change(remove, stop);
    }
    /// Removes blobs that no entry leads to, and parts that nobody goes on with; files of other names stay. Errors: `layout_invalid` (a
    /// document cannot be read, so that it is not known what it leads to; then nothing is removed), `layout_locked`, `cancelled`, those of `open`.
    result<garbage> gc(garbage_options o = {}, stop_token stop = {}) {
        std::lock_guard const locked(state_->mutex);
        LADING_TRY_V(write_held(stop)); // what others have listed meanwhile counts, too
        LADING_TRY(auto const held, folder().lock(options().lock_wait, stop));
        LADING_TRY_V(state_->load());
        detail::layout_garbage<J, H> found(*state_->blobs, options().bounds, o, std::move(stop));
        LADING_TRY_V(found.mark(state_->index));
        return found.sweep();
    }
    /// Names are held as long as it lives. Its end writes them, too, and tells nobody when that fails: then the next name writes them with it.
    class held_names {
      public:
        held_names(held_names&&) = default;
        held_names& operator=(held_names&&) = delete;
        ~held_names() {
            if (!of_.state_) return;
#if LADING_HAS_EXCEPTIONS
            try {
                (void)write();
            } catch (...) { // no memory: they are still held
            }
#else
            (void)write();
#endif
        }
        /// Writes them, and holds no more. Errors: those of `tag`; then all of them are still held.
        result<void> write(stop_token stop = {}) {
            std::lock_guard const locked(of_.state_->mutex);
            LADING_TRY_V(of_.write_held(stop));
            of_.state_->holds = false;
            return success();
        }

      private:
        friend class basic_oci_layout;
        explicit held_names(basic_oci_layout l) : of_(std::move(l)) {}
        basic_oci_layout of_;
    };
    /// From now on names that are given or taken are written together: by `held_names::write` or at its end, and each second while there are
    /// more. Until then this object and its copies know them, and nobody else; what they lead to is in its place. For many images at once, of
    /// which each would write the whole index; a run that is killed loses the names of its last second.
    [[nodiscard]] held_names hold_names() {
        std::lock_guard const locked(state_->mutex);
        state_->holds = true;
        return held_names(*this);
    }
    /// Everything is in its place already.
    result<void> complete() { return success(); }

  private:
    static constexpr std::string_view version_text = R"({"imageLayoutVersion":"1.0.0"})";

    /// What all copies, and the sinks, share.
    struct state {
        state(detail::layout_folder f, layout_options o) : blobs(std::make_shared<detail::layout_blobs<H>>(std::move(f), o)), options(std::move(o)) {}
        detail::layout_folder const& folder() const noexcept { return blobs->folder(); }

        /// Of the text of an index: what is read, and so what is written.
        std::size_t most_bytes() const noexcept { return std::max(options.bounds.manifest_bytes, options.entries * 512); }
        /// An error of the index says where that is.
        template <class T>
        result<T> said(result<T> outcome) const {
            if (outcome || outcome.assume_error().detail().context != "index.json") return outcome;
            return std::move(outcome).assume_error().with_context(folder().path() + "/index.json");
        }
        result<layout_index<J>> read() const {
            LADING_TRY(auto const text, folder().read(detail::layout_folder::index_file, most_bytes()));
            if (!text) return folder().bad("no index.json in it");
            auto parsed = layout_index<J>::parse(*text, options.entries, options.bounds);
            if (!parsed) return std::move(parsed).assume_error().with_context(folder().path() + '/' + parsed.assume_error().detail().context);
            return parsed;
        }
        /// Reads the index, if it is not the one that was read or written last. Under `mutex`.
        result<void> load() {
            if (!held.empty()) return success(); // what is held is not in the file
            auto const now = detail::file_identity::of(folder().root(), detail::layout_folder::index_file);
            if (now && known == now) return success();
            LADING_TRY(index, read());
            known = now;
            return success();
        }
        std::shared_ptr<detail::layout_blobs<H>> blobs;
        layout_options const options;
        detail::listed_referrers referrers;
        std::mutex mutex; ///< guards the index
        layout_index<J> index;
        std::optional<detail::file_identity> known;
        bool holds = false;                       ///< changes are to be written together
        std::vector<std::function<result<void>(layout_index<J>&)>> held; ///< and have not been yet
        std::chrono::steady_clock::time_point written{};
    };

    basic_oci_layout(detail::layout_folder f, layout_options o) : state_(std::make_shared<state>(std::move(f), std::move(o))) {}
    detail::layout_folder const& folder() const noexcept { return state_->folder(); }
    layout_options const& options() const noexcept { return state_->options; }

    // ---- opening

    /// Whether there is an `oci-layout` of a version that is known.
    result<bool> has_version() const {
        LADING_TRY(auto const text, folder().read(detail::layout_folder::version_file, options().bounds.manifest_bytes));
        if (!text) return false;
        auto const parsed = json_document::parse<J>(*text, options().bounds.json);
        auto const version = parsed && parsed.assume_value().root().is_object() ? parsed.assume_value().root().find("imageLayoutVersion") : std::nullopt;
        if (version && detail::is_layout_version(version->as_string().value_or(""))) return true;
        return folder().bad("oci-layout: not of a version 1");
    }
    /// Whether nothing is in the folder but what another program that makes the layout just now has put there.
    result<void> is_empty() const {
        std::unique_ptr<DIR, int (*)(DIR*)> const list(::fdopendir(::openat(folder().root(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
        while (auto const* const entry = list ? ::readdir(list.get()) : nullptr) {
            std::string_view const name = entry->d_name;
            if (name == "." || name == ".." || name == detail::layout_folder::lock_file || (name.starts_with('.') && name.ends_with(".part"))) continue;
            LADING_TRY(auto const there, has_version()); // by now
            return there ? result<void>(success()) : result<void>(folder().bad("holds other things than a layout"));
        }
        return success();
    }

    // ---- which image

    result<descriptor> described_by(typename layout_index<J>::entry const& e) const { return e.what(options().bounds); }
    /// What the index has for these words; nothing for a digest that it does not list.
    result<std::optional<descriptor>> listed_image(std::string_view words, result<digest> const& wanted) {
        std::lock_guard const locked(state_->mutex);
        LADING_TRY_V(state_->load());
        auto const& entries = state_->index.entries();
        auto const names = state_->index.names();
        std::vector<std::size_t> all(words.empty() ? entries.size() : 0);
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
        auto found = one_of(words.empty() ? all : names.find(words));
        if (found.empty() && wanted) {
            auto const* const e = state_->index.find(wanted.assume_value());
            if (!e) return std::optional<descriptor>();
            LADING_TRY(auto what, described_by(*e));
            return std::optional(std::move(what));
        }
        if (found.empty() && (words.starts_with("sha256:") || words.find("@sha") != words.npos)) return wanted.assume_error();
        if (found.size() > 1 && words.empty())
            if (auto const latest = one_of(names.find("latest")); latest.size() == 1) found = latest;
        if (found.size() == 1) {
            auto const& e = entries[found[0]];
            LADING_TRY(auto what, described_by(e));
            if (!words.empty() && words.find_first_of("/:@") == words.npos && e.name() != words)
                remark(warning(warning_code::name_completed, detail::printable(words, 160) + " is " + detail::printable(e.name().ends_with(words) ? e.name() : e.full_name(), 160)));
            return std::optional(std::move(what));
        }
        if (found.empty())
            return error(errc::manifest_unknown)
                .with_context(path() + (words.empty() ? ": no image" : ": no such image: " + detail::printable(words, 160)))
                .with_available(listed());
        if (!words.empty())
            return error(errc::tag_ambiguous).with_context(path() + ": " + detail::printable(words, 160)).with_available(listed(found));
        return error(errc::tag_ambiguous)
            .with_context(path() + " holds " + std::to_string(found.size()) + " images: name one")
            .with_available(listed());
    }
    /// The positions of the images among entries: each digest once. Entries that are not descriptors count only if there are no others.
    std::vector<std::size_t> one_of(std::vector<std::size_t> const& found) const {
        std::vector<std::size_t> out;
        std::set<digest> seen;
        for (auto const i : found)
            if (auto const what = described_by(state_->index.entries()[i]); what && seen.insert(what.assume_value().digest).second) out.push_back(i);
        if (out.empty() && !found.empty()) out.push_back(found[0]);
        return out;
    }
    /// For an error: the names that are there, or the digests of some.
    std::vector<std::string> listed() const { return state_->index.names().shown(); }
    std::vector<std::string> listed(std::vector<std::size_t> const& some) const {
        std::vector<std::string> out;
        for (auto const i : some) out.push_back('@' + std::to_string(i) + ' ' + described_by(state_->index.entries()[i]).assume_value().digest.str());
        return detail::shortened(std::move(out));
    }
    /// A document that no entry lists, by what its bytes are.
    result<descriptor> unlisted(digest const& d, stop_token const& stop) {
        descriptor what({}, d, descriptor::unknown_size);
        LADING_TRY(auto const text, document(what, stop));
        what.size = static_cast<std::int64_t>(text.size());
        LADING_TRY(auto const parsed, json_document::parse<J>(text, options().bounds.json));
        auto const decided = detail::shape_of(parsed.root());
        if (decided.wrong) return error(errc::manifest_unknown).with_context(folder().blob_name(d) + " is no manifest");
        what.media_type = decided.shape.media_type;
        return what;
    }

    // ---- writing

    /// What an entry says of a document.
    result<descriptor> described(descriptor const& what) {
        descriptor out(what.media_type, what.digest, what.size);
        out.platform = what.platform;
        out.artifact_type = what.artifact_type;
        auto const text = document(what);
        if (!text) return text.assume_error();
        out.size = static_cast<std::int64_t>(text.assume_value().size());
        auto const parsed = json_document::parse<J>(text.assume_value(), options().bounds.json);
        if (!parsed) return out; // bytes of a type of its own
        auto const root = parsed.assume_value().root();
        auto const decided = detail::shape_of(root);
        if (decided.wrong) return out;
        if (out.media_type.empty()) out.media_type = decided.shape.media_type;
        if (out.artifact_type.empty()) out.artifact_type = decided.shape.artifact_type;
        auto const type = decided.shape.config_media_type;
        if (out.platform || (type != media_types::oci_config && type != media_types::docker_config)) return out;
        auto const config = decode<descriptor>(*root.find("config"), errc::layout_invalid, options().bounds);
        auto const image = config ? document(config.assume_value()) : result<std::string>(config.assume_error());
        auto const words = image ? json_document::parse<J>(image.assume_value(), options().bounds.json) : result<json_document>(image.assume_error());
        if (!words || !words.assume_value().root().is_object()) return out;
        auto const word = [&](std::string_view key) {
            auto const member = words.assume_value().root().find(key);
            return std::string(member ? member->as_string().value_or("") : "");
        };
        platform p(word("os"), word("architecture"), word("variant"));
        p.os_version = word("os.version");
        if (p.is_complete()) out.platform = std::move(p);
        return out;
    }

  public:
    /// Reads the index, changes it by `f(layout_index<J>&)`, which returns result<void>, and writes it, once and under the lock. While names are held `f` is kept, and is
    /// called again where others have written. What `f` refuses it must leave as it was. Errors: those of `f` and of `tag`.
    template <class F>
    result<void> change(F const& f, stop_token const& stop = {}) {
        std::lock_guard const locked(state_->mutex);
        if (state_->holds) {
            LADING_TRY_V(state_->load());
            LADING_TRY_V(f(state_->index));
            state_->held.emplace_back(f);
            return std::chrono::steady_clock::now() - state_->written < std::chrono::seconds(1) ? result<void>(success()) : write_held(stop);
        }
        LADING_TRY(auto const held, folder().lock(options().lock_wait, stop));
        LADING_TRY_V(state_->load());
        LADING_TRY_V(f(state_->index));
        return write_index();
    }

  private:
    /// With the mutex and the lock.
    result<void> write_index() {
        state_->known.reset(); // until it is what the file says
        LADING_TRY_V(folder().replace_with(detail::layout_folder::index_file, [this](auto const& to) { return state_->index.write(to); }));
        state_->known = detail::file_identity::of(folder().root(), detail::layout_folder::index_file);
        return success();
    }
    /// With the mutex. What fails leaves everything held.
    result<void> write_held(stop_token const& stop) {
        if (state_->held.empty()) return success();
        LADING_TRY(auto const held, folder().lock(options().lock_wait, stop));
        if (auto const now = detail::file_identity::of(folder().root(), detail::layout_folder::index_file); !now || state_->known != now) {
            LADING_TRY(auto theirs, state_->read()); // somebody else has written: on top of that
            for (auto const& f : state_->held)
                if (auto redone = f(theirs); !redone && redone.assume_error() != errc::manifest_unknown) return redone; // unknown: it is gone already
            state_->index = std::move(theirs);
        }
        LADING_TRY_V(write_index());
        state_->held.clear();
        state_->written = std::chrono::steady_clock::now();
        return success();
    }

    std::shared_ptr<state> state_;
};

/// With the default JSON and hash models.
using oci_layout = basic_oci_layout<strict_json, openssl_hash>;

} // namespace lading
