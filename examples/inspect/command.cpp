// SPDX-License-Identifier: BSL-1.0
// The inspect command: what is this image? With no reference it starts the embedded registry and inspects an image there.

#include <lading/detail/visible_text.hpp>
#include <lading/lading.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/image_on_disk.hpp>
#include <lading/testing/registry.hpp>

#include "arguments.hpp"
#include "batch.hpp"
#include "command.hpp"
#include "parts.hpp"
#include "place.hpp"

#ifdef LADING_WITH_ZLIB
#include <lading/unpack/zlib_gzip.hpp>
#endif
#ifdef LADING_WITH_ZSTD
#include <lading/unpack/zstd_frames.hpp>
#endif

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#ifdef INSPECT_POLICIES // the tests build this program with each model in turn
#include INSPECT_POLICIES
#else
using base_policies = lading::default_policies;
template <class Policies>
using client_of = lading::basic_client<Policies>;
#endif

namespace {

struct policies : base_policies {
    using credentials = lading::basic_config_credentials<base_policies::json>;
};

lading::inspect_options what(inspect_request const& args) {
    return lading::inspect_options().with_schema1(args.format == "original" ? lading::schema1_rules::docker_1_10
                                                                            : lading::schema1_rules::modern);
}

/// The record as it is printed; its remarks go to stderr.
std::string text_of(lading::inspection const& image, inspect_request const& args) {
    for (auto const& w : image.warnings) std::fprintf(stderr, "%s: warning: %s\n", args.program, w.text.c_str());
    if (args.raw) return image.chosen ? image.chosen_bytes : image.manifest_bytes;
    if (args.format == "original") return lading::to_docker_1_10(image);
    if (args.format == "json") return lading::to_json(image);
    if (args.format == "table") return lading::to_table(image);
    return lading::to_modern(image);
}

/// What was asked for, of a registry or of an image on disk, which is at `place`.
template <class Client>
lading::result<std::string> report(Client& registry, lading::reference const& ref, inspect_request const& args, std::string const& place = {}) {
    auto const platform = args.platform.value_or(lading::platform_choice::host());
    if (args.raw && !args.platform) {
        LADING_TRY(auto const manifest, registry.raw_manifest(ref));
        for (auto const& w : manifest.warnings) std::fprintf(stderr, "%s: warning: %s\n", args.program, w.text.c_str());
        return manifest.bytes;
    }
    if (args.config) {
        LADING_TRY(auto const config, registry.config(ref, platform));
        return config.bytes;
    }
    LADING_TRY(auto image, registry.inspect(ref, what(args).with_tags(args.tags && !args.raw).with_platform(platform)));
    if (!place.empty()) image.source = place;
    return text_of(image, args);
}

/// Every image of an index is printed as it comes; a failure is said, and stops no other.
struct printer {
    inspect_request const& args;
    std::string place; ///< of an image on disk
    bool good = true;
    bool first = true;
    void operator()(lading::descriptor const& entry, lading::result<lading::inspection> const& r) {
        if (r && r.assume_value().kind == lading::image_kind::index) return; // its entries come
        if (r) return print(r.assume_value());
        good = false;
        auto const name = (entry.platform ? entry.platform->str() + ' ' : std::string()) + entry.digest.str();
        std::fprintf(stderr, "%s: %s: %s\n", args.program, name.c_str(), r.assume_error().message().c_str());
    }
    void print(lading::inspection image) {
        if (!place.empty()) image.source = place;
        auto const text = std::exchange(first, false) || args.format != "table" ? text_of(image, args) : '\n' + text_of(image, args);
        good = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && good;
    }
    /// The end: a document that is not an index is itself an image. True when all could be inspected and printed.
    lading::result<bool> over(lading::result<lading::inspection> const& top) {
        if (!top) return top.assume_error();
        if (top.assume_value().kind != lading::image_kind::index) print(top.assume_value());
        return std::fflush(stdout) == 0 && good;
    }
};

struct layout_policies : policies {
    using files = lading::basic_image_on_disk<policies::json, policies::hash>;
    using transport = lading::store_transport<files>;
    using credentials = lading::no_credentials;
};

/// Calls `go(client, reference)` for an image on disk.
template <class Go>
auto with_files(image_on_disk const& where, inspect_request const& args, Go go)
    -> decltype(go(std::declval<lading::basic_client<layout_policies>&>(), std::declval<lading::reference>())) {
    lading::image_on_disk_options options(args.client.bounds);
#ifdef LADING_WITH_ZLIB
    options.with_decompression(lading::zlib_gzip::model());
#endif
#ifdef LADING_WITH_ZSTD
    options.with_decompression(lading::zstd_frames::model());
#endif
    if (args.client.timeout.count() > 0) options.with_deadline(std::chrono::steady_clock::now() + args.client.timeout);
    LADING_TRY(auto files, layout_policies::files::open(where.path, std::move(options)));
    LADING_TRY(auto const ref, files.reference(where.words, args.platform.value_or(lading::platform_choice::host())));
    lading::basic_client<layout_policies> on_disk(std::move(files), args.client);
    return go(on_disk, ref);
}

lading::result<std::string> inspect(inspect_request const& args) {
    LADING_TRY(auto const place, place_of(args.reference));
    if (place.on_disk)
        return with_files(*place.on_disk, args, [&](auto& disk, lading::reference const& ref) { return report(disk, ref, args, args.reference); });
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, lading::reference::parse(lading::expand_alias(place.name, rules)));
    LADING_TRY(auto p, parts_for({ref.repository()}, std::move(rules), args));
    narrator out_loud(args.program);
    if (args.verbose) p.options.with_observer(out_loud);
    client_of<policies> registry(policies::transport(p.network, p.options.bounds), p.options, policies::credentials(p.logins));
    return report(registry, ref, args);
}

