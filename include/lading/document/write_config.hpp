// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Pieces of JSON that several writers share: the `config` object (doc/protocol.md#config-object), a history entry,
/// lists and maps.

#include "../json/writer.hpp"
#include "config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lading::detail {

inline void write_strings(json_writer& w, std::vector<std::string> const& list) {
    w.begin_array();
    for (auto const& s : list) w.string(s);
    w.end_array();
}
inline void write_value(json_writer& w, std::vector<std::string> const& list) { write_strings(w, list); }
inline void write_value(json_writer& w, command_line const& line) { write_strings(w, line.words); }
inline void write_value(json_writer& w, key_set const& set) {
    w.begin_object();
    for (auto const& k : set.keys) w.key(k).begin_object().end_object();
    w.end_object();
}
inline void write_value(json_writer& w, string_map const& map) {
    w.begin_object();
    for (auto const& [k, v] : map) w.key(k).string(v);
    w.end_object();
}
template <class T> void write_value(json_writer& w, std::optional<T> const& value) {
    if (value)
        write_value(w, *value);
    else
        w.null();
}

inline void write_unless_empty(json_writer& w, std::string_view key, std::string_view text) {
    if (!text.empty()) w.key(key).string(text);
}

/// Key order and the keys that are left out: doc/protocol.md#config-object.
inline void write_container_config(json_writer& w, container_config const& c) {
    w.begin_object();
    w.key("Hostname").string(c.hostname);
    w.key("Domainname").string(c.domainname);
    w.key("User").string(c.user);
    w.key("AttachStdin").boolean(c.attach_stdin);
    w.key("AttachStdout").boolean(c.attach_stdout);
    w.key("AttachStderr").boolean(c.attach_stderr);
    if (c.exposed_ports && !c.exposed_ports->keys.empty())
        write_value(w.key("ExposedPorts"), c.exposed_ports);
    write_unless_empty(w, "PublishService", c.publish_service);
    w.key("Tty").boolean(c.tty);
    w.key("OpenStdin").boolean(c.open_stdin);
    w.key("StdinOnce").boolean(c.stdin_once);
    write_value(w.key("Env"), c.env);
    write_value(w.key("Cmd"), c.cmd);
    if (c.args_escaped) w.key("ArgsEscaped").boolean(true);
    w.key("Image").string(c.image);
    write_value(w.key("Volumes"), c.volumes);
    w.key("WorkingDir").string(c.working_dir);
    write_value(w.key("Entrypoint"), c.entrypoint);
    if (c.network_disabled) w.key("NetworkDisabled").boolean(true);
    write_unless_empty(w, "MacAddress", c.mac_address);
    write_value(w.key("OnBuild"), c.on_build);
    write_value(w.key("Labels"), c.labels);
    write_unless_empty(w, "StopSignal", c.stop_signal);
    w.end_object();
}

/// Key order: `created`, `author`, `created_by`, `comment`, `empty_layer`; empty ones are left out.
inline void write_history_entry(json_writer& w, history_entry const& h) {
    w.begin_object();
    write_unless_empty(w, "created", h.created);
    write_unless_empty(w, "author", h.author);
    write_unless_empty(w, "created_by", h.created_by);
    write_unless_empty(w, "comment", h.comment);
    if (h.empty_layer) w.key("empty_layer").boolean(true);
    w.end_object();
}

} // namespace lading::detail
