// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#credentials-key: files, keys and helpers. The helpers are real programs in a folder on PATH.
#include "catch.hpp"
#include <lading/config_files/config_credentials.hpp>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace config_credentials_test {

using namespace lading;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> variables;
char const* environment(char const* name) {
    auto const at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
}

/// A home of its own, gone with the object; `bin` in it is on PATH.
class home {
  public:
    home() {
        char name[] = "/tmp/lading-home-XXXXXX";
        folder_ = ::mkdtemp(name);
        fs::create_directories(folder_ / "bin");
        old_path_ = std::getenv("PATH");
        ::setenv("PATH", ((folder_ / "bin").string() + ":" + old_path_).c_str(), 1);
        variables = {{"HOME", folder_.string()}, {"XDG_RUNTIME_DIR", (folder_ / "run").string()}};
    }
    ~home() {
        ::setenv("PATH", old_path_.c_str(), 1);
        fs::remove_all(folder_);
    }
    std::string write(std::string const& path, std::string const& text) {
        auto const at = folder_ / path;
        fs::create_directories(at.parent_path());
        std::ofstream(at) << text;
        return at.string();
    }
    void helper(std::string const& name, std::string const& script) {
        auto const at = write("bin/docker-credential-" + name, "#!/bin/sh\n" + script + "\n");
        fs::permissions(at, fs::perms::owner_all);
    }
    std::string read(std::string const& path) {
        std::ifstream in(folder_ / path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    fs::path const& folder() const { return folder_; }

  private:
    fs::path folder_;
    std::string old_path_;
};

config_credentials_options options() {
    return config_credentials_options().with_environment(environment).with_helper_timeout(30s);
}
std::string auth(std::string const& login) { return R"({"auth":")" + detail::base64_encode(login) + "\"}"; }

/// "user:password", "identity TOKEN", "registry TOKEN", "none", or the name of the error's code.
std::string ask(config_credentials& c, std::string const& host, std::string const& repository = "a/b") {
    auto const r = c.lookup({host, repository});
    if (!r) {
        CHECK(r.error().message().find("CANARY") == std::string::npos);
        CHECK(c.explain({host, repository}).find("CANARY") == std::string::npos);
        return std::string(name_of(r.error().kind()));
    }
    if (!r.value()) return "none";
    auto const& s = *r.value();
    CHECK(!s.source.empty());
    CHECK(c.explain({host, repository}).find("CANARY") == std::string::npos);
    if (!s.registry_token.empty()) return "registry " + s.registry_token;
    if (!s.identity_token.empty()) return "identity " + s.identity_token;
    return s.username + ':' + s.password;
}
std::string in_file(std::string const& text, std::string const& host = "r.example", std::string const& repository = "a/b") {
    home h;
    config_credentials c(options().with_authfile(h.write("auth.json", text)));
    return ask(c, host, repository);
}

} // namespace

// The folder of `--docker-cfg`: what early clients did with it, put right.
TEST_CASE("folder: without a file the login of the caller, with one the caller's before the file's", "[spec-3.7][row-1][row-2]") {
    home h;
    auto const now = [&](config_credentials_options o) {
        variables["DOCKER_CONFIG"] = h.folder().string() + "/docker";
        config_credentials c(std::move(o));
        return ask(c, "r.example");
    };
    auto const flags = options().with_login(credential("flag", "1"));
    CHECK(now(options()) == "none"); // row 1: does not exist
    CHECK(now(flags) == "flag:1");
    fs::create_directories(h.folder() / "docker"); // row 2: the folder exists, and no file
    CHECK(now(flags) == "flag:1");
    CHECK(now(options()) == "none");
    h.write(".dockercfg", R"({"r.example":)" + auth("legacy:1") + "}");
    CHECK(now(options()) == "legacy:1");
    h.write("docker/config.json", R"({"auths":{"r.example":)" + auth("file:1") + "}}");
    CHECK(now(options()) == "file:1");
    CHECK(now(flags) == "flag:1");
}

namespace {
std::string one(std::string const& entry) { return R"({"auths":{"r.example":)" + entry + "}}"; }
} // namespace

