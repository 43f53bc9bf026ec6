// SPDX-License-Identifier: BSL-1.0
// W20-W25: files as people have them, over the product of what may be in them, each answered as a small model of the rules of
// Docker and of the containers tools says. The model knows how a file was put together; it reads none.
#include "catch.hpp"
#include <lading/config_files/config_credentials.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace login_rules_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> variables;
char const* environment(char const* name) {
    auto const at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
}

/// A home of its own with three helpers on PATH: `yes` has a login for every host, `no` says that it has none, `bad` fails.
class home {
  public:
    home() {
        char name[] = "/tmp/lading-rules-XXXXXX";
        folder_ = ::mkdtemp(name);
        old_path_ = std::getenv("PATH");
        helper("yes", "read host; echo '{\"Username\":\"helper\",\"Secret\":\"'$host'\"}'");
        helper("store", "read host; echo '{\"Username\":\"store\",\"Secret\":\"'$host'\"}'");
        helper("no", "echo 'credentials not found in native keychain'; exit 1");
        helper("bad", "echo 'cannot open the keychain' >&2; exit 1");
        ::setenv("PATH", ((folder_ / "bin").string() + ":" + old_path_).c_str(), 1);
        variables = {{"HOME", folder_.string()}, {"XDG_RUNTIME_DIR", (folder_ / "run").string()}};
    }
    home(home const&) = delete;
    home& operator=(home const&) = delete;
    ~home() {
        ::setenv("PATH", old_path_.c_str(), 1);
        fs::remove_all(folder_);
    }
    std::string write(std::string const& path, std::string const& text) {
        auto const at = folder_ / path;
        fs::create_directories(at.parent_path());
        std::ofstream(at, std::ios::binary) << text;
        return at.string();
    }
    fs::path const& folder() const { return folder_; }

  private:
    void helper(std::string const& name, std::string const& script) {
        fs::permissions(write("bin/docker-credential-" + name, "#!/bin/sh\n" + script + "\n"), fs::perms::owner_all);
    }
    fs::path folder_;
    std::string old_path_;
};

/// "user:password", "identity T", "none", or the name of an error's code; "+" behind it when there is a remark.
std::string answer_of(config_credentials& c, std::string const& host, std::string const& repository) {
    auto const r = c.lookup({host, repository});
    if (!r) return std::string(name_of(r.error().kind()));
    if (!r.value()) return "none";
    auto const& s = *r.value();
    CHECK(!s.source.empty());
    auto out = !s.identity_token.empty() ? "identity " + s.identity_token : s.username + ':' + s.password;
    return s.remark.empty() ? out : out + '+';
}
config_credentials_options options() { return config_credentials_options().with_environment(environment); }

std::string entry(std::string const& user) { return R"({"auth":")" + detail::base64_encode(user + ":p") + "\"}"; }
std::string json(std::vector<std::pair<std::string, std::string>> const& members) {
    std::string out = "{";
    for (auto const& [k, v] : members) out += (out == "{" ? "\"" : ",\"") + k + "\":" + v;
    return out + "}";
}

int files = 0; ///< how many were answered

/// One key for the host, with what each kind of file makes of it: its rank, the least counts; -1 for no login of the host.
struct key_form {
    std::string text;
    int docker, containers;
};
std::vector<key_form> forms_of(std::string const& host) {
    if (host == "docker.io")
        return {{"https://index.docker.io/v1/", 0, 1},
                {"docker.io", 1, 0},
                {"index.docker.io", 2, 2},
                {"https://registry-1.docker.io/v2/", 2, 2},
                {"https://index.docker.io/v1/access-token", -1, -1},
                {"https://index.docker.io/v1/refresh-token", -1, -1}};
    return {{host, 0, 0},
            {"https://" + host, 1, 1},
            {"http://" + host + "/v2/", 1, 1},
            {host + "/v1/", 1, 1},
            {"https://" + host + "/v1/access-token", -1, -1},
            {"x." + host, -1, -1}};
}

} // namespace

