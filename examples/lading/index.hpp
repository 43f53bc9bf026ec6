// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading index create REF IMAGE...`, `lading index add REF IMAGE...`, `lading index rm REF DIGEST|PLATFORM...`: indexes of images; and
/// `lading annotate REF KEY=VALUE...|KEY-...`. What is made is another document: the digest is printed, and what it was made of keeps its tags.

#include "access_options.hpp"
#include "program.hpp"
#include "written_place.hpp"

#include <lading/bulk/annotate_in.hpp>
#include <lading/bulk/copy.hpp>
#include <lading/bulk/make_index.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// What the four are given.
struct edit_request {
    std::string name;
    std::vector<std::string> words, tags;
    lading::index_options index;
    lading::index_edit_options options;
    std::optional<lading::digest> of;
    lading_access args;
};

/// Says what was made, under its names; the exit status.
inline int print_made(lading::made_document const& made, std::string const& repository, std::vector<std::string> const& names, std::string const& old) {
    std::string out;
    for (auto const& name : names) out += pinned_in(repository, name, made.self.digest) + '\n';
    if (names.empty()) out = pinned_in(repository, {}, made.self.digest) + '\n';
    if (made.before && !made.is_new()) {
        std::fprintf(stderr, "lading: nothing changed: the digest is the same\n");
    } else if (made.before) {
        auto const stays = std::find(names.begin(), names.end(), old) == names.end();
        std::fprintf(stderr, "lading: a new digest: signatures and other referrers of %s do not apply to it%s\n", made.before->str().c_str(),
                     stays && names.empty() ? "; to tag it: -t TAG" : "");
    }
    return print(out);
}

/// What an image is called in the repository of the index; empty where it is an image of another place.
inline std::string named_there(std::string const& image) {
    if (wrong_tag({image}).empty() || lading::digest::parse(image)) return image;
    if (image.starts_with('@') && lading::digest::parse(image.substr(1))) return image.substr(1);
    return {};
}

/// The login is for the registry of the index, and no other is to see it. Error: `invalid_argument`.
inline lading::result<void> check_login(edit_request const& g) {
    one_login login(g.args);
    if (auto const where = place_of(g.name)) login.add(where.assume_value());
    for (auto const& image : g.words)
        if (auto const where = place_of(image); where && named_there(image).empty()) login.add(where.assume_value());
    return login.check("--authfile");
}

/// The names of images in the repository of the index; images of other places are copied there first.
template <class Store>
lading::result<std::vector<std::string>> images_in(Store& store, edit_request const& g, std::string const& repository, lading::stop_token const& stop) {
    std::vector<std::string> out;
    for (auto const& image : g.words) {
        if (auto name = named_there(image); !name.empty()) {
            out.push_back(std::move(name));
            continue;
        }
        LADING_TRY(auto const where, place_of(image));
        auto const copied = from_place<lading::digest>(where, g.args, stop, [&](auto& from, std::string const& name, lading::reference const* ref) -> lading::result<lading::digest> {
            if (ref && ref->repository().str() == repository) {
                LADING_TRY(auto const what, store.resolve(name, stop));
                return what.digest;
            }
            LADING_TRY(auto const done, lading::copy(from, name, store, {}, {}, stop));
            return done.top.digest;
        });
        if (!copied) return copied.assume_error();
        out.push_back(copied.assume_value().str());
    }
    return out;
}

inline int make_index(edit_request g, bool create, lading::stop_token const& stop) {
    auto const doing = (create ? "index create " : "index add ") + g.name;
    if (auto const alone = check_login(g); !alone) return tell(doing, alone.error(), g.args);
    for (std::size_t i = 0; i < g.words.size(); ++i)
        if (std::find(g.words.begin(), g.words.begin() + static_cast<std::ptrdiff_t>(i), g.words[i]) != g.words.begin() + static_cast<std::ptrdiff_t>(i))
            return tell(doing, lading::error(lading::errc::invalid_argument).with_context(g.words[i] + " is named twice"), g.args);
    auto const ended = in_place<int>(g.name, g.args, create, [&](auto& store, std::string const& name, std::string const& repository) -> lading::result<int> {
        lading::detail::will_write(store); // what is read in it first, too
        LADING_TRY(auto const images, images_in(store, g, repository, stop));
        if (create && name.find(':') != name.npos) return lading::error(lading::errc::ref_invalid).with_context("the digest of an index that is yet to be made is not known: name it by a tag");
        auto names = g.tags;
        if (create && !name.empty()) names.insert(names.begin(), name);
        g.options.names = names;
        auto const made = create ? lading::create_index(store, images, g.index, g.options, stop) : lading::add_to_index(store, name, images, g.options, stop);
        if (!made) return made.assume_error();
        return print_made(made.assume_value(), repository, names, name);
    });
    return ended ? ended.assume_value() : tell(doing, ended.assume_error(), g.args);
}