TEST_CASE("an entry with auth", "[spec-3.7][row-1]") {
    CHECK(in_file(one(auth("u:p"))) == "u:p");
    CHECK(in_file(one(auth("u:p:q"))) == "u:p:q"); // the first colon
    CHECK(in_file(one(auth(std::string("u:p\0\0", 5)))) == "u:p");
    CHECK(in_file(one(R"({"auth":"dTpwYX\r\nNz"})")) == "u:pass"); // line ends tolerated
}
TEST_CASE("entry: an empty auth is what stores leave behind, and nobody's trouble", "[spec-3.7][row-2][spec-10.63]") {
    CHECK(in_file(one(R"({"auth":""})")) == "none");
    CHECK(in_file(one("{}")) == "none");
    CHECK(in_file(R"({"auths":{"bad.example":{"auth":"!"},"r.example":)" + auth("u:p") + "}}") == "u:p");
    CHECK(in_file(R"({"auths":{"bad.example":{"auth":""},"r.example":)" + auth("u:p") + "}}") == "u:p");
}
TEST_CASE("entry: no colon, bad base64, another type", "[spec-3.7][row-3]") {
    CHECK(in_file(one(auth("CANARY-without-colon"))) == "credentials_invalid");
    CHECK(in_file(one(R"({"auth":"CANARY!"})")) == "credentials_invalid");
    CHECK(in_file(one(R"({"auth":7})")) == "credentials_invalid");
    CHECK(in_file(one("7")) == "credentials_invalid");
}
TEST_CASE("entry: username and password, where there is no auth", "[spec-3.7][row-4][spec-10.66]") {
    CHECK(in_file(one(R"({"username":"u","password":"p"})")) == "u:p");
    CHECK(in_file(one(R"({"auth":")" + detail::base64_encode("a:b") + R"(","username":"u","password":"p"})")) == "a:b");
}
TEST_CASE("an entry with registrytoken", "[spec-3.7][row-5]") { CHECK(in_file(one(R"({"registrytoken":"t"})")) == "registry t"); }
TEST_CASE("entry: identitytoken is kept with its entry; HttpHeaders are ignored", "[spec-3.7][spec-3.8][row-6]") {
    CHECK(in_file(one(R"({"identitytoken":"t"})")) == "identity t");
    CHECK(in_file(one(R"({"auth":")" + detail::base64_encode("u:") + R"(","identitytoken":"t"})")) == "identity t");
    CHECK(in_file(one(auth("<token>:t"))) == "identity t");
    CHECK(in_file(R"({"auths":{"r.example":)" + auth("u:p") + R"(},"HttpHeaders":{"X":"y"}})") == "u:p");
}
TEST_CASE("entry: what a file may be", "[spec-3.7][row-7]") {
    CHECK(in_file("") == "none");
    CHECK(in_file("{") == "credentials_invalid");
    CHECK(in_file("[]") == "credentials_invalid");
    CHECK(in_file(R"({"auths":{}} CANARY)") == "credentials_invalid");
    CHECK(in_file(R"({"auths":7})") == "credentials_invalid");
    CHECK(in_file(R"({"credsStore":7})") == "credentials_invalid");
    CHECK(in_file(R"({"auths":{"r.example":{},"r.example":{}}})") == "credentials_invalid");
    CHECK(in_file(std::string((1u << 20) + 1, ' ')) == "credentials_invalid");
    CHECK(in_file("{}") == "none");
}
TEST_CASE("entry: the older file, the same entries without auths", "[spec-3.7][row-8]") {
    CHECK(in_file(R"({"r.example":)" + auth("u:p") + "}") == "u:p");
    CHECK(in_file(R"({"https://r.example/v1/":)" + auth("u:p") + "}") == "u:p");
    CHECK(in_file(R"({"r.example":)" + auth("u:p") + "}", "other.example") == "none");
}
TEST_CASE("entry: the oldest file, two lines for Docker Hub", "[spec-3.7][row-9]") {
    auto const lines = "auth = " + detail::base64_encode("u:p") + "\nemail = x@y.z\n";
    CHECK(in_file(lines, "docker.io") == "u:p");
    CHECK(in_file(lines, "r.example") == "none");
    CHECK(in_file("auth = CANARY\n", "docker.io") == "credentials_invalid");
    CHECK(in_file("auth", "docker.io") == "credentials_invalid");
}

TEST_CASE("lookup: a key is its host, however it is written", "[spec-3.7][spec-3.8][row-4]") {
    for (auto const* key : {"r.example", "https://r.example", "http://r.example", "https://r.example/v1/", "r.example/v2/",
                            "https://r.example/v2", "R.example", "https://r.example/anything"}) {
        INFO(key);
        CHECK(in_file(R"({"auths":{")" + std::string(key) + "\":" + auth("u:p") + "}}") == "u:p");
        CHECK(in_file(R"({"auths":{")" + std::string(key) + "\":" + auth("u:p") + "}}", "r.example:5000") == "none");
        CHECK(in_file(R"({"auths":{")" + std::string(key) + "\":" + auth("u:p") + "}}", "x.r.example") == "none");
    }
    for (auto const* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"}) {
        INFO(key);
        CHECK(in_file(R"({"auths":{")" + std::string(key) + "\":" + auth("u:p") + "}}", "docker.io", "library/x") == "u:p");
    }
}

