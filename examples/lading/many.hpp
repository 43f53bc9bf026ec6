// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lading copy --batch FILE`, `lading copy --all-tags SRC DST`: many copies, several at once.

#include "copy.hpp"

#include "../inspect/lines.hpp"

#include <lading/bulk/copy_all_tags.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <regex.h>

/// One of many copies.
struct copy_job {
    list_entry words;
    std::string line; ///< FILE:LINE
    lading::result<place> from, to;
};

/// A POSIX extended regular expression that has to match the whole of a text.
class whole_pattern {
  public:
    explicit whole_pattern(std::string const& text) : good_(regcomp(&compiled_, ("^(" + text + ")$").c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}
    whole_pattern(whole_pattern const&) = delete;
    whole_pattern& operator=(whole_pattern const&) = delete;
    ~whole_pattern() {
        if (good_) regfree(&compiled_);
    }
    bool good() const noexcept { return good_; }
    bool matches(std::string const& text) const { return regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0; }

  private:
    regex_t compiled_{};
    bool good_;
};

/// A name without its tag and digest: what a shard is chosen by, so that a repository is always in one shard.
inline std::string without_tag(std::string name) {
    name.resize(std::min(name.find('@'), name.size()));
    auto const slash = name.rfind('/'), colon = name.rfind(':');
    return colon != name.npos && (slash == name.npos || slash < colon) ? name.substr(0, colon) : name;
}

/// A line of a list: SRC DST, or with --to SRC alone, whose path and tag it has below there.
inline list_entry entry_of(std::string const& line, std::string const& below) {
    auto const end = line.find_first_of(" \t");
    list_entry out{line.substr(0, end), {}};
    if (end != line.npos) out.to = line.substr(line.find_first_not_of(" \t", end));
    else if (!below.empty()) {
        auto const at = place_of(out.from);
        auto const ref = at ? lading::reference::parse(at.assume_value().name) : lading::result<lading::reference>(at.assume_error());
        if (!ref) return out;
        auto const& r = ref.assume_value();
        out.to = below + '/' + std::string(r.repository().path()) + (r.has_digest() && r.tag().empty() ? '@' + r.digest()->str() : ':' + std::string(r.effective_tag()));
    }
    return out;
}

/// Whether a destination has a name of its own, which a second image would take from the first; else it is called as its source is.
inline bool has_own_name(place const& to) {
    return to.on_disk ? !to.on_disk->words.empty() : to.name.find(':', to.name.rfind('/') + 1) != to.name.npos;
}

/// What a list says, less what is of other shards and what an earlier output has done, if there is `some_done`. Errors: `invalid_argument`, `config_invalid`.
inline lading::result<std::vector<copy_job>> jobs_of_list(copy_request const& g, bool& some_done) {
    std::unordered_set<std::uint64_t> done;
    if (!g.resume.empty()) {
        LADING_TRY_V(lines::read_former(g.resume, "from", [&](lading::json_view entry) {
            auto const from = entry.find("from"), to = entry.find("to");
            if (from && to && !entry.find("error")) done.insert(lines::stable_hash(std::string(from->as_string().value_or("")) + ' ' + std::string(to->as_string().value_or(""))));
        }));
    }
    some_done = !done.empty();
    lines::file const list(g.list == "-" ? stdin : std::fopen(g.list.c_str(), "r"), g.list == "-" ? +[](std::FILE*) { return 0; } : &std::fclose);
    if (!list) return lading::error(lading::errc::invalid_argument).with_context(g.list + ": cannot be read");
    std::vector<copy_job> out;
    std::size_t number = 0;
    std::unordered_map<std::string, std::pair<std::string, std::size_t>> named; // what goes to a destination, and which line says so
    for (std::string line; lines::read_entry(list.get(), line, &number);) {
        auto words = entry_of(line, g.list_to);
        if (lines::stable_hash(without_tag(words.to)) % g.shards != g.shard || done.contains(lines::stable_hash(words.from + ' ' + words.to))) continue;
        auto const missing = lading::error(lading::errc::invalid_argument).with_context("a line is SRC DST, or with --to the name of an image in a registry");
        auto from = place_of(words.from), to = words.to.empty() ? lading::result<place>(missing) : place_of(words.to);
        auto const has_space = [](std::string const& text) { return text.find_first_of(" \t") != text.npos; };
        if (to && !to.assume_value().on_disk && has_space(words.to)) to = lading::error(lading::errc::invalid_argument).with_context("a line is SRC DST, and nothing more");
        if (to && has_own_name(to.assume_value())) {
            auto const [first, fresh] = named.try_emplace(words.to, words.from, number);
            if (!fresh && first->second.first != words.from)
                to = lading::error(lading::errc::invalid_argument).with_context("line " + std::to_string(first->second.second) + " has this destination, too");
        }
        out.push_back({std::move(words), (g.list == "-" ? "stdin" : g.list) + ':' + std::to_string(number), std::move(from), std::move(to)});
    }
    return out;
}

/// How many of many copies are over: a line on a terminal's stderr, five times a second.
class copy_tally {
  public:
    copy_tally(std::size_t total, bool shown) : total_(total), shown_(shown && isatty(STDERR_FILENO) == 1) {}
    void count(int ended, bool skipped) {
        std::lock_guard const lock(mutex_);
        if (skipped) ++skipped_;
        else if (ended == status::done) ++done_;
        else if (ended != status::interrupted) ++failed_;
        auto const now = std::chrono::steady_clock::now();
        if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
        last_ = now;
        std::fprintf(stderr, "\r%s\033[K", words().c_str());
    }
    void clear() const {
        if (shown_) std::fputs("\r\033[K", stderr);
    }
    std::string words() const {
        return std::to_string(done_) + " of " + std::to_string(total_) + " copied" + (skipped_ ? ", " + std::to_string(skipped_) + (skipped_ == 1 ? " left as it is" : " left as they are") : "") +
               (failed_ ? ", " + std::to_string(failed_) + " failed" : "");
    }
    /// The exit status: `partial` where some have failed and some have not.
    int status_of_all(bool some_done = false) const {
        if (failed_ == 0) return status::done;
        return done_ + skipped_ == 0 && !some_done ? status::failed : status::partial;
    }

