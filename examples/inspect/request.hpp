// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What `inspect` is asked for, whatever command line it comes from.

#include "access.hpp"

#include <lading/error.hpp>
#include <lading/platform_choice.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

struct inspect_request : registry_access {
    bool raw = false, config = false, tags = true;
    bool all = false; ///< images of an index
    std::string format;
    std::string reference; ///< with `batch` the list, "-" for stdin
    std::optional<lading::platform_choice> platform;

    bool batch = false, ordered = false;
    std::string resume;
    std::size_t jobs = 64;
    unsigned shard = 0, shards = 1;

    /// The exit status of a failure, and of a batch or an index of which a part has failed.
    int (*status_of)(lading::error const&) = [](lading::error const&) { return 1; };
    int partly = 1;
};

/// A usage error in words: options that do not go together. Empty where all is well.
inline std::string conflict_in(inspect_request const& r) {
    if (r.raw && r.config) return "--raw and --config are two outputs; choose one";
    if (r.all && (r.raw || r.config || r.batch)) return "--platform all is not for --raw, --config and --batch";
    if (r.batch && (r.raw || r.config || !r.format.empty())) return "--batch has one output; no --raw, --config, --format";
    if (!r.batch && (r.jobs != 64 || r.ordered || !r.resume.empty() || r.shards != 1)) return "--jobs, --ordered, --resume and --shard are for --batch";
    return {};
}
/// Takes the value of --platform; a usage error in words, or empty.
inline std::string take_platform(std::string const& value, inspect_request& out) {
    if (value == "all") return out.all = true, std::string();
    if (value == "any") return out.platform = lading::platform_choice::any(), std::string();
    if (value == "none") return out.platform = lading::platform_choice::none(), std::string();
    auto const p = lading::platform::parse(value);
    if (!p) return "--platform is OS/ARCH[/VARIANT], one of the two, any, none or all: " + p.error().summary();
    out.platform = lading::platform_choice::like(p.value());
    return {};
}
/// Takes the value of --shard; a usage error in words, or empty.
inline std::string take_shard(std::string const& value, inspect_request& out) {
    auto const number = [](std::string const& text, unsigned least, unsigned most) -> std::optional<unsigned> {
        if (text.empty() || text.size() > 7 || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
        auto const n = static_cast<unsigned>(std::stoul(text));
        return n >= least && n <= most ? std::optional(n) : std::nullopt;
    };
    auto const slash = std::min(value.find('/'), value.size());
    auto const of = slash < value.size() ? number(value.substr(slash + 1), 1, 1'000'000) : std::nullopt;
    auto const part = of ? number(value.substr(0, slash), 0, *of - 1) : std::nullopt;
    if (!part) return "--shard is I/N, with I from 0 to N - 1";
    out.shard = *part, out.shards = *of;
    return {};
}