TEST_CASE("which files, in which order", "[spec-3.8][row-1]") {
    auto const with = [](std::string const& login) { return R"({"auths":{"r.example":)" + auth(login) + "}}"; };
    home h;
    auto now = [&](config_credentials_options o = options()) {
        config_credentials c(std::move(o));
        return ask(c, "r.example");
    };
    CHECK(now() == "none");
    h.write(".dockercfg", R"({"r.example":)" + auth("legacy:1") + "}");
    CHECK(now() == "legacy:1");
    h.write(".docker/config.json", with("docker:1"));
    CHECK(now() == "docker:1");
    h.write(".config/containers/auth.json", with("config:1"));
    CHECK(now() == "config:1");
    h.write("run/containers/auth.json", with("runtime:1"));
    CHECK(now() == "runtime:1");
    auto const only = h.write("only.json", with("only:1"));
    variables["REGISTRY_AUTH_FILE"] = only;
    CHECK(now() == "only:1");
    auto const other = h.write("other.json", "{}");
    CHECK(now(options().with_authfile(other)) == "none"); // this one and no other
    CHECK(now(options().with_authfile(h.folder().string() + "/none.json")) == "credentials_invalid");
    CHECK(now(options().with_login(credential("flag", "1"))) == "flag:1"); // 10.64: flags win
    CHECK(now(options().with_login(credential("flag", "1"), "elsewhere.example")) == "only:1");
    auto const two = options().with_login(credential("flag", "1"), "R.example").with_login(credential("flag", "2"), "elsewhere.example");
    CHECK(now(two) == "flag:1"); // each host has its own
    CHECK(now(config_credentials_options(two).with_login(credential("all", "1"))) == "flag:1");
    CHECK(now(options().with_login(credential("flag", "1"), "elsewhere.example").with_login(credential("all", "1"))) == "all:1");

    variables.erase("REGISTRY_AUTH_FILE");
    fs::remove_all(h.folder() / "run");
    h.write("xdg/containers/auth.json", with("xdg:1"));
    variables["XDG_CONFIG_HOME"] = h.folder().string() + "/xdg";
    CHECK(now() == "xdg:1");
    fs::remove_all(h.folder() / "xdg");
    h.write("docker/config.json", with("env:1"));
    variables["DOCKER_CONFIG"] = h.folder().string() + "/docker";
    CHECK(now() == "env:1");
}

