// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading referrers REF`: what refers to a manifest, as lines, as a tree, or as JSON.

#include "access_options.hpp"
#include "program.hpp"
#include "registry.hpp"

#include <lading/json/writer.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

struct referrers_request {
    std::string name, format = "lines";
    lading::referrers_options options;
    unsigned depth = 1;
    lading_access args;
};

/// Writes the referrers of a manifest, and theirs, `depth` levels of them. Each is shown once. Errors: those of `client::referrers`.
class referrers_writer {
  public:
    referrers_writer(registry_and_name& at, referrers_request const& g, lading::stop_token stop) : at_(at), g_(g), stop_(std::move(stop)) {}

    lading::result<std::string> write() {
        LADING_TRY(auto const list, at_.registry.referrers(at_.ref, g_.options, stop_));
        auto const name = at_.ref.repository().str() + '@' + list.subject.str();
        seen_.insert(list.subject);
        if (g_.format == "json") json_.begin_object().key("reference").string(name).key("digest").string(list.subject.str()).key("by").string(list.by == lading::referrers_by::api ? "api" : "tag");
        else if (g_.format == "tree") text_ = shown(name) + '\n';
        LADING_TRY_V(add(list, 1, {}));
        return g_.format == "json" ? json_.end_object().take() + '\n' : text_;
    }
    bool complete() const noexcept { return complete_; }

  private:
    lading::result<void> add(lading::referrer_list const& list, unsigned level, std::string const& lead) {
        for (auto const& w : list.warnings) std::fprintf(stderr, "lading: warning: %s\n", w.text.c_str());
        if (!list.complete) {
            complete_ = false;
            std::fprintf(stderr, "lading: not all of them%s%s\n", list.failure ? ": " : "", list.failure ? list.failure->message().c_str() : "");
        }
        if (g_.format == "json") json_.key("manifests").begin_array();
        for (std::size_t i = 0; i < list.values.size(); ++i) {
            auto const& d = list.values[i];
            bool const last = i + 1 == list.values.size();
            if (g_.format == "json") begin_json(d);
            else if (g_.format == "tree") text_ += lead + (last ? "└── " : "├── ") + words(d) + '\n';
            else text_ += words(d) + '\n';
            if (level < g_.depth && seen_.insert(d.digest).second) {
                LADING_TRY(auto const below, at_.registry.referrers(at_.ref.with_digest(d.digest), g_.options, stop_));
                LADING_TRY_V(add(below, level + 1, lead + (last ? "    " : "│   ")));
            }
            if (g_.format == "json") json_.end_object();
        }
        if (g_.format == "json") json_.end_array();
        return lading::success();
    }
    static std::string words(lading::descriptor const& d) { return d.digest.str() + (d.artifact_type.empty() ? "" : ' ' + shown(d.artifact_type)); }
    void begin_json(lading::descriptor const& d) {
        json_.begin_object().key("reference").string(at_.ref.repository().str() + '@' + d.digest.str()).key("mediaType").string(d.media_type);
        json_.key("digest").string(d.digest.str()).key("size").integer(d.size);
        if (!d.artifact_type.empty()) json_.key("artifactType").string(d.artifact_type);
        if (d.annotations.empty()) return;
        json_.key("annotations").begin_object();
        for (auto const& [name, value] : d.annotations) json_.key(name).string(value);
        json_.end_object();
    }

    registry_and_name& at_;
    referrers_request const& g_;
    lading::stop_token stop_;
    lading::json_writer json_{lading::json_style(2, false, true)};
    std::string text_;
    std::set<lading::digest> seen_;
    bool complete_ = true;
};

inline int list_referrers(referrers_request const& g, lading::stop_token const& stop) {
    auto const doing = "referrers " + g.name;
    auto at = registry_of(g.name, g.args);
    if (!at) return tell(doing, at.error(), g.args);
    referrers_writer list(at.assume_value(), g, stop);
    auto const text = list.write();
    if (!text) return tell(doing, text.error(), g.args);
    auto const printed = print(text.assume_value());
    return list.complete() ? printed : status::failed;
}

inline void add_referrers(CLI::App& app, program& run) {
    auto const g = std::make_shared<referrers_request>();
    auto* const c = app.add_subcommand("referrers", "list the manifests that refer to one: signatures, attestations, other artifacts");
    c->add_option("REF", g->name, "HOST/NAME[:TAG][@DIGEST]")->required();
    c->add_option("--format", g->format, "lines (digest and artifact type), tree, or json")->check(CLI::IsMember({"lines", "tree", "json"}));
    c->add_flag_callback("--tree", [g] { g->format = "tree", g->depth = std::max(g->depth, 4u); }, "as --format tree --depth 4");
    c->add_option("--artifact-type,--filter-artifact-type", g->options.artifact_type, "only those of this type")->type_name("TYPE");
    c->add_option("--depth", g->depth, "also what refers to them, so many levels in all (default 1)")->check(CLI::Range(1, 16))->type_name("N");
    c->add_flag("--verify", g->options.verify, "get each, and list those that do refer to it: a list is a claim");
    add_access_options(*c, g->args);
    c->callback([g, &run] { run.status = list_referrers(*g, run.stop); });
}
