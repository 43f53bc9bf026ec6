// SPDX-License-Identifier: BSL-1.0
// Files of this machine: credentials, registries.conf, images on disk.
#include "archive_files.hpp"
#include "target.hpp"

#include <lading/client/basic_client.hpp>
#include <lading/config_files/config_credentials.hpp>
#include <lading/config_files/registries_conf.hpp>
#include <lading/print/writers.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/image_on_disk.hpp>

#include "documents.hpp"

#include <algorithm>
#include <optional>

using namespace lading;
using fuzz::check_error;
using fuzz::member;
using fuzz::memory_file;
using fuzz::must;
using fuzz::seal;

namespace {

/// A secret that is long enough not to be a part of our own words.
void must_not_show(std::string_view text, credential const& secret) {
    for (auto const& s : {secret.password, secret.identity_token, secret.registry_token})
        must(s.size() < 12 || text.find(s) == text.npos, "what is wrong with an entry is told without its secret", text, s);
}

std::string blob_path(std::string_view bytes) { return "blobs/sha256/" + test::digest_of(bytes).substr(7); }

struct disk_policies : test::policies {
    using transport = store_transport<image_on_disk>;
    using credentials = no_credentials;
};

std::vector<std::string> layout_seeds() {
    auto const manifest = test::oci();
    auto const end = std::string(1024, '\0');
    auto const layout = member("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    auto const index = [&](std::string_view m) {
        return member("index.json", test::index(test::entry(media_types::oci_manifest, m,
                                                            R"(,"annotations":{"org.opencontainers.image.ref.name":"latest"})")));
    };
    auto const blobs = member(blob_path(manifest), manifest) + member(blob_path(test::config_bytes), test::config_bytes);
    auto const named = [](std::string const& own, std::string const& full) {
        return R"(,"annotations":{"org.opencontainers.image.ref.name":")" + own + R"(","io.containerd.image.name":")" + full + "\"}";
    };
    auto const saved = member("manifest.json", R"([{"Config":"c.json","RepoTags":["r:latest"],"Layers":["l/layer.tar","m/layer.tar"]}])") +
                       member("c.json", test::config_bytes) + member("l/layer.tar", "layer") + member("m/layer.tar", "", '2', "../l/layer.tar");
    return {layout + index(manifest) + blobs + end,
            saved + end,
            saved,
            member("././@LongLink", "oci-layout", 'L') + member("x", R"({"imageLayoutVersion":"1.0.0"})") + index(manifest) + blobs,
            member("pax", "19 path=oci-layout\n12 size=512\n", 'x') + member("x", std::string(512, ' ')),
            member("a", "x", '1', "b") + member("b", "y", '1', "a"),
            layout + index("other") + end,
            layout + member("index.json", R"({"manifests":[)" + test::entry(media_types::oci_manifest, manifest, named("team/app", "docker.io/library/a:1")) + ',' + test::entry(media_types::oci_manifest, manifest, named("v1.0+build5", "")) + ",7]}") + blobs + end,
            member("manifest.json", manifest) + member(test::digest_of(test::config_bytes).substr(7), test::config_bytes) + end,
            member("manifest.json", R"([{"Config":"c.json","RepoTags":["r:1","q.test/r:2"],"Layers":["./l/../l"]},{"Config":"c.json"},{}])") + member("c.json", test::config_bytes) + member("l", "layer"),
            member("manifest.json", R"([{"Config":"../../etc/passwd","Layers":["/etc/passwd"]}])")};
}

} // namespace

FUZZ_TARGET(auth_file, "files",
            {R"({"auths":{"https://index.docker.io/v1/":{"auth":"YWxpY2U6cHctQ0FOQVJZLTdmM2E="},"a.test:5000/team":{"identitytoken":"t"}},"credHelpers":{"b.test":"pass"},"credsStore":"secretservice"})",
             R"({"a.test":{"auth":"YWxpY2U6cHc=","email":"x"}})", "auth = YWxpY2U6cHc=\nemail = x\n",
             R"({"auths":{"a.test":{"username":"<token>","password":"refresh"}}})", R"({"auths":[]})", R"({"Username":"alice","Secret":"pw","ServerURL":"https://a.test"})",
             R"({"Username":"<token>","Secret":"refresh"})", "machine a.test login alice password pw\ndefault login anonymous password x\n",
             "machine a.test\n\tlogin alice\n\tmacdef init\nmachine b.test login bob", R"({"auths":{"a.test":{"auth":"bm8gY29sb24="}}})"}) {
    auto const file = parse_credential_file<strict_json>(input, "auth.json");
    if (!file) check_error(file.assume_error());
    else
        for (auto const& e : file.assume_value().auths) {
            must(detail::normalise_credential_key(e.key) == e.key || e.key.find("://") != std::string::npos || e.key.find("//") != std::string::npos,
                 "a key has one spelling", e.key, detail::normalise_credential_key(e.key));
            must_not_show(e.fault, e.secret);
        }
    if (auto const said = parse_helper_answer<strict_json>(input)) {
        auto const& secret = *said;
        must(secret.identity_token.empty() || secret.username.empty(), "a helper gives a login or a token");
        must(secret.registry_token.empty(), "a helper gives no registry token");
    }
    for (auto const host : {"a.test", "localhost", ""}) {
        auto const found = find_in_netrc(input, host);
        if (!found) continue;
        must(input.find("machine") != input.npos || input.find("default") != input.npos, "a login of netrc is of a machine", input);
        for (auto const& word : {found->username, found->password}) {
            must(input.find(word) != input.npos, "a word of netrc is as it was written", input, word);
            must(word.find_first_of(" \t\r\n") == word.npos, "a word of netrc has no white space", input, word);
        }
    }
}