TEST_CASE("of one file the helper of the host goes before its entries", "[spec-3.8][row-2]") {
    home h;
    h.helper("one", "read host; echo '{\"Username\":\"helper\",\"Secret\":\"'$host'\"}'");
    auto const file = R"({"auths":{"r.example":)" + auth("u:p") + R"(},"credHelpers":{"r.example":"one","r.example:5000":"one"}})";
    auto const with = [&](std::string const& host) {
        config_credentials c(options().with_authfile(h.write("auth.json", file)));
        return ask(c, host);
    };
    CHECK(with("r.example") == "helper:r.example");
    CHECK(with("r.example:5000") == "helper:r.example:5000");
    CHECK(with("r.example:5001") == "none");
}
TEST_CASE("the longest prefix of the repository", "[spec-3.8][row-3]") {
    auto const file = R"({"auths":{"r.example":)" + auth("host:1") + R"(,"r.example/ns":)" + auth("ns:1") + R"(,"r.example/ns/repo":)" +
                      auth("repo:1") + "}}";
    CHECK(in_file(file, "r.example", "ns/repo") == "repo:1");
    CHECK(in_file(file, "r.example", "ns/other") == "ns:1");
    CHECK(in_file(file, "r.example", "nsx") == "host:1");
    CHECK(in_file(file, "r.example", "x/ns") == "host:1");
    CHECK(in_file(file, "other.example", "ns/repo") == "none");
}
TEST_CASE("an empty auth is skipped, in favour of a shorter key too", "[spec-3.8][row-5]") {
    CHECK(in_file(R"({"auths":{"r.example/a":{"auth":""},"r.example":)" + auth("u:p") + "}}", "r.example", "a/b") == "u:p");
    CHECK(in_file(R"({"auths":{"r.example":{"auth":""}}})") == "none");
}
TEST_CASE("what a helper is asked and may answer", "[spec-3.8][row-7]") {
    home h;
    auto const with = [&](std::string const& script) {
        h.helper("x", script);
        config_credentials c(options().with_authfile(h.write("auth.json", R"({"credHelpers":{"r.example:5000":"x"}})")));
        return ask(c, "r.example:5000");
    };
    CHECK(with("read host; echo '{\"ServerURL\":\"'$host'\",\"Username\":\"'$1'\",\"Secret\":\"'$host'\"}'") == "get:r.example:5000");
    CHECK(with("echo '{\"ServerURL\":\"x\",\"Username\":\"<token>\",\"Secret\":\"t\"}'") == "identity t");
    CHECK(with("echo 'credentials not found in native keychain'; exit 1") == "none");
    CHECK(with("echo 'no usernames for this'; exit 1") == "credential_helper_failed");
}
TEST_CASE("credsStore is the helper of all hosts of its file", "[spec-3.8][row-8]") {
    home h;
    h.helper("all", "read host; echo '{\"Username\":\"store\",\"Secret\":\"'$host'\"}'");
    for (auto const* host : {"r.example", "other.example:5000"}) {
        config_credentials c(options().with_authfile(h.write("config.json", R"({"auths":{"r.example":{}},"credsStore":"all"})")));
        CHECK(ask(c, host) == "store:" + std::string(host));
    }
}

