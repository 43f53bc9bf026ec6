// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading manifest put|head|rm`, `lading blob put|head|rm`: single contents of a registry.

#include "manifest.hpp"
#include "remove.hpp"
#include "written_place.hpp"

#include <lading/bulk/remove_with_referrers.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/document.hpp>
#include <lading/limits.hpp>
#include <lading/store/file_source.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

struct put_request {
    std::string name, file = "-";
    bool json = false, quiet = false;
    lading::manifest_push_options manifest;
    lading::push_options blob;
    std::string mount_from;
    lading_access args;
};

/// A file, or stdin, whole. Errors: `invalid_argument`, `manifest_limit`.
inline lading::result<std::string> read_document(std::string const& file) {
    auto const most = lading::limits().manifest_bytes;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const from(file == "-" ? stdin : std::fopen(file.c_str(), "rb"), file == "-" ? +[](std::FILE*) { return 0; } : &std::fclose);
    if (!from) return lading::error(lading::errc::invalid_argument).with_context(file + ": " + std::strerror(errno));
    std::string out;
    char piece[65'536];
    while (auto const n = std::fread(piece, 1, sizeof piece, from.get())) {
        out.append(piece, n);
        if (out.size() > most) return lading::error(lading::errc::manifest_limit).with_context(file).with_values("at most " + std::to_string(most) + " bytes", "more");
    }
    if (std::ferror(from.get())) return lading::error(lading::errc::invalid_argument).with_context(file + ": cannot be read");
    return out;
}

/// What was put, by its digest; the exit status.
inline int print_put(put_request const& g, std::string const& name, lading::descriptor const& what) {
    return g.json ? print(json_of(what)) : print(name + '@' + what.digest.str() + '\n');
}

/// Whether the bytes of a manifest or the command line say its type. Errors: `media_type_unknown`, `json_syntax` and the like.
inline lading::result<void> check_type(std::string const& bytes, std::string const& type) {
    if (!type.empty()) return lading::success(); // then they may be anything
    auto const unknown = [](std::string const& what) { return lading::error(lading::errc::media_type_unknown).with_context(what + "; what else it is: --media-type TYPE"); };
    auto const parsed = lading::json_document::parse<lading::strict_json>(bytes, lading::json_limits());
    if (!parsed) return unknown("it is no JSON: " + parsed.assume_error().summary());
    LADING_TRY(auto const listed, lading::contents_of(bytes, {}, {}));
    if (listed.is == lading::listed_contents::kind::other && listed.media_type.empty()) return unknown("it is no manifest and no index");
    return lading::success();
}

inline int put_manifest(put_request const& g, lading::stop_token const& stop) {
    auto const doing = "manifest put " + g.name;
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    auto& [registry, ref] = at.assume_value();
    auto bytes = read_document(g.file);
    if (!bytes) return tell(doing, bytes.error(), g.args);
    if (auto const typed = check_type(bytes.assume_value(), g.manifest.media_type); !typed) return tell(doing, typed.error(), g.args);
    auto const put = registry.push_manifest(ref, std::move(bytes).assume_value(), g.manifest, stop);
    if (!put) return tell(doing, put.error(), g.args);
    for (auto const& w : put.assume_value().warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    auto const name = ref.has_digest() ? ref.repository().str() : whole_name(ref);
    if (auto const printed = print_put(g, name, put.assume_value().self); printed != status::done || g.json) return printed;
    std::string more;
    for (auto const& tag : g.manifest.tags) more += pinned_in(ref.repository().str(), tag, put.assume_value().self.digest) + '\n';
    return print(more);
}

/// What a name leads to, without its document.
inline int head_manifest(put_request const& g, lading::stop_token const& stop) {
    auto const doing = "manifest head " + g.name;
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    auto const found = at.assume_value().registry.resolve(at.assume_value().ref, stop);
    return found ? print(json_of(found.assume_value())) : tell(doing, found.error(), g.args);
}

/// A manifest and what refers to it; the exit status.
inline int remove_all_of(lading::client& registry, lading::reference const& ref, removal const& g, lading::stop_token const& stop) {
    auto const doing = "manifest rm " + g.name;
    auto const removed = lading::remove_with_referrers(registry, ref, lading::remove_options(g.missing_is_fine), stop);
    if (!removed) return tell(doing, removed.error(), g.args);
    std::string out;
    for (auto const& d : removed.assume_value().removed) out += ref.repository().str() + '@' + d.str() + '\n';
    for (auto const& f : removed.assume_value().failures) tell("manifest rm " + ref.repository().str() + '@' + f.which.str(), f.why, g.args);
    auto const printed = print(out);
    return removed.assume_value().complete() ? printed : status::partial;
}

inline int remove_manifest(removal const& g, lading::stop_token const& stop) {
    auto const doing = "manifest rm " + g.name;
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    auto& [registry, ref] = at.assume_value();
    if (!ref.has_digest() && !g.resolve) {
        std::fprintf(stderr, "lading: %s: a manifest is removed by its digest, with all tags that lead to it: HOST/NAME@sha256:..; what a tag leads to: --resolve; "
                             "the tag alone: lading tag rm\n",
                     shown(doing).c_str());
        return status::usage;
    }
    if (!is_meant(doing, g.yes)) return status::usage;
    if (!ref.has_digest()) {
        auto const found = registry.find(ref, stop);
        if (!found) return tell(doing, found.error(), g.args);
        if (!found.assume_value()) {
            if (g.missing_is_fine) return tell_removed(g, whole_name(ref), false, "");
            return tell(doing, lading::error(lading::errc::manifest_unknown).with_context(whole_name(ref)), g.args);
        }
        ref = ref.with_digest(found.assume_value()->digest);
    }
    if (g.with_referrers) return remove_all_of(registry, ref, g, stop);
    auto const removed = registry.remove_manifest(ref, g.missing_is_fine, stop);
    if (!removed) return tell(doing, removed.error(), g.args);
    return tell_removed(g, ref.repository().str() + '@' + ref.digest()->str(), removed.assume_value(), "the tags that led to it are gone, too");
}

/// Errors, and a blob without a digest, are said.
inline std::optional<registry_and_name> blob_at(std::string const& name, std::string const& doing, registry_access const& args, int& ended) {
    auto at = registry_of(name, args);
    if (!at) return ended = tell(doing, at.error(), args), std::nullopt;
    if (at.assume_value().ref.has_digest()) return std::move(at).assume_value();
    std::fprintf(stderr, "lading: %s: a blob is named by its digest: HOST/NAME@sha256:..\n", shown(doing).c_str());
    return ended = status::usage, std::nullopt;
}

/// stdin as a body that comes once.
inline lading::stream_source from_stdin() {
    return lading::stream_source([](std::span<std::byte> into) -> lading::result<std::size_t> {
        auto const n = std::fread(into.data(), 1, into.size(), stdin);
        if (n == 0 && std::ferror(stdin)) return lading::error(lading::errc::invalid_argument).with_context("stdin cannot be read");
        return n;
    });
}

inline int put_blob(put_request const& g, lading::stop_token const& stop) {
    auto const doing = "blob put " + g.name;
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    auto& [registry, ref] = at.assume_value();
    if (!ref.has_digest() && std::string(ref.tag()) != "") {
        std::fprintf(stderr, "lading: %s: a blob has no tag: HOST/NAME, or HOST/NAME@DIGEST\n", shown(doing).c_str());
        return status::usage;
    }
    auto options = g.blob;
    if (!g.mount_from.empty()) {
        auto const other = lading::repository::parse(g.mount_from);
        bool const whole = other && other.assume_value().host() == ref.repository().host();
        options.with_mount_from(whole ? std::string(other.assume_value().path()) : g.mount_from);
    }
    progress display(g.quiet ? progress_form::none : progress_form::automatic);
    options.with_observer([&display](lading::transfer_event const& e) { display.tell(e); });
    auto const put = [&]() -> lading::result<lading::pushed_blob> {
        if (g.file == "-") {
            auto bytes = from_stdin();
            LADING_TRY(auto done, registry.push_stream(ref.repository(), bytes, options, stop));
            if (!ref.has_digest() || *ref.digest() == done.what.digest) return done;
            return lading::error(lading::errc::digest_mismatch).with_context("what was put").with_values(ref.digest()->str(), done.what.digest.str());
        }
        LADING_TRY(auto bytes, lading::file_source::open(g.file));
        LADING_TRY(auto what, lading::describe<lading::openssl_hash>(bytes, "application/octet-stream", lading::digest_algorithm::sha256, stop));
        if (ref.has_digest() && *ref.digest() != what.digest)
            return lading::error(lading::errc::digest_mismatch).with_context(g.file).with_values(ref.digest()->str(), what.digest.str());
        return registry.push_blob(ref.repository(), what, bytes, options, stop);
    }();
    display.finish();
    if (!put) return tell_transfer(doing, put.error(), g.args, remains::stream);
    for (auto const& w : put.assume_value().warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    return print_put(g, ref.repository().str(), put.assume_value().what);
}

/// As a check of CLI11: nothing where `text` is a number of bytes, of at least one.
inline std::string is_a_size(std::string const& text) {
    bool const digits = !text.empty() && text.size() < 19 && text.find_first_not_of("0123456789") == text.npos;
    return digits && text.find_first_not_of('0') != text.npos ? std::string() : "a number of bytes is wanted, of at least one";
}

inline int head_blob(put_request const& g, lading::stop_token const& stop) {
    auto const doing = "blob head " + g.name;
    int ended = status::done;
    auto at = blob_at(g.name, doing, g.args, ended);
    if (!at) return ended;
    auto const there = at->registry.has_blob(at->ref.repository(), lading::descriptor({}, *at->ref.digest(), -1), stop);
    if (!there) return tell(doing, there.error(), g.args);
    if (!there.assume_value()) return tell(doing, lading::error(lading::errc::blob_unknown).with_context(at->ref.digest()->str()), g.args);
    return print(at->ref.repository().str() + '@' + at->ref.digest()->str() + '\n');
}

inline int remove_blob(removal const& g, lading::stop_token const& stop) {
    auto const doing = "blob rm " + g.name;
    int ended = status::done;
    auto at = blob_at(g.name, doing, g.args, ended);
    if (!at) return ended;
    if (!is_meant(doing, g.yes)) return status::usage;
    auto const removed = at->registry.remove_blob(at->ref.repository(), *at->ref.digest(), g.missing_is_fine, stop);
    if (!removed) return tell(doing, removed.error(), g.args);
    return tell_removed(g, at->ref.repository().str() + '@' + at->ref.digest()->str(), removed.assume_value(), "");
}

inline void add_put(CLI::App& app, program& run) {
    using action = int (*)(put_request const&, lading::stop_token const&);
    auto const add = [&run](CLI::App& to, char const* name, char const* text, char const* positional, char const* form, action go) {
        auto const g = std::make_shared<put_request>();
        auto* const c = to.add_subcommand(name, text);
        c->add_option(positional, g->name, form)->required();
        add_access_options(*c, g->args);
        c->callback([g, go, &run] { run.status = go(*g, run.stop); });
        return std::pair(c, g);
    };
    auto& manifest = *app.get_subcommand("manifest");
    auto const [put, given] = add(manifest, "put", "put the exact bytes of a manifest or an index; what it lists has to be there", "REF", "HOST/NAME:TAG, or HOST/NAME@DIGEST", put_manifest);
    put->alias("push");
    put->add_option("FILE", given->file, "the file ('-', the default: stdin)");
    auto& options = given->manifest;
    put->add_option("--media-type", options.media_type, "its type, where its bytes do not say it")->type_name("TYPE");
    put->add_option("--tag", options.tags, "one more tag for it; may be repeated")->type_name("TAG")->allow_extra_args(false);
    put->add_flag("--no-clobber", options.no_clobber, "fail where the tag leads elsewhere");
    put->add_flag("--verify", options.verify, "ask afterwards whether the tag leads to it");
    put->add_flag("--json,--descriptor", given->json, "print media type, digest and size");
    add(manifest, "head", "print media type, digest and size of what a name leads to", "REF", "HOST/NAME[:TAG][@DIGEST]", head_manifest);
    auto const removal = add_removal(manifest, run, "remove a manifest, and with it every tag that leads to it", "REF", "HOST/NAME@DIGEST", remove_manifest);
    manifest.get_subcommand("rm")->add_flag("--with-referrers", removal->with_referrers, "and what refers to it, and the lists of that");
    manifest.get_subcommand("rm")->add_flag("--resolve,--force-tag-dereference", removal->resolve, "of a tag: the manifest that it leads to");

    auto& blob = *app.get_subcommand("blob");
    auto const [put_one, blob_given] = add(blob, "put", "put a blob into a repository", "REPOSITORY", "HOST/NAME, or HOST/NAME@DIGEST, which the bytes must have then", put_blob);
    put_one->alias("push");
    put_one->add_option("FILE", blob_given->file, "the file ('-', the default: stdin, sent in chunks)");
    put_one->add_option("--mount-from", blob_given->mount_from, "a repository of the same registry that may have it")->type_name("NAME");
    put_one->add_option("--chunk-size", blob_given->blob.chunk, "send it in chunks of so many bytes (default: whole)")->transform(CLI::AsSizeValue(false))->check(is_a_size)->type_name("BYTES");
    put_one->add_flag("-q,--quiet", blob_given->quiet, "say nothing but what failed");
    put_one->add_flag("--json,--descriptor", blob_given->json, "print media type, digest and size");
    add(blob, "head", "whether a repository has a blob: exit status 3 where it has not", "REPOSITORY@DIGEST", "HOST/NAME@sha256:..", head_blob);
    add_removal(blob, run, "remove a blob from a repository; what lists it is not looked for", "REPOSITORY@DIGEST", "HOST/NAME@sha256:..", remove_blob);
}
