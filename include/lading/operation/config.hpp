// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The config operation: the image config of a reference, decoded and as exact bytes. Requests: those of inspect
/// without tags.

#include "../document/config_document.hpp"
#include "inspect.hpp"

namespace lading {

/// Errors: those of inspect; `config_not_image` when the reference is an artifact (its config type is in the context),
/// `no_config` when the document has none.
template <class P>
class config_operation : public operation_base<config_document, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    config_operation(call_context c, reference const& ref, platform_choice choice)
        : inspect_(std::move(c), ref, inspect_options().with_platform(std::move(choice))) {}

    step<config_document> start() { return map(inspect_.start()); }
    step<config_document> on_response(result<response> answer, auth_note const& shown = {}) {
        return map(inspect_.on_response(std::move(answer), shown));
    }

  private:
    step<config_document> map(step<inspection> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        if (auto* d = std::get_if<need_delay>(&s)) return *d;
        return done<config_document>(extract(std::move(std::get<done<inspection>>(s).value())));
    }
    static result<config_document> extract(result<inspection> inspected) {
        LADING_TRY(auto record, std::move(inspected));
        if (!record.image) {
            if (record.config)
                return error(errc::config_not_image).with_context(detail::printable(record.config->media_type, 160));
            for (auto const& w : record.warnings)
                if (w.code == warning_code::document_unreadable) return error(errc::no_config).with_context(w.text);
            return error(errc::no_config).with_context(detail::printable(record.resolved.media_type, 160));
        }
        auto self = record.config ? *record.config : record.chosen ? *record.chosen
                                                                   : record.resolved;
        return config_document(std::move(record.config_bytes), std::move(self), std::move(*record.image));
    }

    inspect_operation<P> inspect_;
};

} // namespace lading