TEST_CASE("30 references and where their logins come from") {
    home h;
    h.helper("one", "read host; echo \"$host\" >> \"" + h.folder().string() +
                        "/asked\"; echo '{\"ServerURL\":\"x\",\"Username\":\"one\",\"Secret\":\"s\"}'");
    h.helper("tok", "echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'");
    h.helper("none", "echo 'credentials not found in native keychain'; exit 1");
    h.helper("store", "read host; case $host in store.example) echo '{\"Username\":\"stored\",\"Secret\":\"s\"}';; "
                      "*) echo 'credentials not found in native keychain'; exit 1;; esac");
    h.write("run/containers/auth.json",
            R"({"auths":{"r.example":)" + auth("host:1") + R"(,"r.example/team":)" + auth("team:1") +
                R"(,"r.example/team/app":)" + auth("app:1") + R"(,"docker.io":)" + auth("hub:1") +
                R"(,"docker.io/library":)" + auth("library:1") + R"(,"p.example:5000":)" + auth("port:1") +
                R"(,"quay.io":{"identitytoken":"q"},"ghcr.io":{"registrytoken":"g"},"empty.example":{"auth":""}},)"
                R"("credHelpers":{"helped.example":"one","token.example":"tok","nothing.example":"none","both.example":"one"}})");
    h.write(".docker/config.json",
            R"({"auths":{"r.example":)" + auth("later:1") + R"(,"r.example/team/app/deep":)" + auth("deep:1") +
                R"(,"second.example":)" + auth("second:1") + R"(,"both.example":)" + auth("file:1") +
                R"(,"both.example/ns":)" + auth("ns:1") + R"(,"empty.example":)" + auth("filled:1") + R"(},"credsStore":"store"})");
    h.write(".netrc", "machine netrc.example login n password 1\ndefault login d password 1\n");
    struct row {
        char const *host, *repository, *expected;
    };
    row const rows[] = {
        {"r.example", "a", "host:1"},
        {"r.example", "a/b", "host:1"},
        {"r.example", "team/x", "team:1"},
        {"r.example", "team", "team:1"},
        {"r.example", "teams/x", "host:1"},
        {"r.example", "team/app", "app:1"},
        {"r.example", "team/app/x", "app:1"},
        {"r.example", "team/app/deep", "app:1"},     // file by file: the next one is not asked
        {"r.example", "team/app/deep/x", "app:1"},
        {"r.example:5000", "a", "d:1"},
        {"sub.r.example", "a", "d:1"},
        {"docker.io", "library/debian", "library:1"},
        {"docker.io", "user/app", "hub:1"},
        {"p.example:5000", "a", "port:1"},
        {"p.example", "a", "d:1"},
        {"quay.io", "a/b", "identity q"},
        {"ghcr.io", "a/b", "registry g"},
        {"empty.example", "a", "filled:1"},          // an empty entry is none
        {"second.example", "a", "second:1"},
        {"helped.example", "a", "one:s"},
        {"helped.example", "b/c", "one:s"},
        {"token.example", "a", "identity t"},
        {"nothing.example", "a", "d:1"},             // the helper has none, nor has the store of the next file
        {"both.example", "a", "one:s"},              // the first file
        {"both.example", "ns/a", "one:s"},
        {"store.example", "a", "stored:s"},
        {"unknown.example", "a", "d:1"},
        {"netrc.example", "a", "n:1"},
        {"netrc.example:443", "a", "n:1"},
        {"127.0.0.1:5000", "a", "d:1"},
        {"localhost:5000", "a/b/c", "d:1"},
        {"[::1]:5000", "a", "d:1"},
    };
    config_credentials c(options().with_netrc());
    for (auto const& r : rows) {
        INFO(r.host << '/' << r.repository);
        CHECK(ask(c, r.host, r.repository) == r.expected);
    }
    CHECK(h.read("asked") == "helped.example\nboth.example\n"); // each host once
    CHECK(c.explain({"r.example", "team/x"}) ==
          "a user name and password from " + h.folder().string() + "/run/containers/auth.json, entry r.example/team");
    CHECK(c.explain({"token.example", "a"}).find("an identity token from docker-credential-tok of ") == 0);
    config_credentials without(options());
    CHECK(without.explain({"unknown.example", "a"}) == "no login for unknown.example/a");
}

/// Those that hang are given up soon, but not before they have said something; no other is, however busy the machine.
std::chrono::milliseconds time_for(std::string const& script) {
    if (script.find("sleep 6174") == script.npos) return 30s;
    return script.find(">&2") == script.npos ? 400ms : 3s;
}