  private:
    std::mutex mutex_;
    std::size_t total_, done_ = 0, skipped_ = 0, failed_ = 0;
    bool shown_;
    std::chrono::steady_clock::time_point last_{};
};

/// What of many has failed, as a line of JSON, and on stderr; the exit status. What was to be left as it is has not.
inline int tell_of_many(transfer_request const& what, std::string const& doing, lading::error const& e, registry_access const& args, bool& skipped) {
    skipped = what.copy.no_clobber && e == lading::errc::tag_exists;
    if (what.json) {
        auto w = begin_json(what);
        if (skipped) w.key("skipped").string(lading::name_of(e.kind()));
        else w.key("error").begin_object().key("code").string(lading::name_of(e.kind())).key("message").string(e.message()).end_object();
        print(w.end_object().take() + '\n');
    }
    return skipped ? status::done : tell(doing, e, args);
}

/// One of a list; the exit status.
inline int run_job(copy_job const& job, copy_request const& g, copy_sides const& sides, registries& known, std::shared_ptr<progress> const& display, bool& skipped,
                   lading::stop_token const& stop) {
    auto what = static_cast<transfer_request const&>(g);
    what.in_list = job.words;
    what.all_of_list = display;
    auto const ended = [&]() -> lading::result<int> {
        LADING_TRY(auto const from, job.from);
        LADING_TRY(auto const to, job.to);
        return copy_between(from, to, job.words.to, sides, known, nullptr, what, stop);
    }();
    if (ended) return ended.assume_value();
    auto const& e = ended.assume_error();
    if (e == lading::errc::cancelled) return status::interrupted; // left for the next run
    if (!job.from || !job.to) return tell_of_many(what, job.line + ": " + job.words.from + ' ' + job.words.to, e, sides.from, skipped);
    return tell_of_many(what, "copy " + job.words.from + " -> " + job.words.to, e, side_of(e, job.from.assume_value(), job.to.assume_value(), sides), skipped);
}

/// How many are shown: one by one, or by their number.
inline bool shows_each(transfer_request const& g) { return !g.quiet && (g.shown == progress_form::plain || g.shown == progress_form::json); }

/// A list; the exit status.
inline int copy_list(copy_request const& g, lading::stop_token const& stop) {
    copy_sides const sides(g);
    registries known;
    bool some_done = false; // by earlier runs
    auto const jobs = jobs_of_list(g, some_done);
    if (!jobs) return tell("copy --batch " + g.list, jobs.error(), sides.from);
    auto const& all = jobs.assume_value();
    copy_logins logins(g, sides);
    for (auto const& job : all)
        if (job.from && job.to) logins.add(job.from.assume_value(), job.to.assume_value());
    if (auto const alone = logins.check(); !alone) return tell("copy --batch " + g.list, alone.error(), sides.from);
    auto const display = std::make_shared<progress>(shows_each(g) ? g.shown : progress_form::none);
    copy_tally tally(all.size(), !shows_each(g) && !g.quiet && g.shown != progress_form::none);
    std::atomic<std::size_t> next = 0;
    auto const lane = [&] {
        for (std::size_t i = 0; !stop.stop_requested() && (i = next++) < all.size();) {
            bool skipped = false;
            int ended = status::failed;
            try {
                ended = run_job(all[i], g, sides, known, display, skipped, stop);
            } catch (std::bad_alloc const&) { // no line says that it is done: --resume goes on with it
                std::fputs("lading: there is no memory for one of the list\n", stderr);
            }
            tally.count(ended, skipped);
        }
    };
    std::vector<std::thread> others;
    try {
        for (std::size_t i = 1; i < std::min<std::size_t>(g.images, all.size()); ++i) others.emplace_back(lane);
    } catch (std::exception const&) { // no more threads can be started: fewer do it, too
    }
    lane();
    for (auto& t : others) t.join();
    tally.clear();
    if (!g.quiet && !g.dry_run) std::fprintf(stderr, "lading: %s\n", tally.words().c_str());
    if (!stop.stop_requested()) return tally.status_of_all(some_done);
    std::fprintf(stderr, "lading: interrupted; the copies that are whole stay, and the same command goes on%s\n",
                 !g.json ? "" : "; with --resume and this output it leaves out what is done");
    return status::interrupted;
}

/// Every tag; the exit status.
inline int copy_tags(copy_request const& g, lading::stop_token const& stop) {
    auto const doing = "copy --all-tags " + g.from + " -> " + g.to;
    copy_sides const sides(g);
    auto const from = place_of(g.from), to = place_of(g.to);
    for (auto const& [side, text] : {std::pair(&from, &g.from), std::pair(&to, &g.to)}) {
        if (!*side) return tell(doing, side->error(), sides.from);
        auto const& p = side->assume_value();
        if (p.on_disk ? !p.on_disk->words.empty() : without_tag(p.name) != p.name)
            return tell(doing, lading::error(lading::errc::invalid_argument).with_context(*text + ": with --all-tags it has no tag of its own"), sides.from);
    }
    copy_logins logins(g, sides);
    logins.add(from.assume_value(), to.assume_value());
    if (auto const alone = logins.check(); !alone) return tell(doing, alone.error(), sides.from);
    whole_pattern const include(g.include.empty() ? ".*" : g.include), exclude(g.exclude);
    if (!include.good() || !exclude.good())
        return tell(doing, lading::error(lading::errc::invalid_argument).with_context("--include and --exclude are POSIX extended regular expressions"), sides.from);
    auto what = static_cast<transfer_request const&>(g);
    progress display(shows_each(g) || g.shown == progress_form::bar ? g.shown : progress_form::none);
    auto options = g.copy;
    options.with_observer([&display](lading::transfer_event const& e) { display.tell(e); });
    options.with_names([&](std::string_view name) {
        std::string const text(name);
        return include.matches(text) && (g.exclude.empty() || !exclude.matches(text));
    });
    registries known;
    auto const copied = from_place<lading::copied_tags>(from.assume_value(), sides.from, known, stop, [&](auto& store, std::string const&, lading::reference const*) -> lading::result<lading::copied_tags> {
        auto const& disk = to.assume_value().on_disk;
        if (disk) return to_place<lading::copied_tags>(*disk, what.overwrite, false, stop, [&](auto& written) { return lading::copy_all_tags(store, written, options, stop); });
        LADING_TRY(auto const at, known.find(to.assume_value().name, sides.to));
        lading::registry_repository<lading::client> into(at.registry, at.ref.repository());
        return lading::copy_all_tags(store, into, options, stop);
    });
    display.finish();
    auto const side = [&](lading::error const& e) { return side_of(e, from.assume_value(), to.assume_value(), sides); };
    if (!copied) return tell_transfer(doing, copied.assume_error(), side(copied.assume_error()), to.assume_value().on_disk ? remains::parts : remains::wholes, what.overwrite);
    auto const& all = copied.assume_value().tags;
    copy_tally tally(all.size(), false);
    for (auto const& t : all) {
        what.in_list = list_entry{g.from + ':' + t.name, g.to + ':' + t.name};
        bool skipped = false;
        auto const ended = t.copied ? print_summary(what.in_list->to, *t.copied, what, t.name)
                                    : tell_of_many(what, "copy " + what.in_list->from + " -> " + what.in_list->to, *t.failure, side(*t.failure), skipped);
        tally.count(ended, skipped);
    }
    if (!g.quiet) std::fprintf(stderr, "lading: %s\n", tally.words().c_str());
    return tally.status_of_all();
}

inline int copy(copy_request const& g, lading::stop_token const& stop) {
    if (g.all_tags) return copy_tags(g, stop);
    if (!g.list.empty()) return copy_list(g, stop);
    return copy_one(g, place_of(g.from), "copy " + g.from + " -> " + g.to, stop);
}

/// Whether the words of the command line go together.
inline void check_copy(copy_request const& g) {
    bool const listed = !g.list.empty();
    if (listed ? !g.from.empty() : g.from.empty() || g.to.empty())
        throw CLI::ValidationError(listed ? "with --batch the list has SRC and DST" : "SRC and DST are required");
    if (listed && g.all_tags) throw CLI::ValidationError("--batch and --all-tags do not go together");
    if (!listed && (!g.resume.empty() || g.shards != 1 || !g.list_to.empty())) throw CLI::ValidationError("--resume, --shard and --to are for --batch");
    if (g.all_tags && g.dry_run) throw CLI::ValidationError("--dry-run is for one copy, or for --batch");
    if (!g.all_tags && (!g.include.empty() || !g.exclude.empty())) throw CLI::ValidationError("--include and --exclude are for --all-tags");
    if ((listed || g.all_tags) && (!g.digest_file.empty() || g.to == "-")) throw CLI::ValidationError("many copies have many digests, and do not go to stdout");
    if (!g.resume.empty() && !g.json) throw CLI::ValidationError("--resume reads what --format json has written, and goes on with that: --format json");
}

inline void add_copy(CLI::App& app, program& run) {
    auto const g = std::make_shared<copy_request>();
    auto* const c = app.add_subcommand("copy", "copy an image or an index between places: registries, layouts, archives")->alias("cp");
    char const* const places = "HOST/NAME[:TAG][@DIGEST] (also after docker://), oci:FOLDER[:NAME] or ocidir://FOLDER[:NAME], oci-archive:FILE[:NAME], "
                               "docker-archive:FILE[:NAME], archive:FILE[:NAME], dir:FOLDER; '-': an OCI archive on stdin or stdout";
    c->add_option("SRC", g->from, places);
    c->add_option("DST", g->to, "likewise");
    add_transfer_options(*c, *g);
    add_format_option(*c, *g);
    c->add_flag("--no-clobber", g->copy.no_clobber, "fail where the tag leads elsewhere; of many, leave it as it is");
    auto const of_many = [&](CLI::Option* o) { o->group("Many at once"); };
    of_many(c->add_flag("--all-tags", g->all_tags, "every tag of the repository, archive or layout SRC, to the same tag of DST"));
    of_many(c->add_option("--include", g->include, "only the tags that match all of this POSIX extended regular expression")->type_name("RE"));
    of_many(c->add_option("--exclude", g->exclude, "not those that match all of this one")->type_name("RE"));
    of_many(c->add_option("--batch", g->list, "every line of this file ('-': stdin): SRC DST; empty lines and those that begin with # are ignored")->type_name("FILE"));
    of_many(c->add_option("--to", g->list_to, "for lines with SRC only: copy to this, under the path and tag of SRC")->type_name("HOST[/PATH]"));
    of_many(c->add_option_function<std::string>("--shard", [g](std::string const& text) {
        char rest = 0;
        if (std::sscanf(text.c_str(), "%u/%u%c", &g->shard, &g->shards, &rest) != 2 || g->shard >= g->shards) throw CLI::ValidationError("--shard is I/N, with I from 0 to N-1"); }, "only shard I of N, counting from 0; a repository is always in one shard")->type_name("I/N"));
    of_many(c->add_option("--resume", g->resume, "leave out what this output of an earlier run, of --format json, has done")->type_name("FILE"));
    of_many(c->add_option("--images", g->images, "images copied at once (default 4)")->check(CLI::Range(1, 64))->type_name("N"));
    add_access_options(*c, g->args);
    add_access_options(*c, g->from_args, "src-");
    add_access_options(*c, g->to_args, "dest-");
    c->callback([g, &run] {
        check_copy(*g);
        run.status = copy(*g, run.stop);
    });
}