TEST_CASE("the exact key of a login wins over the normalised ones", "[W20]") {
    home h;
    for (auto const& host : {std::string("docker.io"), std::string("r.example"), std::string("r.example:5000")})
        for (auto const& name : {std::string("config.json"), std::string("auth.json")}) {
            auto const forms = forms_of(host);
            bool const docker = name == "config.json";
            // Every ordered pair of keys, and every key alone.
            for (std::size_t i = 0; i < forms.size(); ++i)
                for (std::size_t j = 0; j < forms.size(); ++j) {
                    std::vector<std::size_t> const order = i == j ? std::vector{i} : std::vector{i, j};
                    std::vector<std::pair<std::string, std::string>> members;
                    std::string expected = "none";
                    int best = 99;
                    for (auto const k : order) {
                        auto const user = "key" + std::to_string(k);
                        members.emplace_back(forms[k].text, entry(user));
                        int const rank = docker ? forms[k].docker : forms[k].containers;
                        if (rank >= 0 && rank < best) best = rank, expected = user + ":p";
                    }
                    auto const text = json({{"auths", json(members)}});
                    INFO(host << ' ' << name << ' ' << text);
                    config_credentials c(options().with_authfile(h.write(name, text)));
                    CHECK(answer_of(c, host, "team/app") == expected);
                    ++files;
                }
        }
    SECTION("the three keys of docker login in a browser, in any order") {
        std::vector<std::pair<std::string, std::string>> members = {{"https://index.docker.io/v1/", entry("login")},
                                                                    {"https://index.docker.io/v1/access-token", entry("access")},
                                                                    {"https://index.docker.io/v1/refresh-token", entry("refresh")}};
        std::sort(members.begin(), members.end());
        do {
            config_credentials c(options().with_authfile(h.write("config.json", json({{"auths", json(members)}}))));
            CHECK(answer_of(c, "docker.io", "library/x") == "login:p");
        } while (std::next_permutation(members.begin(), members.end()));
    }
    SECTION("a namespace goes before the host, however that is spelt; an empty entry is none") {
        auto const text = json({{"auths", json({{"https://r.example", entry("host")}, {"r.example/team", entry("team")}, {"r.example/team/app", "{}"}, {"r.example", "{}"}})}});
        for (auto const* name : {"config.json", "auth.json"}) {
            config_credentials c(options().with_authfile(h.write(name, text)));
            CHECK(answer_of(c, "r.example", "team/app") == "team:p");
            CHECK(answer_of(c, "r.example", "teams/app") == "host:p");
        }
    }
}

TEST_CASE("credHelpers, credsStore and auths together", "[W21][W22][W25]") {
    home h;
    struct helper {
        char const* name; ///< nullptr: not in the file
        char gives;       ///< 'y': a login, 'n': none, 'f': it fails, '-': there is no helper
    };
    helper const helpers[] = {{nullptr, '-'}, {"yes", 'y'}, {"no", 'n'}, {"bad", 'f'}, {"is-missing", 'f'}, {"", 'e'}};
    helper const stores[] = {{nullptr, '-'}, {"store", 'y'}, {"no", 'n'}, {"bad", 'f'}, {"", '-'}};
    struct login {
        char const* text; ///< nullptr: no entry
        char gives;
    };
    login const entries[] = {{nullptr, 'n'}, {R"({"auth":"dTpw"})", 'y'}, {"{}", 'n'}, {R"({"auth":"!"})", 'f'}, {"null", 'n'}};
    for (auto const* file : {"config.json", "auth.json", "other-name"})
        for (auto const& [host, asked] : {std::pair{"r.example", "r.example"}, std::pair{"docker.io", "https://index.docker.io/v1/"}})
            for (auto const& by_host : helpers)
                for (auto const& store : stores)
                    for (auto const& login : entries) {
                        // What Docker and the containers tools say, each in its order.
                        struct place {
                            char gives;
                            std::string login;
                            char const* failure;
                        };
                        place const one{by_host.gives, "helper:" + std::string(asked), "credential_helper_failed"};
                        place const all{store.gives, "store:" + std::string(asked), "credential_helper_failed"};
                        place const own{login.gives, "u:p", "credentials_invalid"};
                        std::vector<place> order;
                        if (by_host.gives != '-') { // it takes the place of the store
                            if (by_host.gives != 'e') order.push_back(one);
                            order.push_back(own);
                        } else if (std::string(file) == "auth.json") {
                            order = {own, all};
                        } else {
                            order = {all, own};
                        }
                        std::string expected, failure;
                        for (auto const& p : order) {
                            if (p.gives == 'f' && failure.empty()) failure = p.failure;
                            if (p.gives != 'y') continue;
                            expected = p.login + (failure.empty() ? "" : "+");
                            break;
                        }
                        if (expected.empty()) expected = failure.empty() ? "none" : failure;

                        std::vector<std::pair<std::string, std::string>> members;
                        if (login.text) members.emplace_back("auths", json({{asked, login.text}}));
                        if (by_host.name) members.emplace_back("credHelpers", json({{asked, '"' + std::string(by_host.name) + '"'}}));
                        if (store.name) members.emplace_back("credsStore", '"' + std::string(store.name) + '"');
                        if (members.empty()) continue;
                        auto const text = json(members);
                        INFO(file << ' ' << host << ' ' << text);
                        config_credentials c(options().with_authfile(h.write(file, text)));
                        CHECK(answer_of(c, host, "team/app") == expected);
                        ++files;
                    }
}