TEST_CASE("helpers that fail") {
    home h;
    auto const with = [&](std::string const& script, std::size_t most = 64u << 10, std::string const& name = "x") {
        if (!script.empty()) h.helper("x", script);
        auto o = options().with_authfile(h.write("auth.json", R"({"credHelpers":{"r.example":")" + name + "\"}}"));
        o.with_helper_timeout(time_for(script)).helper_output = most;
        config_credentials c(std::move(o));
        auto const begun = std::chrono::steady_clock::now();
        auto out = ask(c, "r.example");
        CHECK(std::chrono::steady_clock::now() - begun < 20s);
        return out;
    };
    CHECK(with("cat > /dev/null; echo '{\"Username\":\"u\",\"Secret\":\"p\"}'") == "u:p");
    CHECK(with("echo '{\"Username\":\"u\",\"Secret\":\"p\"}'") == "u:p"); // does not even read
    CHECK(with("sleep 6174") == "credential_helper_timeout");
    CHECK(with("echo '{}'; exec sleep 6174") == "credential_helper_timeout");
    CHECK(with("sleep 6174 & echo CANARY") == "credential_helper_timeout"); // what it left behind holds the output open
    CHECK(with("exec 1>&-; sleep 6174") == "credential_helper_timeout");
    CHECK(with("echo '{\"Username\":\"u\",\"Secret\":\"CANARY\"'; exit 1") == "credential_helper_failed");
    CHECK(with("kill -SEGV $$") == "credential_helper_failed");
    CHECK(with("while :; do echo CANARY; done", 4096) == "credential_helper_output");
    CHECK(with("echo CANARY") == "credential_helper_output");
    CHECK(with("echo '{\"Username\":7}'") == "credential_helper_output");
    CHECK(with("true") == "credential_helper_output");
    CHECK(with("", 4096, "does-not-exist") == "credential_helper_failed");
    CHECK(with("", 4096, "../../bin/sh") == "credentials_invalid");
    CHECK(with("", 4096, "") == "none"); // W22: no helper, but the file's entry
    CHECK(::system("n=0; while pgrep -f 'sleep 617[4]' > /dev/null; do [ $((n += 1)) -lt 100 ] || exit 1; sleep 0.1; done") == 0); // none is left
}

TEST_CASE("what a helper that fails wrote is told, bounded and printable", "[W25]") {
    home h;
    auto const with = [&](std::string const& script, std::string const& name = "x") {
        if (!script.empty()) h.helper("x", script);
        auto o = options().with_authfile(h.write("auth.json", R"({"credHelpers":{"r.example":")" + name + "\"}}"));
        config_credentials c(std::move(o.with_helper_timeout(time_for(script))));
        auto const got = c.lookup({"r.example", "a/b"});
        CHECK(!got.has_value());
        auto text = got ? std::string() : got.error().message();
        for (char const ch : text) CHECK(detail::is_print(ch));
        CHECK(text.size() < 1500);
        return text;
    };
    for (auto const* secret : {"echo '{\"username\":\"x\",\"secret\":\"CANARY\"}'; exit 1", "echo '{\"a\":\"CANARY\"}'; exit 1", "echo 'SECRET=CANARY'; exit 1"})
        CHECK(with(secret).find("CANARY") == std::string::npos);
    auto const has = [](std::string const& text, std::string_view part) {
        INFO(text);
        CHECK(text.find(part) != text.npos);
    };
    has(with("echo 'the keychain is locked' >&2; exit 1"), "docker-credential-x: exit status 1: the keychain is locked");
    has(with("echo 'no session bus'; exit 3"), "exit status 3: no session bus");
    has(with("echo out; printf 'one\ntwo\n' >&2; exit 1"), "exit status 1: one; two; out");
    has(with("printf '\033[31mred\007' >&2; exit 1"), "exit status 1: ?[31mred?");
    has(with("while [ ${i:-0} -lt 3000 ]; do i=$((i+1)); echo 0123456789012345678901234567890123456789 >&2; done; exit 1"), "...");
    has(with("echo waiting for a pin >&2; exec sleep 6174"), "3000 ms: waiting for a pin");
    has(with("echo '<html>'; echo odd >&2"), "no JSON with Username and Secret: odd");
    has(with("", "does-not-exist"), "docker-credential-does-not-exist: No such file or directory");
    // What is left behind with the standard error in its hand holds up nobody.
    auto const begun = std::chrono::steady_clock::now();
    has(with("(exec >&-; sleep 60) & echo quick >&2; exit 1"), "quick");
    CHECK(std::chrono::steady_clock::now() - begun < 20s);
}