inline int cut_index(edit_request const& g, lading::stop_token const& stop) {
    auto const doing = "index rm " + g.name;
    std::vector<lading::digest> digests;
    std::vector<lading::platform> platforms;
    for (auto const& word : g.words) {
        auto const at = word.rfind('@');
        if (auto d = lading::digest::parse(word.substr(at == word.npos ? 0 : at + 1))) {
            digests.push_back(d.value());
        } else if (auto p = lading::platform::parse(word); p && word.find('/') != word.npos) {
            platforms.push_back(p.value());
        } else {
            std::fprintf(stderr, "lading: %s: %s is neither a digest nor OS/ARCH[/VARIANT]\n", shown(doing).c_str(), shown(word).c_str());
            return status::usage;
        }
    }
    auto const ended = in_place<int>(g.name, g.args, false, [&](auto& store, std::string const& name, std::string const& repository) -> lading::result<int> {
        auto options = g.options;
        options.names = g.tags;
        LADING_TRY(auto const made, lading::remove_from_index(store, name, digests, platforms, options, stop));
        return print_made(made, repository, g.tags, name);
    });
    return ended ? ended.assume_value() : tell(doing, ended.assume_error(), g.args);
}

inline int annotate(edit_request const& g, lading::stop_token const& stop) {
    lading::annotation_edit edit;
    for (auto const& word : g.words) {
        if (word.ends_with('-') && word.find('=') == word.npos && word.size() > 1) edit.without(word.substr(0, word.size() - 1));
        else std::apply([&](auto... kv) { edit.with(kv...); }, annotation_of(word));
    }
    if (g.of) edit.of(*g.of);
    auto const ended = in_place<int>(g.name, g.args, false, [&](auto& store, std::string const& name, std::string const& repository) -> lading::result<int> {
        LADING_TRY(auto const made, lading::annotate_in(store, name, edit, g.tags, stop));
        return print_made(made, repository, g.tags, name);
    });
    return ended ? ended.assume_value() : tell("annotate " + g.name, ended.assume_error(), g.args);
}

inline void add_index(CLI::App& app, program& run) {
    auto const command = [&run](CLI::App& to, char const* name, char const* text, char const* ref, char const* word, char const* words, bool needs_words, auto go) {
        auto const g = std::make_shared<edit_request>();
        auto* const c = to.add_subcommand(name, text);
        c->add_option("REF", g->name, ref)->required();
        c->add_option(word, g->words, words);
        c->add_option("-t,--tag", g->tags, "what is made gets this tag; may be repeated")->type_name("TAG")->allow_extra_args(false);
        add_access_options(*c, g->args);
        c->callback([g, go, needs_words, &run] {
            if (g->words.empty() && needs_words) throw CLI::ValidationError(g->name + ": which images?");
            if (auto const wrong = wrong_tag(g->tags); !wrong.empty()) throw CLI::ValidationError("--tag: no tag: " + shown(wrong));
            run.status = go(*g, run.stop);
        });
        return std::pair(c, g);
    };
    auto const* const one = "HOST/NAME[:TAG][@DIGEST], or oci:FOLDER[:NAME]";
    auto const* const images = "a tag or a digest there, or an image of any other place, which is copied there first";
    auto* const index = app.add_subcommand("index", "indexes: images for several platforms under one name")->require_subcommand(1);

    auto const [create, made] = command(*index, "create", "make an index of images", one, "IMAGE", images, true, [](edit_request const& g, lading::stop_token const& stop) { return make_index(g, true, stop); });
    create->add_option_function<std::string>("--artifact-type", [m = made](std::string const& v) { m->index.with_artifact_type(v); }, "the index is an artifact of this type")->type_name("TYPE");
    create->add_option_function<std::vector<std::string>>(
              "-a,--annotation", [m = made](std::vector<std::string> const& all) { for (auto const& v : all) std::apply([&](auto... kv) { m->index.with_annotation(kv...); }, annotation_of(v)); },
              "an annotation of the index; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    create->add_flag_callback("--docker", [m = made] { m->index.with_docker_list(); }, "a manifest list of Docker's, not an OCI index");
    auto const [add, more] = command(*index, "add", "make an index of another one and more images", one, "IMAGE", images, true, [](edit_request const& g, lading::stop_token const& stop) { return make_index(g, false, stop); });
    add->alias("append");
    for (auto const& [c, g] : {std::pair(create, made), std::pair(add, more)}) c->add_flag_callback("--flatten", [to = g] { to->options.with_flattening(); }, "of an index among the images its own images");
    command(*index, "rm", "make an index of another one without some of its images", one, "DIGEST|PLATFORM", "which: sha256:.., or OS/ARCH[/VARIANT]", true,
            [](edit_request const& g, lading::stop_token const& stop) { return cut_index(g, stop); })
        .first->alias("delete");

    auto const [c, g] = command(app, "annotate", "make a manifest or an index with other annotations of another one", one, "ANNOTATION", "KEY=VALUE: what is set; KEY-: what is removed", false,
                                [](edit_request const& e, lading::stop_token const& stop) { return annotate(e, stop); });
    c->add_option("-a,--annotation", g->words, "as KEY=VALUE, KEY-")->type_name("KEY=VALUE")->allow_extra_args(false);
    c->add_option_function<std::string>("--of", [to = g](std::string const& v) {
         auto const d = lading::digest::parse(v);
         if (!d) throw CLI::ValidationError("--of is a digest: " + d.error().summary());
         to->of = d.value(); }, "not those of the document, but those of the descriptor in it that has this digest")->type_name("DIGEST");
}
