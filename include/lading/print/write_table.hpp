// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `to_table`: the record as plain text for people.

#include "../detail/algorithm.hpp"
#include "../detail/timestamp.hpp"
#include "../detail/visible_text.hpp"
#include "../inspection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

namespace detail {

/// Rows of cells; every column but the last is as wide as its widest cell.
class text_table {
  public:
    explicit text_table(std::string_view indent = {}) : indent_(indent) {}

    text_table& row(std::vector<std::string> cells) { return rows_.push_back(std::move(cells)), *this; }
    /// A row that is left out when the second cell is empty.
    text_table& field(std::string_view name, std::string_view value) {
        if (!value.empty()) row({std::string(name) + ":", visible(value)});
        return *this;
    }
    bool empty() const noexcept { return rows_.empty(); }

    void print(std::string& out) const {
        std::vector<std::size_t> widths;
        for (auto const& r : rows_)
            for (std::size_t i = 0; i < r.size(); ++i) {
                if (i == widths.size()) widths.push_back(0);
                widths[i] = std::max(widths[i], character_count(r[i]));
            }
        for (auto const& r : rows_) {
            std::string line(indent_);
            for (std::size_t i = 0; i < r.size(); ++i) {
                line += r[i];
                if (i + 1 < r.size()) line.append(widths[i] - character_count(r[i]) + 2, ' ');
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out.append(line).append("\n");
        }
    }

  private:
    std::string indent_;
    std::vector<std::vector<std::string>> rows_;
};

inline void print_section(std::string& out, std::string_view title, text_table const& table) {
    if (table.empty()) return;
    out.append("\n").append(title).append(":\n");
    table.print(out);
}

inline std::string bytes_text(std::int64_t size) {
    return size == descriptor::unknown_size ? "unknown" : std::to_string(size) + " B";
}

inline std::string platform_text(platform const& p) {
    std::string out = (p.os.empty() ? "?" : p.os) + "/" + (p.architecture.empty() ? "?" : p.architecture);
    if (!p.variant.empty()) out.append("/").append(p.variant);
    if (!p.os_version.empty()) out.append(" ").append(p.os_version);
    return visible(out, 80);
}

/// Words with single spaces between; a word with spaces is in quotes.
inline std::string words_text(std::optional<command_line> const& line) {
    std::string out;
    if (!line) return out;
    for (auto const& word : line->words) {
        if (!out.empty()) out += ' ';
        bool const quoted = word.empty() || word.find(' ') != word.npos;
        out.append(quoted ? "\"" : "").append(word).append(quoted ? "\"" : "");
    }
    return out;
}

inline text_table map_table(string_map const& map) {
    text_table out("  ");
    for (auto const& [k, v] : map) out.row({visible(k), visible(v)});
    return out;
}

inline text_table list_table(std::vector<std::string> const& list) {
    text_table out("  ");
    for (auto const& s : list) out.row({visible(s)});
    return out;
}

inline text_table warning_table(std::vector<warning> const& list) {
    text_table out("  ");
    for (auto const& w : list) out.row({std::string(name_of(w.code)), visible(w.text)});
    return out;
}

inline text_table odd_table(std::vector<odd_entry> const& list) {
    text_table out("  ");
    for (auto const& e : list) out.row({std::to_string(e.position), visible(e.why, 160), visible(e.text, 160)});
    return out;
}

inline text_table descriptor_table(std::vector<descriptor> const& list) {
    text_table out("  ");
    for (auto const& d : list)
        out.row({d.platform ? platform_text(*d.platform) : "-", d.digest.str(), bytes_text(d.size),
                 visible(d.media_type)});
    return out;
}

inline void print_image(std::string& out, text_table& head, image_config const& image) {
    auto const created = normalise_timestamp(image.created);
    platform p(image.os, image.architecture, image.variant);
    p.os_version = image.os_version;
    if (!p.os.empty() || !p.architecture.empty()) head.row({"Platform:", platform_text(p)});
    head.field("Created", created ? created.assume_value() : image.created);
    head.field("Author", image.author)
        .field("Comment", image.comment)
        .field("Docker version", image.docker_version);
    container_config const none;
    auto const& run = image.config ? *image.config : none;
    head.field("User", run.user).field("Working dir", run.working_dir);
    head.field("Entrypoint", words_text(run.entrypoint)).field("Command", words_text(run.cmd));
    head.field("Stop signal", run.stop_signal);
    head.print(out);
    if (run.exposed_ports) print_section(out, "Exposed ports", list_table(run.exposed_ports->keys));
    if (run.volumes) print_section(out, "Volumes", list_table(run.volumes->keys));
    if (run.env) print_section(out, "Environment", list_table(*run.env));
    if (run.labels) print_section(out, "Labels", map_table(*run.labels));
}

} // namespace detail

/// The record as aligned plain text: fields, then sections that are left out when empty; no colour. Control
/// characters and those that change the direction of text are printed as escapes; how a layer was made is cut
/// at 100 characters. For people: the layout may change, programs read `to_json`. Never fails. Linear.
/// Thread-safe.
inline std::string to_table(inspection const& i) {
    detail::text_table head, layers("  ");
    std::string out;
    head.field("Name", i.name()).field("Tag", i.requested.effective_tag());
    head.field("Digest", i.resolved.digest.str()).field("Kind", name_of(i.kind));
    head.field("Media type", i.resolved.media_type).field("Artifact type", i.artifact_type);
    head.field("Embedded tag", i.embedded_tag)
        .field("Source", i.name() == i.source ? std::string() : i.source)
        .field("Asked for", i.platform_wanted);
    if (i.chosen) head.field("Chosen", i.chosen->digest.str());
    if (i.config) head.field("Config", i.config->digest.str());
    if (i.subject) head.field("Subject", i.subject->digest.str());
    if (!i.layers.empty()) head.field("Total size", detail::bytes_text(i.total_size));
    if (i.image)
        detail::print_image(out, head, *i.image);
    else
        head.print(out);

    for (auto const& l : i.layers)
        layers.row(
            {l.blob.digest.str(), detail::bytes_text(l.blob.size),
             l.history ? detail::visible(l.history->created_by, 100) : detail::visible(l.blob.media_type)});
    detail::print_section(out, "Platforms", detail::descriptor_table(i.platforms));
    detail::print_section(out, "Odd entries", detail::odd_table(i.odd_entries));
    detail::print_section(out, "Attestations", detail::descriptor_table(i.attestations));
    detail::print_section(out, "Layers, base first", layers);
    detail::print_section(out, "Annotations", detail::map_table(i.annotations));
    detail::print_section(out, "Tags", detail::list_table(i.tags.values));
    if (i.tags.state != tags_state::complete && i.tags.state != tags_state::not_requested)
        out.append(i.tags.state == tags_state::failed ? "\nTags have " : "\nTags are ")
            .append(name_of(i.tags.state))
            .append(i.tags.why.empty() ? "" : ": ")
            .append(detail::visible(i.tags.why))
            .append("\n");
    detail::print_section(out, "Warnings", detail::warning_table(i.warnings));
    return out;
}

} // namespace lading
