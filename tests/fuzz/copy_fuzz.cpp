// SPDX-License-Identifier: BSL-1.0
// What a copy makes of documents, and which names of files it writes.
#include "target.hpp"

#include <lading/bulk/copy_plan.hpp>
#include <lading/store/file_title.hpp>
#include <lading/store/path_inside.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace lading;
using fuzz::must;

FUZZ_TARGET(titles, "files",
            {"a\nb/c.txt\nmodel.gguf", "A\na", "caf\xc3\xa9\ncafe\xcc\x81", "a\na/b", "m\nm.part", "../x", "/etc/passwd", "CON.txt", "a/../b", "C:x", "stra\xc3\x9f"
                                                                                                                                                      "e\nSTRASSE",
             "\xea\xb0\x80\n\xe1\x84\x80\xe1\x85\xa1", "\xe2\x84\xab\n\xc3\xa5", "a\x1b[2J", "com\xc2\xb9", "x /y", "\xce\xa3\n\xcf\x82\n\xcf\x83", "d/A\nd/a"}) {
    std::vector<std::string> titles;
    for (auto const line : fuzz::lines_of(input))
        if (titles.size() < 300) titles.emplace_back(line); // one alone may have 255 parts, and many may share them
    auto const verdict = check_titles(titles);
    if (!verdict) fuzz::check_error(verdict.assume_error());
    auto reversed = titles;
    std::reverse(reversed.begin(), reversed.end());
    must(check_titles(reversed).has_value() == verdict.has_value(), "the order of names means nothing", input);
    for (auto const& t : titles) {
        auto const one = check_titles({t});
        must(one.has_value() || !verdict, "a name that is refused alone is refused among others", t);
        if (!one) continue;
        must(detail::path_inside(t) == t, "a name leads to one place inside the folder", t);
        auto swapped = t;
        for (char& c : swapped) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32)
                                                                                                            : c;
        must(same_name_key(t) == same_name_key(swapped), "capitals mean nothing", t);
        must(!check_titles({t, swapped}), "two spellings of one name are refused", t);
        must(!check_titles({t, t + "/x"}), "a file is no folder", t);
    }
}

FUZZ_TARGET(copied_documents, "documents",
            {R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":5,"platform":{"os":"linux","architecture":"amd64"}},{"mediaType":"application/vnd.example","digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","size":5}]})"
             "\n"
             R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","size":7,"urls":["https://x.example/l"]}]})",
             R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"a/b","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"layers":[]})",
             R"({"schemaVersion":1,"name":"x","tag":"1","architecture":"a","fsLayers":[{"blobSum":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}],"history":[{"v1Compatibility":"{}"}]})",
             R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[{"mediaType":"a/b","digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","size":7}]})"}) {
    auto const lines = fuzz::lines_of(input);
    auto const choice = lines[0].empty() ? 0u : static_cast<unsigned>(static_cast<unsigned char>(lines[0].back()));
    copy_options options;
    if (choice & 1) options.with_platform(platform("linux", "amd64", ""));
    if (choice & 2) options.with_sparse();
    if (choice & 4) options.with_schema1();
    if (choice & 8) options.with_external(external_layers::leave);
    options.bounds.copied_documents = 20;
    options.bounds.copied_blobs = 50;
    copy_plan plan(options);
    plan.begin(descriptor({}, constant_digest_of("top"), descriptor::unknown_size));
    std::size_t next = 0;
    std::map<digest, std::size_t> read; // how often
    for (auto due = plan.take_documents(); !due.empty(); due = plan.take_documents())
        for (auto const& what : due) {
            must(++read[what.digest] == 1, "a document is read once", what.digest.str());
            must(read.size() <= 20 + options.bounds.nesting, "documents are bounded");
            bool const missing = next > 0 && lines[next % lines.size()].empty();
            auto const taken = missing ? plan.add_missing(what, error(errc::manifest_unknown)) : plan.add(what, std::string(lines[next % lines.size()]));
            ++next;
            if (!taken) return fuzz::check_error(taken.assume_error());
        }
    std::set<digest> blobs;
    bool configs = true;
    std::int64_t last = INT64_MAX;
    must(plan.blobs().size() <= 50, "blobs are bounded");
    for (auto const& b : plan.blobs()) {
        must(blobs.insert(b.what.digest).second, "a blob is there once", b.what.digest.str());
        must(!b.is_config || configs, "configs come first", b.what.digest.str());
        if (configs && !b.is_config) last = INT64_MAX;
        configs = b.is_config;
        must(b.what.size <= last, "large blobs come before small ones", b.what.digest.str());
        last = b.what.size;
        if (b.bytes) must(constant_digest_of(*b.bytes, b.what.digest.algorithm()) == b.what.digest, "bytes that are not asked for are the blob", b.what.digest.str());
    }
    std::set<digest> before;
    auto const documents = plan.documents();
    for (auto const* d : documents) {
        must(d->known, "only what was read is written", d->what.digest.str());
        must(before.insert(d->what.digest).second, "a document is written once", d->what.digest.str());
    }
    must(!documents.empty() && documents.back()->what.digest == plan.top().digest, "the top is written last", plan.top().digest.str());
}
