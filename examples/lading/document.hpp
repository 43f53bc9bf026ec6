// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What several reading commands have: --platform, and the document that it leads to.

#include "registry.hpp"

#include <lading/operation/inspect_options.hpp>
#include <lading/platform_choice.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

/// OS/ARCH[/VARIANT], or 'any'.
inline void add_platform_option(CLI::App& to, std::optional<lading::platform_choice>& chosen, char const* text) {
    to.add_option_function<std::string>(
          "--platform",
          [&chosen](std::string const& value) {
              if (value == "any") return void(chosen = lading::platform_choice::any());
              auto const p = lading::platform::parse(value);
              if (!p) throw CLI::ValidationError("--platform is OS/ARCH[/VARIANT], one of the two, or any: " + p.error().summary());
              chosen = lading::platform_choice::like(p.value());
          },
          text)
        ->type_name("OS/ARCH[/VAR]");
}

/// The manifest of a name, or with a platform that of the image an index has for it.
inline lading::result<lading::manifest_bytes> document_of(registry_and_name& at, std::optional<lading::platform_choice> const& platform,
                                                          lading::stop_token const& stop) {
    LADING_TRY(auto top, at.registry.raw_manifest(at.ref, stop));
    if (!platform) return top;
    auto const what = lading::inspect_options().with_tags(false).with_platform(*platform);
    LADING_TRY(auto image, at.registry.inspect(at.ref.with_digest(top.self.digest), what, stop));
    if (!image.chosen) return top;
    return lading::manifest_bytes(std::move(image.chosen_bytes), *image.chosen);
}

/// Bytes to stdout, or with -o to a file that appears when it is whole; the exit status.
int put_bytes(std::string_view bytes, std::string const& file, registry_access const& args);
