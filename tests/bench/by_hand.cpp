// SPDX-License-Identifier: BSL-1.0
// What inspecting an image costs without lading: libcurl and nlohmann-json by hand. An anonymous Bearer token, the index, the
// image of this platform, its config; each document checked by sha256. Measured by compile_budget.py, run by nobody.

#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

using json = nlohmann::json;

namespace {

struct answer {
    long status = 0;
    std::string body;
    std::string challenge; ///< WWW-Authenticate
};

constexpr std::size_t most = 4u << 20; // bytes of a document

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& body = *static_cast<std::string*>(user);
    if (body.size() + size * count > most) return 0;
    body.append(data, size * count);
    return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
    std::string line(data, size * count);
    std::string const name = "www-authenticate:";
    for (std::size_t i = 0; i < name.size() && i < line.size(); ++i)
        if (line[i] >= 'A' && line[i] <= 'Z') line[i] = static_cast<char>(line[i] + 32);
    if (line.rfind(name, 0) == 0) *static_cast<std::string*>(user) = line.substr(name.size());
    return size * count;
}

class session {
  public:
    session() : handle_(curl_easy_init()) {
        if (!handle_) throw std::runtime_error("no curl");
    }
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session() { curl_easy_cleanup(handle_); }

    answer get(std::string const& url, std::string const& accept, std::string const& token) {
        answer out;
        curl_slist* headers = nullptr;
        if (!accept.empty()) headers = curl_slist_append(headers, ("Accept: " + accept).c_str());
        if (!token.empty()) headers = curl_slist_append(headers, ("Authorization: Bearer " + token).c_str());
        curl_easy_reset(handle_);
        curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
        curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &out.body);
        curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &out.challenge);
        curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(handle_, CURLOPT_TIMEOUT, 60L);
        CURLcode const code = curl_easy_perform(handle_);
        curl_slist_free_all(headers);
        if (code != CURLE_OK) throw std::runtime_error(url + ": " + curl_easy_strerror(code));
        curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &out.status);
        return out;
    }
    std::string escape(std::string const& text) {
        char* const escaped = curl_easy_escape(handle_, text.c_str(), static_cast<int>(text.size()));
        std::string out(escaped);
        curl_free(escaped);
        return out;
    }

  private:
    CURL* handle_;
};

std::string sha256(std::string const& bytes) {
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_Digest(bytes.data(), bytes.size(), raw, &length, EVP_sha256(), nullptr);
    std::string out = "sha256:";
    char two[3];
    for (unsigned i = 0; i < length; ++i) std::snprintf(two, sizeof two, "%02x", raw[i]), out += two;
    return out;
}

std::string parameter(std::string const& challenge, std::string const& name) {
    auto const at = challenge.find(name + "=\"");
    if (at == challenge.npos) return {};
    auto const begin = at + name.size() + 2;
    return challenge.substr(begin, challenge.find('"', begin) - begin);
}

struct registry {
    session http;
    std::string base, name, token;

    std::string document(std::string const& path, std::string const& accept, std::string const& digest) {
        auto a = http.get(base + "/v2/" + name + path, accept, token);
        if (a.status == 401 && token.empty()) {
            log_in(a.challenge);
            a = http.get(base + "/v2/" + name + path, accept, token);
        }
        if (a.status != 200) throw std::runtime_error(path + ": HTTP " + std::to_string(a.status));
        if (!digest.empty() && sha256(a.body) != digest) throw std::runtime_error(path + ": wrong digest");
        return std::move(a.body);
    }
    void log_in(std::string const& challenge) {
        auto const realm = parameter(challenge, "realm");
        auto const a = http.get(realm + "?service=" + http.escape(parameter(challenge, "service")) + "&scope=" +
                                    http.escape("repository:" + name + ":pull"),
                                "", "");
        auto const parsed = json::parse(a.body);
        token = parsed.contains("token") ? parsed["token"].get<std::string>() : parsed.at("access_token").get<std::string>();
    }
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fputs("usage: by_hand https://HOST NAME TAG\n", stderr), 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        registry r{{}, argv[1], argv[2], {}};
        std::string const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
                                   "application/vnd.docker.distribution.manifest.list.v2+json, "
                                   "application/vnd.docker.distribution.manifest.v2+json";
        auto bytes = r.document("/manifests/" + std::string(argv[3]), accept, "");
        auto digest = sha256(bytes);
        auto manifest = json::parse(bytes);
        if (manifest.contains("manifests")) {
            digest.clear();
            for (auto const& entry : manifest["manifests"])
                if (entry.contains("platform") && entry["platform"].value("os", "") == "linux" &&
                    entry["platform"].value("architecture", "") == "amd64")
                    digest = entry.at("digest").get<std::string>();
            if (digest.empty()) throw std::runtime_error("no image for linux/amd64");
            manifest = json::parse(r.document("/manifests/" + digest, accept, digest));
        }
        auto const config_digest = manifest.at("config").at("digest").get<std::string>();
        auto const config = json::parse(r.document("/blobs/" + config_digest, "", config_digest));

        std::printf("%s\n%s/%s, created %s\n", digest.c_str(), config.value("os", "").c_str(),
                    config.value("architecture", "").c_str(), config.value("created", "").c_str());
        std::int64_t total = 0;
        for (auto const& layer : manifest.at("layers")) {
            total += layer.at("size").get<std::int64_t>();
            std::printf("%s %lld\n", layer.at("digest").get<std::string>().c_str(), layer.at("size").get<long long>());
        }
        std::printf("%lld bytes\n", static_cast<long long>(total));
        std::map<std::string, std::string> labels;
        if (config.contains("config") && config["config"].contains("Labels") && !config["config"]["Labels"].is_null())
            labels = config["config"]["Labels"].get<std::map<std::string, std::string>>();
        for (auto const& [key, value] : labels) std::printf("%s=%s\n", key.c_str(), value.c_str());
    } catch (std::exception const& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