TEST_CASE("a helper that fails passes the question on, with a remark; its failure is kept for a moment", "[W25]") {
    home h;
    h.helper("bad", "echo run >> " + h.folder().string() + "/runs; echo 'is locked' >&2; exit 1");
    auto const file = h.write("config.json", R"({"credsStore":"bad","auths":{"r.example":)" + auth("u:p") + "}}");
    config_credentials c(options().with_authfile(file));
    auto const got = c.lookup({"r.example", "a/b"});
    REQUIRE(got.has_value());
    REQUIRE(got.value().has_value());
    CHECK(got.value()->password == "p");
    CHECK(got.value()->remark.find("credential_helper_failed") == 0);
    CHECK(got.value()->remark.find("is locked") != std::string::npos);
    CHECK(ask(c, "r.example") == "u:p");
    CHECK(ask(c, "other.example") == "credential_helper_failed"); // nothing else is there
    CHECK(h.read("runs") == "run\nrun\n"); // once a host
}

TEST_CASE("a helper inherits no open file, nor the signal mask and what is ignored", "[V08][V14]") {
    home h;
    auto const leaked = ::open("/dev/null", O_RDONLY); // without close-on-exec, as a careless program has them
    REQUIRE(leaked > 2);
    h.helper("look", "{ [ -e /proc/$$/fd/" + std::to_string(leaked) + " ] && echo inherited; grep -E 'Sig(Blk|Ign)' /proc/self/status; } > " +
                         h.folder().string() + "/seen; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
    sigset_t blocked, before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    auto* const old = ::signal(SIGPIPE, SIG_IGN);
    config_credentials c(options().with_authfile(h.write("auth.json", R"({"credHelpers":{"r.example":"look"}})")));
    CHECK(ask(c, "r.example") == "u:s");
    ::signal(SIGPIPE, old);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(leaked);
    auto const seen = h.read("seen");
    INFO(seen);
    CHECK(seen.find("inherited") == std::string::npos);
    auto const bits = [&](std::string const& name) { return std::stoull(seen.substr(seen.find(name) + name.size()), nullptr, 16); };
    CHECK(bits("SigBlk:") == 0);
    CHECK((bits("SigIgn:") >> (SIGPIPE - 1) & 1) == 0);
}

TEST_CASE("a helper's group is killed while its leader is not reaped, and children that the system reaps are no trouble", "[V14]") {
    home h;
    h.helper("x", "(exec >&- 2>&-; sleep 61) & echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
    auto const file = h.write("auth.json", R"({"credHelpers":{"r.example":"x"}})");
    config_credentials c(options().with_authfile(file));
    CHECK(ask(c, "r.example") == "u:s");
    CHECK(::system("n=0; while pgrep -f 'sleep 6[1]' > /dev/null; do [ $((n += 1)) -lt 100 ] || exit 1; sleep 0.1; done") == 0); // none is left
    h.helper("x", "echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
    auto* const old = ::signal(SIGCHLD, SIG_IGN);
    config_credentials again(options().with_authfile(file));
    CHECK(ask(again, "r.example") == "u:s");
    ::signal(SIGCHLD, old);
}

TEST_CASE("a password without a user name is a login", "[W30]") {
    CHECK(in_file(one(auth(":p"))) == ":p");
    CHECK(in_file(one(R"({"username":"","password":"p"})")) == ":p");
    home h;
    h.helper("x", "echo '{\"Username\":\"\",\"Secret\":\"p\"}'");
    config_credentials c(options().with_authfile(h.write("auth.json", R"({"credHelpers":{"r.example":"x"}})")));
    CHECK(ask(c, "r.example") == ":p");
}

TEST_CASE("a login is for a host however it is written, and for what is no host it is refused") {
    home h;
    for (auto const* host : {"r.example", "R.example", "https://r.example", "http://r.example/", "r.example/", "https://r.example/v2/"}) {
        INFO(host);
        config_credentials c(options().with_login(credential("u", "p"), host));
        CHECK(ask(c, "r.example") == "u:p");
        CHECK(ask(c, "r.example:5000") == "none");
        fixed_credentials one(credential("u", "p"), host);
        CHECK(one.lookup({"r.example", "a"}).value().has_value());
        CHECK(!one.lookup({"other.example", "a"}).value().has_value());
    }
    for (auto const* host : {"docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"})
        for (auto const* asked : {"docker.io", "registry-1.docker.io"}) {
            config_credentials c(options().with_login(credential("u", "p"), host));
            CHECK(ask(c, asked) == "u:p");
            CHECK(fixed_credentials(credential("u", "p"), host).lookup({asked, "a"}).value().has_value());
        }
    for (auto const* host : {"r.example/team", "https://", "docker://r.example", "user@r.example", "/", "r example"}) {
        INFO(host);
        config_credentials c(options().with_login(credential("u", "p"), host));
        CHECK(ask(c, "r.example") == "config_invalid");
        CHECK(fixed_credentials(credential("u", "p"), host).lookup({"r.example", "a"}).error() == errc::config_invalid);
    }
}

TEST_CASE("a Docker config in memory, with the rules of a file, and no file", "[V24]") {
    home h;
    h.helper("one", "echo '{\"Username\":\"helped\",\"Secret\":\"s\"}'");
    h.write(".docker/config.json", R"({"auths":{"file.example":)" + auth("file:1") + "}}");
    variables["DOCKER_AUTH_CONFIG"] = R"({"auths":{"env.example":)" + auth("env:1") + "}}";
    auto const text = R"({"auths":{"r.example":)" + auth("u:p") + R"(,"r.example/team":)" + auth("team:1") +
                      R"(},"credHelpers":{"h.example":"one"}})";
    config_credentials c(options().with_text(text).with_text(R"({"auths":{"second.example":)" + auth("second:1") + "}}"));
    CHECK(ask(c, "r.example", "a") == "u:p");
    CHECK(ask(c, "r.example", "team/app") == "team:1");
    CHECK(ask(c, "h.example") == "helped:s");
    CHECK(ask(c, "second.example") == "second:1");
    CHECK(ask(c, "file.example") == "none");
    CHECK(ask(c, "env.example") == "none");
    config_credentials broken(options().with_text("{"));
    CHECK(ask(broken, "r.example") == "credentials_invalid");
    config_credentials both(options().with_text(text).with_authfile(h.write("more.json", R"({"auths":{"more.example":)" + auth("m:1") + "}}")));
    CHECK(ask(both, "r.example") == "u:p");
    CHECK(ask(both, "more.example") == "m:1");
}

TEST_CASE("asked by several threads at once: the files are read once, and a helper is run once") {
    home h;
    auto const file = h.write("auth.json", R"({"credHelpers":{"h.example":"slow"},"auths":{"r.example":)" + auth("u:p") + "}}");
    h.helper("slow", "echo run >> " + h.folder().string() + "/runs; sleep 0.3; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
    config_credentials c(options().with_authfile(file));
    std::vector<std::string> got(8);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < got.size(); ++i)
        threads.emplace_back([&, i] {
            auto const r = c.lookup({i % 2 ? "h.example" : "r.example", "a/b"});
            if (r && r.assume_value()) got[i] = r.assume_value()->password;
        });
    for (auto& t : threads) t.join();
    CHECK(got == std::vector<std::string>{"p", "s", "p", "s", "p", "s", "p", "s"});
    CHECK(h.read("runs") == "run\n");
}

TEST_CASE("netrc") {
    auto const find = [](std::string_view text, std::string_view host) {
        auto const c = find_in_netrc(text, host);
        return c ? c->username + ':' + c->password : std::string("none");
    };
    constexpr auto text = "machine a.example\n  login u\n  password p\nmachine b.example login v account x password q\n";
    CHECK(find(text, "a.example") == "u:p");
    CHECK(find(text, "b.example") == "v:q");
    CHECK(find(text, "c.example") == "none");
    CHECK(find("default login d password p", "c.example") == "d:p");
    CHECK(find("macdef init\nmachine a.example login u password p", "a.example") == "none");
    CHECK(find("machine", "a.example") == "none");
    CHECK(find("", "a.example") == "none");
}

} // namespace config_credentials_test
