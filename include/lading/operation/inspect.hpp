// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The inspect operation: what is this image? It is the visitor of the manifest it fetches.
///
/// Requests: the manifest; for an index the chosen child (one a level of nesting); for an image its config; and when
/// tags are asked for, the pages of the tag list, last (an asynchronous client asks for them with the manifest). An
/// artifact, a schema1 image and an unknown document need the manifest only. Nothing else: no ping, no HEAD, no tag list
/// that was not asked for; of a server that does not read lists in `Accept` the first manifest twice.

#include "../document/reflect/config.hpp"
#include "../document/schema1/schema1_chain.hpp"
#include "../document/schema1/schema1_conversion.hpp"
#include "../document/visit.hpp"
#include "../platform_choice.hpp"
#include "blob.hpp"
#include "inspect_options.hpp"
#include "manifest.hpp"
#include "tags.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

namespace detail {

/// The failure of a tag list, of one that began well too; none when all is there.
template <class Listed>
error const* failure_of(Listed const& listed) {
    if (!listed) return &listed.assume_error();
    auto const& cut = listed.assume_value().failure;
    return cut ? &*cut : nullptr;
}

/// True when the failure of a tag list, if there is one, means that the call is over.
inline bool ends_call(error const* why) { return why && (*why == errc::timeout || *why == errc::cancelled); }

/// True when the registry will not list tags: it has answered, and will answer the same again.
inline bool is_refusal(error const& why) {
    auto const s = why.http_status();
    return (s >= 400 && s < 500 && s != 408 && s != 429) || why == errc::auth_required || why == errc::auth_denied;
}

/// A tag list that cannot be had, or not whole, is a remark in the record, unless the call was over: then it is the failure.
template <class P>
std::optional<error> take_tags(inspection& record, dependent<lading::result<tag_list>, P> listed) {
    if (auto const* why = failure_of(listed); ends_call(why)) return *why;
    auto code = warning_code::tags_truncated;
    if (listed) {
        record.tags = std::move(listed).assume_value();
    } else {
        auto& why = listed.assume_error();
        record.tags.state = is_refusal(why) ? tags_state::refused : tags_state::failed;
        record.tags.why = why.summary();
        record.tags.failure = std::move(why);
        code = warning_code::tags_not_listed;
    }
    if (record.tags.state != tags_state::complete)
        record.warnings.emplace_back(code, std::string(sentence_of(code)) + ": " + record.tags.why);
    return std::nullopt;
}

} // namespace detail

/// True when a config of this media type is an image config. Early Docker images have an untyped one.
constexpr bool is_image_config_type(std::string_view type, bool docker) noexcept {
    return type == media_types::oci_config || type == media_types::docker_config ||
           (docker && type == "application/octet-stream");
}

