// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What `pull`, `copy`, `artifact pull` and `artifact push` share: their options, progress, and the line that says what was done.

#include "access_options.hpp"
#include "document.hpp"
#include "program.hpp"
#include "progress.hpp"

#include <lading/bulk/copy_options.hpp>
#include <lading/bulk/cut_index.hpp>
#include <lading/json/writer.hpp>
#include <lading/store/blob_sink.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// One transfer of a list, as the list has it.
struct list_entry {
    std::string from, to;
};

/// Options of a transfer.
struct transfer_request {
    lading::copy_options copy;
    progress_form shown = progress_form::automatic;
    std::string digest_file;
    bool json = false, dry_run = false, quiet = false, overwrite = false;
    bool sends = false;                    ///< the destination is a registry: what is fetched for it is sent
    std::shared_ptr<std::size_t> arrived = std::make_shared<std::size_t>(0); ///< contents of one copy that are whole at the destination
    bool one_image = false;                ///< the destination can hold one image of an index, and the user has named none
    std::optional<list_entry> in_list;     ///< it is one of many
    std::shared_ptr<progress> all_of_list; ///< whose progress is shown together
};

/// How it goes on, and what is said of it.
inline void add_report_options(CLI::App& to, transfer_request& of) {
    to.add_option_function<unsigned>("-j,--jobs,--image-parallel-copies", [&of](unsigned n) { of.copy.with_lanes(n); }, "blobs at once (default 4)")->check(CLI::Range(1, 64))->type_name("N");
    to.add_option_function<std::string>("--progress", [&of](std::string const& form) { of.shown = form == "none" ? progress_form::none : form == "bar" ? progress_form::bar
                                                                                                                                     : form == "json"  ? progress_form::json
                                                                                                                                     : form == "plain" ? progress_form::plain
                                                                                                                                                       : progress_form::automatic; }, "none, plain, bar or json, on stderr (default: bar on a terminal, else plain)")->check(CLI::IsMember({"auto", "none", "plain", "bar", "json"}))->type_name("FORM");
    to.add_flag("-q,--quiet", of.quiet, "print the result and failures, and nothing else");
    to.add_flag("--json", of.json, "print the result as JSON");
    to.add_option("--digestfile", of.digest_file, "write the digest to this file")->type_name("FILE");
    to.add_flag("--dry-run", of.dry_run, "say what would be copied, and copy nothing");
}

