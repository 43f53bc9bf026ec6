// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `curl_handles`: the libcurl handles of one thread that is in an exchange, and the connections that they keep.

#include "no_broken_pipe.hpp"

#include <curl/curl.h>

#include <memory>

namespace lading::detail {

struct curl_easy_release {
    void operator()(CURL* easy) const noexcept {
        no_broken_pipe const masked;
        curl_easy_cleanup(easy);
    }
};
struct curl_multi_release {
    void operator()(CURLM* multi) const noexcept {
        no_broken_pipe const masked; // connections say goodbye
        curl_multi_cleanup(multi);
    }
};

/// `curl_global_init`, once. False when it has failed.
inline bool curl_is_ready() {
    static CURLcode const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    return ready == CURLE_OK;
}

struct curl_handles {
    curl_handles() {
        if (!curl_is_ready()) return;
        multi.reset(curl_multi_init());
        easy.reset(curl_easy_init());
    }
    std::unique_ptr<CURLM, curl_multi_release> multi; ///< holds the connections
    std::unique_ptr<CURL, curl_easy_release> easy;
};

} // namespace lading::detail
