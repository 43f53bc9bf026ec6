// SPDX-License-Identifier: BSL-1.0
#include "htpasswd.hpp"

#include <lading/detail/base64.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/policy/hash.hpp>
#include <lading/store/read_file.hpp>

#include <crypt.h>

#include <cstring>

namespace {

bool is_equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned char differs = 0;
    for (std::size_t i = 0; i < a.size(); ++i) differs = static_cast<unsigned char>(differs | (a[i] ^ b[i]));
    return differs == 0;
}

/// Whether a password has this hash.
bool holds(std::string const& password, std::string const& hash) {
    auto const data = std::make_unique<crypt_data>(); // zeroed
    auto const* const actual = ::crypt_r(password.c_str(), hash.c_str(), data.get());
    return actual && actual[0] != '*' && is_equal(actual, hash);
}

} // namespace

lading::result<htpasswd> htpasswd::read(std::string const& path) {
    LADING_TRY(auto const text, lading::detail::read_file(path, lading::errc::config_invalid));
    if (!text) return lading::error(lading::errc::invalid_argument).with_context("--htpasswd: there is no " + path);
    htpasswd out;
    std::string_view rest = *text;
    for (int number = 1; !rest.empty(); ++number) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        line = lading::detail::trim(line);
        if (line.empty() || line.starts_with('#')) continue;
        auto const colon = line.find(':');
        bool const known = colon != line.npos && colon > 0 && (line.substr(colon + 1).starts_with("$2") || line.substr(colon + 1).starts_with("$5$") || line.substr(colon + 1).starts_with("$6$"));
        if (!known)
            return lading::error(lading::errc::config_invalid).with_context(path + ", line " + std::to_string(number) + ": not USER:HASH with a hash of bcrypt, SHA-256 or SHA-512 (htpasswd -B makes one)");
        out.accounts_.insert_or_assign(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
    }
    return out;
}

bool htpasswd::admits(lading::request const& q) const {
    auto const shown = q.headers.find("Authorization").value_or("");
    if (shown.size() < 6 || shown.size() > 4096 || !lading::iequal(shown.substr(0, 6), "basic ")) return false;
    auto const words = lading::detail::base64_decode(lading::detail::trim(shown.substr(6)));
    auto const colon = words ? words->find(':') : std::string::npos;
    if (colon == std::string::npos || words->find('\0') != std::string::npos) return false; // `crypt` would take what stands before it for the whole
    auto const account = accounts_.find(words->substr(0, colon));
    // Who is not known takes as long.
    auto const hash = account != accounts_.end() ? account->second : accounts_.empty() ? std::string()
                                                                                       : accounts_.begin()->second;
    auto const known = lading::digest_of<lading::openssl_hash>(*words + '\n' + hash, lading::digest_algorithm::sha256);
    if (!known) return false;
    {
        std::lock_guard const locked(before_->mutex);
        if (before_->digests.contains(known.assume_value().str())) return account != accounts_.end();
    }
    bool const good = holds(words->substr(colon + 1), hash) && account != accounts_.end();
    std::lock_guard const locked(before_->mutex);
    if (good && before_->digests.size() < 1024) before_->digests.insert(known.assume_value().str());
    return good;
}