TEST_CASE("empty, marked and broken files, each in each place", "[W23][W24]") {
    home h;
    struct shape {
        char const* what;
        std::string text;
        char gives;
    };
    auto const good = [](std::string const& user) { return json({{"auths", json({{"r.example", entry(user)}})}}); };
    std::string const bom = "\xef\xbb\xbf";
    auto const shapes = [&](std::string const& user) {
        return std::vector<shape>{{"no file", "-", 'n'},
                                  {"a login", good(user), 'y'},
                                  {"a login behind a mark", bom + good(user), 'y'},
                                  {"nothing", "", 'n'},
                                  {"white space", " \r\n\t", 'n'},
                                  {"a mark", bom, 'n'},
                                  {"null", "null", 'n'},
                                  {"an empty object", "{}", 'n'},
                                  {"auths null", R"({"auths":null,"credHelpers":null,"credsStore":null})", 'n'},
                                  {"cut", good(user).substr(0, 30), 'f'},
                                  {"an array", "[]", 'f'},
                                  {"a page", "<html>", 'f'},
                                  {"auths of another type", R"({"auths":[]})", 'f'}};
    };
    auto const places = std::vector<std::string>{"DOCKER_AUTH_CONFIG", "run/containers/auth.json", ".config/containers/auth.json",
                                                 ".docker/config.json"};
    // Every shape in every place beside every shape in the next: the first login counts, what is broken is told.
    for (std::size_t at = 0; at + 1 < places.size(); ++at)
        for (auto const& first : shapes("first"))
            for (auto const& second : shapes("second")) {
                for (auto const& p : places) fs::remove(h.folder() / p);
                variables.erase("DOCKER_AUTH_CONFIG");
                auto const put = [&](std::string const& where, shape const& s) {
                    if (s.text == "-") return;
                    if (where == "DOCKER_AUTH_CONFIG") variables[where] = s.text;
                    else h.write(where, s.text);
                };
                put(places[at], first);
                put(places[at + 1], second);
                std::string expected = "none";
                if (first.gives == 'y') expected = "first:p";
                else if (second.gives == 'y') expected = first.gives == 'f' ? "second:p+" : "second:p";
                else if (first.gives == 'f' || second.gives == 'f') expected = "credentials_invalid";
                INFO(places[at] << ": " << first.what << ", " << places[at + 1] << ": " << second.what);
                config_credentials c(options());
                CHECK(answer_of(c, "r.example", "team/app") == expected);
                ++files;
            }
    SECTION("it goes before REGISTRY_AUTH_FILE, and not before what the caller names") {
        variables["DOCKER_AUTH_CONFIG"] = json({{"auths", json({{"r.example", entry("env")}})}});
        variables["REGISTRY_AUTH_FILE"] = h.write("only.json", json({{"auths", json({{"r.example", entry("only")}, {"s.example", entry("only")}})}}));
        config_credentials c(options());
        CHECK(answer_of(c, "r.example", "a") == "env:p");
        CHECK(answer_of(c, "s.example", "a") == "only:p");
        config_credentials named(options().with_authfile(h.write("named.json", good("named"))));
        CHECK(answer_of(named, "r.example", "a") == "named:p");
    }
    SECTION("a broken file that is mended is read") {
        for (auto const& p : places) fs::remove(h.folder() / p);
        variables.erase("DOCKER_AUTH_CONFIG");
        h.write(places[3], "{");
        config_credentials c(options());
        CHECK(answer_of(c, "r.example", "a") == "credentials_invalid");
        h.write(places[3], good("mended"));
        CHECK(answer_of(c, "r.example", "a") == "mended:p");
    }
}

TEST_CASE("what an entry may hold, in each kind of file", "[W20]") {
    home h;
    auto const b = [](std::string const& t) { return detail::base64_encode(t); };
    std::vector<std::pair<std::string, std::string>> const rows = {
        {R"({"auth":")" + b("u:p") + "\"}", "u:p"},
        {R"({"auth":")" + b("u:p:q") + "\"}", "u:p:q"},
        {R"({"auth":")" + b(":p") + "\"}", ":p"},
        {R"({"auth":")" + b("u:p") + R"(","username":"x","password":"y"})", "u:p"},
        {R"({"username":"x","password":"y"})", "x:y"},
        {R"({"auth":"","username":"x","password":"y"})", "x:y"},
        {R"({"identitytoken":"t"})", "identity t"},
        {R"({"auth":")" + b("u:") + R"(","identitytoken":"t"})", "identity t"},
        {R"({"auth":")" + b("<token>:t") + "\"}", "identity t"},
        {R"({"auth":")" + b("u:p") + R"(","email":"a@b.c"})", "u:p"},
        {R"({"auth":null,"identitytoken":null})", "none"},
        {R"({"email":"a@b.c"})", "none"},
        {R"({"auth":"no base64!"})", "credentials_invalid"},
        {R"({"auth":")" + b("nocolon") + "\"}", "credentials_invalid"},
        {R"({"auth":["x"]})", "credentials_invalid"},
        {"[]", "credentials_invalid"},
    };
    for (auto const* file : {"config.json", "auth.json"})
        for (auto const* key : {"r.example", "https://r.example/v1/", "r.example/team"})
            for (auto const& [text, expected] : rows) {
                INFO(file << ' ' << key << ' ' << text);
                config_credentials c(options().with_authfile(h.write(file, json({{"auths", json({{key, text}})}}))));
                CHECK(answer_of(c, "r.example", "team/app") == expected);
                CHECK(answer_of(c, "other.example", "team/app") == "none"); // a bad entry is no other host's trouble
                ++files;
            }
}

TEST_CASE("so many files were answered", "[W20][W21][W22][W23][W24][W25]") {
    INFO(files);
    if (files) CHECK(files >= 200); // 0 when it runs alone
}

} // namespace login_rules_test