FUZZ_TARGET(registries_conf, "files",
            {"unqualified-search-registries = [\"docker.io\"]\n[[registry]]\nprefix = \"a.test/x\"\nlocation = \"b.test/y\"\ninsecure = true\n"
             "[[registry.mirror]]\nlocation = \"m.test\"\npull-from-mirror = \"digest-only\"\n[aliases]\n\"app\" = \"a.test/app\"\n",
             "[[registry]]\nprefix = \"*.a.test\"\nblocked = true\n", "[registries.search]\nregistries = [\"a\"]\n", "registry = 1\n",
             "[[registry]]\nlocation = 'a.test'\nmirror-by-digest-only = true\nmirror = [{ location = \"m.test:5000\" }]\n",
             "a.b.c = 1\n# x\nd = \"\"\"\n\"\"\"\ne = 1979-05-27T07:32:00Z\nf = [1, [2]]\ng = 0x1F\nh = nan\n"}) {
    registry_rules rules;
    auto const read = add_registries_conf(rules, input);
    if (!read) {
        check_error(read.assume_error());
        must(read.assume_error() == errc::config_invalid, "a file is refused by one code");
    }
    for (auto const& r : rules.registries) {
        must(!r.prefix.empty(), "every entry has a prefix");
        for (auto const& m : r.mirrors) must(!m.location.empty(), "every mirror has a place", r.prefix);
    }
    for (auto const& [from, to] : rules.aliases) must(repository::parse(to).has_value(), "an alias stands for a name", from, to);
}

FUZZ_TARGET(image_on_disk, "documents", layout_seeds()) {
    if (input.size() > (32u << 10)) return;
    memory_file const file(seal(input));
    auto opened = image_on_disk::open(file.path());
    if (!opened) return check_error(opened.assume_error());
    std::optional<reference> found;
    auto listed = opened.assume_value().names();
    listed.resize(std::min<std::size_t>(listed.size(), 4));
    for (auto const& words : {std::string(), std::string("latest"), std::string("@1")}) listed.push_back(words);
    for (auto const& words : listed) {
        auto const ref = opened.assume_value().reference(words);
        if (!ref) {
            check_error(ref.assume_error());
            continue;
        }
        must(ref.assume_value().has_digest(), "an image on disk is found by its digest", words);
        auto const again = reference::parse(ref.assume_value().str());
        must(again && again.assume_value() == ref.assume_value(), "what it is called is a reference", words);
        if (!found) found = ref.assume_value();
    }
    basic_client<disk_policies> registry(std::move(opened).assume_value());
    auto const name = found.value_or(reference::parse("disk.test/r:latest").value());
    auto const tags = registry.tags(name.repository());
    if (!tags) check_error(tags.assume_error());
    auto const image = registry.inspect(name, inspect_options().with_platform(platform_choice::any()));
    if (!image) return check_error(image.assume_error());
    auto const& i = image.assume_value();
    if (i.kind != image_kind::schema1)
        must(i.resolved.digest.str() == test::digest_of(i.manifest_bytes, i.resolved.digest.algorithm()), "the digest is that of the bytes");
    if (i.config && !i.config_bytes.empty() && i.kind != image_kind::schema1)
        must(i.config->digest.str() == test::digest_of(i.config_bytes, i.config->digest.algorithm()), "the config has its digest");
    for (auto const& l : i.layers) {
        if (l.blob.size > 4096) continue;
        memory_sink sink(4096);
        auto const blob = registry.blob(name, l.blob, sink);
        if (!blob) check_error(blob.assume_error());
        else must(test::digest_of(sink.bytes(), l.blob.digest.algorithm()) == l.blob.digest.str(), "a layer has its digest");
    }
    for (char const c : to_table(i)) must(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "a table has no control character");
}