struct batch_policies : policies {
    using transport = lading::asio_transport; // whatever the model of the one inspection is
};

/// Every image of an index, several at a time, told in its order. True when none failed.
lading::result<bool> inspect_all(inspect_request const& args) {
    printer out{args, {}};
    LADING_TRY(auto const place, place_of(args.reference));
    if (place.on_disk) out.place = args.reference;
    if (place.on_disk)
        return with_files(*place.on_disk, args, [&](auto& disk, lading::reference const& ref) {
            return out.over(lading::inspect_all(disk, ref, what(args), [&out](auto const&... told) { out(told...); }));
        });
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, lading::reference::parse(lading::expand_alias(place.name, rules)));
    LADING_TRY(auto p, parts_for({ref.repository()}, std::move(rules), args));
    narrator out_loud(args.program);
    if (args.verbose) p.options.with_observer(out_loud);
    asio::io_context context(1);
    lading::basic_client<batch_policies> registry(lading::asio_transport(context.get_executor(), p.network, p.options.bounds),
                                                  p.options, batch_policies::credentials(p.logins));
    lading::result<bool> good = false;
    lading::async_inspect_all(
        registry, ref, lading::each_options().with_inspect(what(args)).with_order(),
        [&out](auto const&... told) { out(told...); },
        [&](lading::result<lading::inspection> const& top) { good = out.over(top); });
    context.run();
    return good;
}

/// True when every reference could be inspected.
lading::result<bool> inspect_batch(inspect_request const& args) {
    batch::options const many{args.reference, args.resume, args.jobs, args.ordered, args.shard, args.shards};
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto todo, batch::work::open(many, [&rules](std::string const& text) -> lading::result<lading::reference> {
                   LADING_TRY(auto const place, place_of(text));
                   if (place.on_disk) return lading::error(lading::errc::ref_invalid).with_context("an image on disk: not in a batch");
                   return lading::reference::parse(lading::expand_alias(place.name, rules));
               }));
    if (args.secret && todo.hosts().size() > 1) // a login is for one registry, and no other is to see it
        return lading::error(lading::errc::invalid_argument)
            .with_context("--creds is for one registry, of several: --authfile")
            .with_values("references of one host", "of " + std::to_string(todo.hosts().size()));
    LADING_TRY(auto p, parts_for(todo.hosts(), rules, args));
    narrator out_loud(args.program);
    if (args.verbose) p.options.with_observer(out_loud);
    asio::io_context context(1);
    lading::basic_client<batch_policies> registry(lading::asio_transport(context.get_executor(), p.network, p.options.bounds),
                                                  p.options, batch_policies::credentials(p.logins));
    auto const what = lading::inspect_options().with_platform(args.platform.value_or(lading::platform_choice::host()));
    return batch::run(context, registry, todo, what, many);
}

} // namespace

int inspect_command(inspect_request const& args) {
    // "inspect: WHY" by the program of that name, "lading: inspect REF: WHY" by another.
    auto const doing = args.program == std::string_view("inspect") ? std::string() : "inspect " + lading::detail::visible(args.reference) + ": ";
    auto const failed = [&](lading::error const& e) {
        std::fprintf(stderr, "%s: %s%s\n", args.program, doing.c_str(), e.message().c_str());
        if (auto const hint = hint_for(e, args); !hint.empty()) std::fprintf(stderr, "%s: %s\n", args.program, hint.c_str());
        return args.status_of(e);
    };
    if (args.batch || args.all) {
        auto const good = args.batch ? inspect_batch(args) : inspect_all(args);
        return !good ? failed(good.assume_error()) : good.assume_value() ? 0
                                                                         : args.partly;
    }
    auto const out = inspect(args);
    if (!out) return failed(out.assume_error());
    auto const& text = out.assume_value();
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return 0;
    std::fprintf(stderr, "%s: %sthe output cannot be written: %s\n", args.program, doing.c_str(), std::strerror(errno));
    return 1;
}

int inspect_command(int argc, char** argv) {
    arguments args;
    if (auto const wrong = parse(argc, argv, args)) {
        std::fprintf(stderr, "inspect: %s (see inspect --help)\n", wrong->c_str());
        return 2;
    }
    if (args.help) return std::fputs(usage, stdout), 0;

    std::unique_ptr<lading::testing::registry> embedded;
    if (!args.named) {
        embedded = std::make_unique<lading::testing::registry>();
        embedded->add_image("demo/app", "latest", lading::image_kind::index);
        args.reference = embedded->host() + "/demo/app:latest";
        args.plain_http = true;
        std::fprintf(stderr, "inspect: no reference given; asking the embedded registry for %s\n", args.reference.c_str());
    }
    return inspect_command(args);
}
