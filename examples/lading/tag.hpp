// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading tag REF NEWTAG...` and `lading tag rm REF`: the names of an image, in its repository.

#include "access_options.hpp"
#include "program.hpp"
#include "written_place.hpp"

#include <lading/bulk/add_tags.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

inline int add_tags(std::string const& name, std::vector<std::string> const& tags, registry_access const& args, lading::stop_token const& stop) {
    auto const doing = "tag " + name;
    if (auto const wrong = wrong_tag(tags); !wrong.empty()) {
        std::fprintf(stderr, "lading: %s: %s is no tag; to another repository: lading copy SRC DST\n", shown(doing).c_str(), shown(wrong).c_str());
        return status::usage;
    }
    auto const ended = in_place<int>(name, args, false, [&](auto& store, std::string const& found, std::string const& repository) -> lading::result<int> {
        LADING_TRY(auto const what, lading::add_tags(store, found, tags, stop));
        std::string out;
        for (auto const& tag : tags) out += pinned_in(repository, tag, what.digest) + '\n';
        return print(out);
    });
    return ended ? ended.assume_value() : tell(doing, ended.assume_error(), args);
}

/// A registry that cannot remove a tag alone may not have it. True where that is so.
inline bool is_missing(std::string const& name, registry_access const& args, lading::stop_token const& stop) {
    auto at = registry_of(name, args);
    if (!at) return false;
    auto const found = at.assume_value().registry.find(at.assume_value().ref, stop);
    return found && !found.assume_value();
}

inline int remove_tag(std::string const& name, bool missing_is_fine, registry_access const& args, lading::stop_token const& stop) {
    auto const doing = "tag rm " + name;
    auto const where = place_of(name);
    if (!where) return tell(doing, where.error(), args);
    auto const removed = [&]() -> lading::result<bool> { // whether it was there
        if (where.value().on_disk) {
            auto const& disk = *where.value().on_disk;
            if (disk.form != image_form::layout || disk.words.empty()) return lading::error(lading::errc::ref_invalid).with_context("the name of an image in a layout is wanted: oci:FOLDER:NAME");
            LADING_TRY(auto store, lading::oci_layout::open(disk.path));
            auto const gone = store.untag(disk.words);
            if (gone) return true;
            if (missing_is_fine && gone.assume_error() == lading::errc::manifest_unknown) return false;
            return gone.assume_error();
        }
        LADING_TRY(auto at, registry_of(name, args));
        if (at.ref.tag().empty()) return lading::error(lading::errc::ref_invalid).with_context("the tag that is to be removed is wanted: HOST/NAME:TAG");
        if (at.ref.has_digest()) return lading::error(lading::errc::ref_invalid).with_context("a tag is removed by its name alone: HOST/NAME:TAG, without a digest");
        return at.registry.remove_tag(at.ref, lading::remove_options().with_missing_is_fine(missing_is_fine), stop);
    }();
    if (removed) return removed.assume_value() ? print(shown(name) + '\n') : (std::fprintf(stderr, "lading: %s was not there\n", shown(name).c_str()), status::done);
    auto const& why = removed.error();
    if (why == lading::errc::unsupported_by_registry && missing_is_fine && is_missing(name, args, stop)) {
        std::fprintf(stderr, "lading: %s was not there\n", shown(name).c_str());
        return status::done;
    }
    auto const told = tell(doing, why, args);
    if (why == lading::errc::unsupported_by_registry && why.detail().context.find("read-only") == std::string::npos)
        std::fprintf(stderr, "lading: what it leads to, and with that every tag that leads there, too: lading manifest rm --resolve %s\n", shown(name).c_str());
    return told;
}

inline void add_tag(CLI::App& app, program& run) {
    struct given {
        std::string name;
        std::vector<std::string> tags;
        bool yes = false, missing_is_fine = false;
        lading_access args;
    };
    auto const g = std::make_shared<given>(), r = std::make_shared<given>();
    auto* const c = app.add_subcommand("tag", "give an image more tags in its repository; tag rm removes one");
    c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST], or oci:FOLDER[:NAME]");
    c->add_option("NEWTAG", g->tags, "the tags that it gets");
    add_access_options(*c, g->args);

    auto* const rm = c->add_subcommand("rm", "remove a tag, and nothing else")->alias("delete");
    rm->add_option("REF", r->name, "HOST/NAME:TAG, or oci:FOLDER:NAME")->required();
    rm->add_flag("-y,--yes", r->yes, "confirm the removal");
    rm->add_flag("--ignore-missing", r->missing_is_fine, "no error if the tag does not exist");
    add_access_options(*rm, r->args);
    rm->callback([r, &run] { run.status = is_meant("tag rm " + r->name, r->yes) ? remove_tag(r->name, r->missing_is_fine, r->args, run.stop) : status::usage; });

    c->add_subcommand("ls")->group("")->allow_extras()->callback([] { throw CLI::ValidationError("tag ls is: lading tags HOST/NAME"); });
    c->callback([g, c, &run] {
        if (!c->get_subcommands().empty()) return;
        if (g->name.empty() || g->tags.empty()) throw CLI::ValidationError("tag needs REF and NEWTAG");
        run.status = add_tags(g->name, g->tags, g->args, run.stop);
    });
}
