// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_config`: the config blob of an image (image-spec config, Docker image JSON), as documents spell it.
///
/// Absent, null and empty are kept apart where the output formats need it: an `optional` without value is
/// absent or null, an empty list is `[]`.

#include "../descriptor.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lading {

/// A list of words that old documents also write as one string.
struct command_line {
    std::vector<std::string> words;
    friend bool operator==(command_line const&, command_line const&) = default;
};

/// An object whose keys are the values ("ExposedPorts": {"80/tcp": {}}), sorted.
struct key_set {
    std::vector<std::string> keys;
    friend bool operator==(key_set const&, key_set const&) = default;
};

/// How a container of the image runs (`config` and `container_config`).
struct container_config {
    std::string hostname;
    std::string domainname;
    std::string user;
    bool attach_stdin = false;
    bool attach_stdout = false;
    bool attach_stderr = false;
    std::optional<key_set> exposed_ports;
    std::string publish_service;
    bool tty = false;
    bool open_stdin = false;
    bool stdin_once = false;
    std::optional<std::vector<std::string>> env;
    std::optional<command_line> cmd;
    bool args_escaped = false;
    std::string image;
    std::optional<key_set> volumes;
    std::string working_dir;
    std::optional<command_line> entrypoint;
    bool network_disabled = false;
    std::string mac_address;
    std::optional<std::vector<std::string>> on_build;
    std::optional<string_map> labels;
    std::string stop_signal;
};

/// How a layer was made.
struct history_entry {
    std::string created; ///< RFC 3339, or empty
    std::string author;
    std::string created_by;
    std::string comment;
    bool empty_layer = false;

    friend bool operator==(history_entry const&, history_entry const&) = default;
};

/// The uncompressed layers, base first.
struct image_rootfs {
    std::string type;
    std::vector<std::string> diff_ids;
};

struct image_config {
    std::string created; ///< RFC 3339 as written, or empty
    std::string author;
    std::string comment;
    std::string architecture;
    std::string os;
    std::string os_version;
    std::vector<std::string> os_features;
    std::string variant;
    std::string docker_version;
    std::optional<lading::container_config> config;
    std::optional<lading::container_config> container_config;
    std::optional<image_rootfs> rootfs;
    std::vector<history_entry> history; ///< base first
};

} // namespace lading
