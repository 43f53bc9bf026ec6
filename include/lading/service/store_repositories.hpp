// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `store_repositories`: a registry whose repositories are all one store, whatever they are called.

#include "../hash/constexpr_sha2.hpp"
#include "../reference.hpp"
#include "../store/content_store.hpp"
#include "repositories.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

/// The store must outlive it. Threads: as the store.
template <content_source S>
class store_repositories final : public repositories {
  public:
    explicit store_repositories(S& store) : store_(store) {}

    result<bool> exists(std::string_view) override { return true; }
    /// Of the store's names: where some are whole references, those of this repository, if there are any.
    result<std::vector<std::string>> tags(std::string_view repository, stop_token const& stop) override {
        LADING_TRY(auto const names, store_.names(stop));
        std::vector<std::string> here, all;
        for (auto const& name : names) {
            auto const ref = name.find_first_of("/:") == name.npos ? result<reference>(error(errc::ref_invalid)) : reference::parse(name);
            std::string const tag(ref ? ref.assume_value().tag() : name);
            if (!is_tag(tag)) continue;
            all.push_back(tag);
            auto const of = ref ? std::string(ref.assume_value().repository().path()) : std::string();
            if (of == repository || of == "library/" + std::string(repository)) here.push_back(tag);
        }
        return here.empty() ? all : here;
    }
    /// One that is no manifest by its bytes is given too, by its digest.
    result<kept_document> document(std::string_view repository, std::string_view item, stop_token const& stop) override {
        auto const d = digest::parse(item);
        if (!d && !is_tag(item)) return error(errc::manifest_unknown);
        auto what = store_.resolve(item, stop);
        if (!what && !d && what.assume_error() == errc::tag_ambiguous) { // several repositories have the tag
            auto const whole = store_.resolve(std::string(repository) + ':' + std::string(item), stop);
            if (whole) what = whole;
        }
        if (!what && (!d || what.assume_error() == errc::digest_mismatch || what.assume_error() == errc::timeout || what.assume_error() == errc::cancelled)) return what.assume_error();
        auto listed = what ? std::move(what).assume_value() : descriptor({}, d.assume_value(), descriptor::unknown_size);
        LADING_TRY(auto text, store_.document(listed, stop));
        return kept_document{std::move(listed), std::move(text)};
    }
    result<void> read(std::string_view, digest const& d, blob_sink& out, stop_token const& stop) override { return store_.read(described(d), out, stop); }

    result<bool> has(std::string_view, digest const& d, [[maybe_unused]] stop_token const& stop) override {
        if constexpr (content_store<S>) return store_.has(described(d), stop);
        else return not_offered();
    }
    result<bool> keep(std::string_view, descriptor const& what, request const& q) override {
        if constexpr (content_store<S>) {
            LADING_TRY(auto const out, store_.writer(what));
            constexpr_sha2 hash(what.digest.algorithm());
            auto kept = out->begin();
            if (kept)
                kept = detail::each_piece(q, [&](std::span<std::byte const> piece) {
                    hash.update(piece);
                    return out->write(piece);
                });
            if (!kept) return out->discard(), std::move(kept).assume_error();
            auto const actual = hash.finish();
            if (!actual || actual.assume_value() != what.digest) return out->discard(), false;
            LADING_TRY_V(out->commit());
            return true;
        } else {
            return not_offered();
        }
    }
    result<bool> mount(std::string_view name, std::string_view, digest const& d, stop_token const& stop) override { return has(name, d, stop); }
    result<void> put_document(std::string_view, descriptor const& what, std::string_view bytes, manifest_facts const&, std::vector<std::string> const& tags) override {
        if constexpr (content_store<S>) {
            descriptor const plain(what.media_type, what.digest, what.size);
            LADING_TRY_V(store_.put_document(plain, bytes));
            for (auto const& tag : tags) {
                LADING_TRY_V(store_.tag(tag, plain));
            }
            return success();
        } else {
            return not_offered();
        }
    }

  private:
    static descriptor described(digest const& d) { return {{}, d, descriptor::unknown_size}; }

    S& store_;
};

} // namespace lading::service