inline void add_transfer_options(CLI::App& to, transfer_request& of) {
    to.add_option_function<std::vector<std::string>>(
          "--platform,--platforms",
          [&of](std::vector<std::string> const& values) {
              for (auto const& value : values) {
                  if (value == "all") continue;
                  auto const p = lading::platform::parse(value);
                  if (!p) throw CLI::ValidationError("--platform is OS/ARCH[/VARIANT], or all: " + p.error().summary());
                  of.copy.with_platform(p.value());
              }
          },
          "of an index only the image for this platform; several with --sparse or --new-index (default: the whole index)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("OS/ARCH[/VAR]");
    to.add_flag_callback("--sparse", [&of] { of.copy.with_sparse(); }, "with --platform: keep the index as it is although not all of its images are copied; most registries refuse that");
    to.add_flag_callback("--new-index", [&of] { of.copy.with_new_index(lading::cut_index); }, "with --platform: write an index of just these images, which has another digest");
    to.add_flag_callback("--schema1", [&of] { of.copy.with_schema1(); }, "copy manifests of the withdrawn schema 1, too");
    to.add_flag_callback("--include-nondistributable", [&of] { of.copy.with_external(lading::external_layers::ask); }, "send a registry layers that are kept at other places, or are not to be handed on, too");
    to.add_flag_callback("--fetch-external", [&of] { of.copy.with_external(lading::external_layers::fetch); }, "fetch layers that the registry lacks from the URLs that their image lists, over https and without a login");
    to.add_flag_callback("--leave-external", [&of] { of.copy.with_external(lading::external_layers::leave); }, "do not copy layers that are kept at other places");
    to.add_flag_callback("-r,--recursive,--referrers", [&of] { of.copy.with_referrers(); }, "also what refers to it: signatures, attestations, bills of materials")->group("What goes with an image");
    to.add_option_function<std::vector<std::string>>(
          "--referrer-type", [&of](std::vector<std::string> const& types) { for (auto const& type : types) of.copy.with_referrer_type(type); }, "of that, only this artifact type; may be repeated")
        ->allow_extra_args(false)
        ->type_name("TYPE")
        ->group("What goes with an image");
    to.add_flag_callback("--digest-tags", [&of] { of.copy.with_digest_tags(); }, "also the tags that have its digest as name: sha256-HEX.sig, .att, .sbom")->group("What goes with an image");
    to.add_flag_callback("--with-signatures", [&of] { of.copy.with_signatures(); }, "--referrers and --digest-tags")->group("What goes with an image");
    to.add_flag_callback("--remove-signatures", [] {}, "accepted: none is copied unless it is asked for")->group("");
    add_report_options(to, of);
    to.add_flag("--overwrite", of.overwrite, "replace an archive, folder or file that is there");
    for (auto const* name : {"-a,--all", "--preserve-digests"}) // what is done anyway
        to.add_flag_callback(name, [] {}, "accepted: it is done anyway")->group("");
    to.add_option("--multi-arch", "all: accepted, it is done anyway; else see --platform")->check(CLI::IsMember({"all"}))->group("");
}

/// "HOST/NAME:TAG", without a digest.
inline std::string whole_name(lading::reference const& ref) {
    auto const tag = std::string(ref.effective_tag());
    return ref.repository().str() + (tag.empty() ? "" : ":" + tag);
}

/// A name as it is printed, pinned to what it leads to.
inline std::string pinned(std::string const& name, lading::digest const& d) {
    auto const at = name.find('@');
    return name.substr(0, at) + '@' + d.str();
}

/// The beginning of what is said of a transfer as JSON.
inline lading::json_writer begin_json(transfer_request const& what) {
    lading::json_writer w(lading::json_style(0, false, true));
    w.begin_object();
    if (what.in_list) w.key("from").string(what.in_list->from).key("to").string(what.in_list->to);
    return w;
}

/// Documents among the contents of a copy, as its events tell.
struct document_count {
    std::size_t sent = 0, there = 0;

    void count(lading::transfer_event const& e) {
        if (!lading::is_known_manifest_type(e.what.media_type)) return;
        sent += e.state == lading::transfer_state::done;
        there += e.state == lading::transfer_state::skipped;
    }
};

/// What went with an image, or should have: on stderr.
inline void tell_followers(lading::copy_summary const& done, bool quiet) {
    std::size_t failed = 0;
    for (auto const& f : done.followers) {
        if (!f.failure) continue;
        ++failed;
        std::fprintf(stderr, "lading: %s, which goes with %s, was not copied: %s\n", f.tag.empty() ? f.what.digest.str().c_str() : shown(f.tag).c_str(), f.subject.str().c_str(),
                     f.failure->message().c_str());
    }
    if (!quiet && done.followers.size() > failed) std::fprintf(stderr, "lading: %zu referrer%s copied\n", done.followers.size() - failed, done.followers.size() - failed == 1 ? "" : "s");
}

/// The line, or the JSON, that says what was done; the exit status. `tag` is the name at the destination, if it has one; `documents` may be null
/// where nobody has counted.
inline int print_summary(std::string const& name, lading::copy_summary const& done, transfer_request const& what, std::string const& tag = {}, document_count const* documents = nullptr) {
    int ended = done.complete() ? status::done : status::partial;
    for (auto const& w : done.warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
    tell_followers(done, what.quiet);
    if (!what.quiet && done.named.digest != done.top.digest)
        std::fprintf(stderr, "lading: of the index %s one image was copied, and not the index itself%s\n", done.named.digest.str().c_str(), what.one_image ? "; --platform chooses another" : "");
    if (!what.digest_file.empty())
        if (auto const written = put_bytes(done.top.digest.str(), what.digest_file, lading_access()); written != status::done) ended = written; // and the result is printed
    if (!what.json) return std::max(print(pinned(shown(name), done.top.digest) + '\n'), ended);
    auto w = begin_json(what);
    auto const counts = [&](char const* key, lading::copy_count const& c) {
        w.key(key).begin_object().key("contents").unsigned_integer(c.contents).key("bytes").unsigned_integer(c.bytes).end_object();
    };
    w.key("reference").string(pinned(name, done.top.digest)).key("digest").string(done.top.digest.str());
    w.key("mediaType").string(done.top.media_type).key("size").integer(done.top.size).key("tags").begin_array();
    if (!tag.empty() && tag.find(':') == tag.npos) w.string(tag);
    w.end_array();
    if (documents) {
        w.key("blobs").begin_object().key("uploaded").unsigned_integer(done.fetched.contents - std::min(documents->sent, done.fetched.contents));
        w.key("mounted").unsigned_integer(done.mounted.contents).key("existing").unsigned_integer(done.existing.contents - std::min(documents->there, done.existing.contents));
        w.key("skipped").unsigned_integer(done.skipped.contents).end_object();
    }
    w.key("bytes").unsigned_integer(done.fetched.bytes).key("referrers").unsigned_integer(done.followers.size());
    counts("fetched", done.fetched);
    counts("existing", done.existing);
    counts("mounted", done.mounted);
    counts("skipped", done.skipped);
    w.key("resumedBytes").unsigned_integer(done.resumed_bytes);
    return std::max(print(w.end_object().take() + '\n'), ended);
}

/// What would be done, a line a content; with -q only what it would be.
inline int print_forecast(std::string const& name, lading::copy_forecast const& plan, transfer_request const& what) {
    std::string out;
    if (what.json) {
        auto w = begin_json(what);
        w.key("reference").string(pinned(name, plan.top.digest)).key("contents").begin_array();
        for (auto const& e : plan.entries) {
            w.begin_object().key("do").string(lading::name_of(e.step)).key("digest").string(e.what.digest.str());
            w.key("mediaType").string(e.what.media_type).key("size").integer(e.what.size).end_object();
        }
        return print(w.end_array().key("bytes").unsigned_integer(plan.to_fetch.bytes).end_object().take() + '\n');
    }
    if (what.quiet) return print(pinned(shown(name), plan.top.digest) + '\n');
    for (auto const& e : plan.entries) {
        char line[64];
        auto const* const step = what.sends && e.step == lading::copy_step::fetch ? "send" : lading::name_of(e.step);
        std::snprintf(line, sizeof line, "%-6s %14lld ", step, static_cast<long long>(e.what.size));
        out += line + e.what.digest.str() + ' ' + shown(e.what.media_type) + '\n';
    }
    return print(out + pinned(shown(name), plan.top.digest) + ": " + std::to_string(plan.to_fetch.contents) + (what.sends ? " to send, " : " to fetch, ") +
                 in_units(static_cast<double>(plan.to_fetch.bytes)) + "; " + std::to_string(plan.existing.contents) + " there\n");
}

/// What becomes of what a transfer that broke off had done.
enum class remains { nothing, ///< it begins anew
                     parts,   ///< on disk, also of a content that was under way
                     wholes,  ///< at a registry, which forgets a content that was under way
                     stream   ///< one content, which is sent again from its beginning
};

/// True where the same command may succeed later: it was interrupted, or nobody answered any more.
inline bool broke_off(lading::error const& e) {
    return e == lading::errc::cancelled || e == lading::errc::resume_exhausted || e == lading::errc::connection_refused || e.facts().retry;
}

/// Says why a transfer has failed, and how to go on; the exit status. `arrived`: contents that are whole at the destination.
inline int tell_transfer(std::string const& doing, lading::error const& e, registry_access const& args, remains left, bool overwrites = false, std::size_t arrived = 0) {
    auto ended = tell(doing, e, args);
    bool const to_registry = left == remains::wholes || left == remains::stream;
    if (left == remains::parts && (e == lading::errc::cancelled || e == lading::errc::resume_exhausted))
        std::fprintf(stderr, "lading: what has come is kept; the same command goes on from there\n");
    if (left == remains::wholes && broke_off(e) && arrived > 0)
        std::fprintf(stderr, "lading: %zu content%s whole at the registry and not sent again by the same command; what was under way is sent anew\n", arrived, arrived == 1 ? " is" : "s are");
    if (to_registry && arrived == 0 && e == lading::errc::cancelled) std::fprintf(stderr, "lading: the same command sends it from the beginning\n");
    if (to_registry && e == lading::errc::unsupported_by_registry) std::fprintf(stderr, "lading: the registry is read-only, or it is no registry\n");
    if (to_registry && e == lading::errc::not_found) {
        std::fprintf(stderr, "lading: nothing takes uploads there: is it a registry?\n");
        ended = status::failed;
    }
    if (e == lading::errc::archive_exists && !overwrites) std::fprintf(stderr, "lading: to replace it: --overwrite\n");
    if (e == lading::errc::schema1_refused) std::fprintf(stderr, "lading: to copy it as it is: --schema1\n");
    if (e == lading::errc::would_change_digest && e.detail().context.find("sparse") != std::string::npos)
        std::fprintf(stderr, "lading: --new-index writes an index of these images, which has another digest; --sparse keeps the index as it is, where the destination takes that\n");
    return ended;
}