/// The value is the `inspection`. Errors: those of the manifest and blob operations; `platform_not_found` (with what
/// is available), `walk_limit`, `config_schema`, `schema1_chain`, `manifest_schema`. A tag list that fails, at
/// once or later, is a warning in the record, unless it was a `timeout` or `cancelled`.
template <class P>
class inspect_operation : public operation_base<inspection, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using manifest_type = basic_manifest<typename P::manifests>;

    inspect_operation(call_context c, reference const& ref, inspect_options o)
        : talk_(std::move(c)), ref_(ref), options_(std::move(o)), fetch_(talk_) {}

    step<inspection> start() {
        if (!options_.tags_first) return first_manifest();
        options_.tags = false; // not again at the end
        return ask_tags();
    }
    step<inspection> on_response(result<response> answer, auth_note const& shown = {}) {
        shown_ = shown;
        auto next = (this->*then_)(std::move(answer));
        if (auto const* over = std::get_if<done<inspection>>(&next); over && !over->value()) {
            auto& why = over->value().assume_error();
            auto facts = why.facts();
            facts.tags_listed = listed_.has_value();
            why.with_facts(facts);
        }
        return next;
    }

    // ---- the documents ----------------------------------------------------------------------------------------

    /// A schema1 image carries its config in its history.
    step<inspection> operator()(schema1 const& document) {
        if (!record_->chosen) record_->kind = image_kind::schema1;
        LADING_TRY_V(convert(document));
        compare_platform();
        return list_tags();
    }
    /// An image has a config blob.
    step<inspection> operator()(schema2 const& document) { return image(document, true); }
    step<inspection> operator()(oci_image const& document) {
        record_->annotations = document.annotations;
        record_->subject = document.subject;
        return image(document, false);
    }
    /// An index has an image for the platform.
    step<inspection> operator()(manifest_list const& document) { return index(document); }
    step<inspection> operator()(oci_index const& document) {
        if (!record_->chosen) {
            record_->annotations = document.annotations;
            record_->subject = document.subject;
        }
        return index(document);
    }
    /// What the set does not know is shown as it is.
    step<inspection> operator()(opaque const&) { return list_tags(); }

    /// A document of the user's own: shown as an artifact, with what it shares with an image manifest.
    template <class D>
    step<inspection> operator()(D const& document) {
        if (!record_->chosen) record_->kind = image_kind::artifact;
        if constexpr (requires { document.config.media_type; }) record_->config = document.config;
        if constexpr (requires { document.annotations; }) record_->annotations = document.annotations;
        if constexpr (requires { document.layers.begin(); }) add_layers(document.layers);
        return list_tags();
    }

  private:
    using answer_handler = step<inspection> (inspect_operation::*)(result<response>);

    // ---- manifests --------------------------------------------------------------------------------------------

    step<inspection> first_manifest() {
        return ask_manifest(ref_.target(), options_.expected ? manifest_expectation(*options_.expected)
                                                             : manifest_expectation(ref_.digest()));
    }
    step<inspection> ask_manifest(std::string target, manifest_expectation want) {
        then_ = &inspect_operation::on_manifest;
        return fetch_.ask(std::move(target), std::move(want));
    }

    step<inspection> on_manifest(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (auto more = fetch_.again(head)) return std::move(*more);
        LADING_TRY(auto manifest, interpret_manifest<P>(head, fetch_.take_body(), fetch_.want(), talk_.bounds, shown_));
        remember(manifest, head);
        return lading::visit(*this, manifest);
    }

    void remember(manifest_type& manifest, response const& head) {
        if (!record_) {
            record_.emplace(ref_, manifest.self);
            record_->manifest_bytes = std::move(manifest.bytes); // the visitors take the document
            if (auto const u = url::parse(head.url)) record_->source = u.assume_value().origin().str();
        } else {
            record_->chosen->media_type = manifest.self.media_type;
            record_->chosen_bytes = std::move(manifest.bytes);
        }
        record_->artifact_type = manifest.self.artifact_type;
        for (auto& w : manifest.warnings) record_->warnings.push_back(std::move(w));
    }

    template <class Index>
    step<inspection> index(Index const& document) {
        if (!record_->chosen) {
            record_->kind = image_kind::index;
            record_->platform_wanted = options_.platform.str();
            for (auto const& e : document.manifests)
                (is_attestation(e) ? record_->attestations : record_->platforms).push_back(e);
            record_->odd_entries = document.odd_entries;
        }
        if (options_.platform.is_none()) return list_tags();
        if (++depth_ > talk_.bounds.nesting)
            return error(errc::walk_limit).with_values("at most " + std::to_string(talk_.bounds.nesting) + " (limits::nesting)", "more");
        LADING_TRY(record_->chosen, options_.platform.choose(document.manifests));
        return ask_manifest(record_->chosen->digest.str(), manifest_expectation(*record_->chosen));
    }

    // ---- images -----------------------------------------------------------------------------------------------

    template <class Image>
    step<inspection> image(Image const& document, bool docker) {
        record_->config = document.config;
        add_layers(document.layers);
        if (!is_image_config_type(document.config.media_type, docker)) { // never parsed: it is somebody's data
            if (!record_->chosen) record_->kind = image_kind::artifact;
            return list_tags();
        }
        if (!record_->chosen) record_->kind = image_kind::image;
        if (document.config.size > static_cast<std::int64_t>(talk_.bounds.config_bytes))
            return error(errc::body_too_large)
                .with_context("the image config")
                .with_values("at most " + std::to_string(talk_.bounds.config_bytes) + " bytes (limits::config_bytes)", std::to_string(document.config.size));
        config_sink_.emplace(talk_.bounds.config_bytes);
        config_body_.emplace(document.config, *config_sink_, talk_.bounds);
        then_ = &inspect_operation::on_config;
        auto how = talk_.pull();
        how.content = document.config.digest;
        return need_exchange(talk_.get("blobs", document.config.digest.str()), *config_body_, std::move(how));
    }

    step<inspection> on_config(result<response> answer) {
        LADING_TRY_V(read_config(std::move(answer)));
        compare_platform();
        return list_tags();
    }

    result<void> read_config(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200)
            return error_from_response<typename P::json>(head, config_body_->error_text(), asked::blob, talk_.bounds, shown_);
        LADING_TRY_V(config_body_->finish());
        record_->config_bytes = config_sink_->take();
        auto bounds = talk_.bounds.json;
        bounds.repeated_keys = true;
        LADING_TRY(auto const document, json_document::parse<typename P::json>(record_->config_bytes, bounds));
        LADING_TRY(auto config, decode<image_config>(document.root(), errc::config_schema, talk_.bounds, &record_->warnings));
        if (!config.rootfs) record_->warnings.emplace_back(warning_code::missing_rootfs, "the image config has no rootfs");
        record_->history = config.history;
        record_->image = std::move(config);
        join_history();
        return success();
    }

    /// What is in no index is shown whatever it runs on; a reader who named a platform is told that it is another.
    void compare_platform() {
        auto const& image = *record_->image;
        if (record_->chosen || image.os.empty() || image.architecture.empty()) return;
        platform own(image.os, image.architecture, image.variant);
        own.os_version = image.os_version;
        own.os_features = image.os_features;
        if (options_.platform.excludes(own))
            record_->warnings.emplace_back(warning_code::platform_differs, "the image is for " + own.str() + ", and there is no index to choose " +
                                                                               options_.platform.str() + " from");
    }

    void add_layers(std::vector<descriptor> const& layers) {
        record_->layers.clear();
        record_->layers.reserve(layers.size());
        record_->total_size = 0;
        for (auto const& d : layers) {
            record_->layers.emplace_back(d);
            auto& sum = record_->total_size;
            sum = d.size > INT64_MAX - sum ? INT64_MAX : sum + d.size;
        }
    }

    /// The n-th history entry that made a layer belongs to the n-th layer, if there are as many.
    void join_history() {
        std::vector<history_entry const*> made;
        for (auto const& h : record_->history)
            if (!h.empty_layer) made.push_back(&h);
        if (made.size() != record_->layers.size()) {
            if (!record_->history.empty())
                record_->warnings.emplace_back(warning_code::history_mismatch, "the history of the config does not fit the number of layers");
            return;
        }
        for (std::size_t i = 0; i < made.size(); ++i) record_->layers[i].history = *made[i];
    }

    result<void> convert(schema1 const& document) {
        LADING_TRY(auto const chain,
                   check_schema1<typename P::json>(document, talk_.bounds, options_.schema1));
        LADING_TRY(auto converted,
                   convert_schema1<typename P::json>(document, chain, talk_.bounds, options_.schema1));
        record_->config_bytes = std::move(converted.config_json);
        record_->image = std::move(converted.image);
        record_->history = std::move(converted.history);
        record_->layers = std::move(converted.layers);
        record_->total_size = descriptor::unknown_size;
        record_->embedded_tag = document.tag;
        for (auto& w : converted.warnings) record_->warnings.push_back(std::move(w));
        if (!ref_.tag().empty() && !document.tag.empty() && document.tag != ref_.tag())
            record_->warnings.emplace_back(warning_code::schema1_tag_differs, "the manifest names the tag " + detail::printable(document.tag, 160));
        return success();
    }

    // ---- tags -------------------------------------------------------------------------------------------------

    step<inspection> list_tags() {
        return options_.tags ? ask_tags() : finish();
    }
    step<inspection> ask_tags() {
        tags_.emplace(talk_);
        then_ = &inspect_operation::on_tags;
        return tags_->first();
    }

    step<inspection> on_tags(result<response> answer) {
        if (auto more = tags_->next(std::move(answer), shown_)) return std::move(*more);
        auto listed = tags_->take();
        if (!options_.tags_first) {
            if (auto failure = detail::take_tags<P>(*record_, std::move(listed))) return std::move(*failure);
            return finish();
        }
        if (auto const* why = detail::failure_of(listed)) return error(*why);
        listed_ = std::move(listed).assume_value();
        return first_manifest();
    }

    step<inspection> finish() {
        if (listed_) detail::take_tags<P>(*record_, std::move(*listed_)); // no failure: it would have been the end
        return done<inspection>(std::move(*record_));
    }

    call_context talk_;
    reference ref_;
    inspect_options options_;
    manifest_exchange<P> fetch_;
    std::optional<memory_sink> config_sink_;
    std::optional<verifying_body<P>> config_body_;
    std::optional<tag_listing<P>> tags_;
    std::optional<tag_list> listed_;
    std::optional<inspection> record_;
    auth_note shown_; ///< for the answer that came last
    answer_handler then_ = nullptr; ///< the member that takes the next answer
    std::size_t depth_ = 0;
};

} // namespace lading
