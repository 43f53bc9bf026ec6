// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "fields.hpp"

LADING_REFLECT(lading::container_config, hostname, domainname, user, attach_stdin, attach_stdout,
               attach_stderr, exposed_ports, publish_service, tty, open_stdin, stdin_once, env, cmd,
               args_escaped, image, volumes, working_dir, entrypoint, network_disabled, mac_address, on_build,
               labels, stop_signal);
LADING_REFLECT(lading::history_entry, created, author, created_by, comment, empty_layer);
LADING_REFLECT(lading::image_rootfs, type, diff_ids);
LADING_REFLECT(lading::image_config, created, author, architecture, os, os_version, os_features, variant, config,
               rootfs, history, comment, docker_version, container_config);

namespace lading {

template <>
struct document_rules<container_config> : default_rules {
    static constexpr naming style = naming::pascal;
    static constexpr std::array<std::string_view, 10> written_first{
        "user", "exposed_ports", "env", "entrypoint", "cmd", "volumes", "working_dir", "labels", "stop_signal", "args_escaped"};
};

template <>
struct document_rules<history_entry> : default_rules {
    static constexpr naming style = naming::verbatim;
    static constexpr std::array<std::string_view, 2> written_first{"created", "created_by"};
};

template <>
struct document_rules<image_rootfs> : default_rules {
    static constexpr naming style = naming::verbatim;
    static constexpr std::array<std::string_view, 2> always_written{"type", "diff_ids"};
};

template <>
struct document_rules<image_config> : default_rules {
    static constexpr naming style = naming::verbatim;
    static constexpr std::array<std::string_view, 2> always_written{"architecture", "os"};
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> renamed{
        {{"os_version", "os.version"}, {"os_features", "os.features"}}};
};

} // namespace lading
