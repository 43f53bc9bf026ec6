// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::image_maker`: puts complete, coherent images of each kind into a store.

#include "../json/writer.hpp"
#include "image_description.hpp"
#include "registry_store.hpp"
#include "schema1_signer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

/// The same description gives the same image in every kind: the same config values, history and layers
/// (schema1 has the blob of an empty layer for each empty step besides). Writes into the store, which
/// outlives it.
class image_maker {
  public:
    image_maker(registry_store& store, std::string_view name, image_description d)
        : store_(store), name_(name), image_(std::move(d)) {
        if (image_.platforms.empty()) image_.platforms.emplace_back("linux", "amd64");
        if (image_.steps.empty()) image_.steps.emplace_back("nothing");
    }

    /// The digest of the top-level document.
    std::string put(std::string_view tag, image_kind_to_serve kind) {
        switch (kind) {
        case image_kind_to_serve::schema1: return put_schema1(tag, true);
        case image_kind_to_serve::schema1_unsigned: return put_schema1(tag, false);
        case image_kind_to_serve::schema2: return put_single(tag, image_.platforms.front(), false).digest;
        case image_kind_to_serve::oci_image: return put_single(tag, image_.platforms.front(), true).digest;
        case image_kind_to_serve::manifest_list: return put_index(tag, false);
        case image_kind_to_serve::oci_index: break;
        }
        return put_index(tag, true);
    }

    /// An artifact of one text file.
    static std::string put_artifact(registry_store& store, std::string_view name, std::string_view tag,
                                    std::string_view artifact_type, std::string_view config_type) {
        json_writer w;
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(media_types::oci_manifest);
        w.key("artifactType").string(artifact_type).key("config");
        descriptor(w, put_blob(store, config_type, "{}")).end_object().key("layers").begin_array();
        descriptor(w, put_blob(store, "text/plain", "an artifact\n")).end_object().end_array().end_object();
        return store.put_manifest(name, tag, w.take(), std::string(media_types::oci_manifest));
    }

  private:
    struct stored {
        std::string type, digest;
        std::size_t size = 0;
    };

    static stored put_blob(registry_store& store, std::string_view type, std::string bytes) {
        auto const size = bytes.size();
        return {std::string(type), store.put_blob(std::move(bytes)), size};
    }
    /// Leaves the object open for more members.
    static json_writer& descriptor(json_writer& w, stored const& s) {
        w.begin_object().key("mediaType").string(s.type).key("digest").string(s.digest).key("size");
        return w.unsigned_integer(s.size);
    }
    static void text(json_writer& w, std::string_view key, std::string_view value) {
        if (!value.empty()) w.key(key).string(value);
    }
    static void words(json_writer& w, std::string_view key, std::vector<std::string> const& values) {
        if (values.empty()) return;
        w.key(key).begin_array();
        for (auto const& v : values) w.string(v);
        w.end_array();
    }
    static void map(json_writer& w, std::string_view key, string_map const& values) {
        if (values.empty()) return;
        w.key(key).begin_object();
        for (auto const& [k, v] : values) w.key(k).string(v);
        w.end_object();
    }
    static void write_platform(json_writer& w, platform const& p) {
        w.key("platform").begin_object().key("architecture").string(p.architecture).key("os").string(p.os);
        text(w, "os.version", p.os_version);
        words(w, "os.features", p.os_features);
        text(w, "variant", p.variant);
        w.end_object();
    }

    /// What the config of an image and the newest entry of a schema1 have in common.
    void write_config_members(json_writer& w, platform const& p) const {
        w.key("architecture").string(p.architecture);
        text(w, "author", image_.author);
        text(w, "comment", image_.steps.back().comment);
        w.key("config").begin_object();
        text(w, "User", image_.user);
        words(w, "Env", image_.env);
        words(w, "Entrypoint", image_.entrypoint);
        words(w, "Cmd", image_.cmd);
        text(w, "WorkingDir", image_.working_dir);
        map(w, "Labels", image_.labels);
        w.end_object();
        write_container_config(w, image_.steps.back());
        w.key("created").string(image_.created);
        text(w, "docker_version", image_.docker_version);
        w.key("os").string(p.os);
        text(w, "os.version", p.os_version);
        words(w, "os.features", p.os_features);
        text(w, "variant", p.variant);
    }
    static void write_container_config(json_writer& w, build_step const& s) {
        w.key("container_config").begin_object().key("Cmd").begin_array().string(s.created_by);
        w.end_array().end_object();
    }
    std::string config(platform const& p) const {
        json_writer w;
        w.begin_object();
        write_config_members(w, p);
        w.key("history").begin_array();
        for (auto const& s : image_.steps) {
            w.begin_object().key("created").string(image_.created);
            text(w, "author", image_.author);
            w.key("created_by").string(s.created_by);
            text(w, "comment", s.comment);
            if (!s.layer) w.key("empty_layer").boolean(true);
            w.end_object();
        }
        w.end_array().key("rootfs").begin_object().key("type").string("layers").key("diff_ids").begin_array();
        for (auto const& s : image_.steps)
            if (s.layer) w.string(sha256_digest(*s.layer)); // not compressed: the blob is the archive
        return w.end_array().end_object().end_object().take();
    }

    stored put_single(std::string_view tag, platform const& p, bool oci) {
        auto const type = std::string(oci ? media_types::oci_manifest : media_types::docker_manifest);
        json_writer w;
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(type).key("config");
        descriptor(w,
                   put_blob(store_, oci ? media_types::oci_config : media_types::docker_config, config(p)));
        w.end_object().key("layers").begin_array();
        for (auto const& s : image_.steps)
            if (s.layer)
                descriptor(w, put_blob(store_, oci ? media_types::oci_layer : media_types::docker_layer_tar,
                                       *s.layer))
                    .end_object();
        w.end_array();
        if (oci) map(w, "annotations", image_.annotations);
        return put_document(tag, type, w.end_object().take());
    }
    stored put_document(std::string_view tag, std::string const& type, std::string bytes) {
        auto const size = bytes.size();
        return {type, store_.put_manifest(name_, tag, std::move(bytes), type), size};
    }

    std::string put_index(std::string_view tag, bool oci) {
        auto const type = std::string(oci ? media_types::oci_index : media_types::docker_list);
        json_writer w;
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(type);
        w.key("manifests").begin_array();
        std::string first;
        for (auto const& p : image_.platforms) {
            auto const child = put_single({}, p, oci);
            if (first.empty()) first = child.digest;
            write_platform(descriptor(w, child), p);
            w.end_object();
        }
        if (oci) {
            descriptor(w, put_attestation(first)).key("annotations").begin_object();
            w.key("vnd.docker.reference.digest").string(first);
            w.key("vnd.docker.reference.type").string("attestation-manifest").end_object();
            write_platform(w, platform("unknown", "unknown"));
            w.end_object();
        }
        w.end_array();
        if (oci) map(w, "annotations", image_.annotations);
        return put_document(tag, type, w.end_object().take()).digest;
    }
    stored put_attestation(std::string const& of) {
        auto const statement =
            R"({"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"image","digest":)"
            R"({"sha256":")" +
            of.substr(of.find(':') + 1) +
            R"("}}],"predicateType":"https://spdx.dev/Document","predicate":{}})";
        auto const type = std::string(media_types::oci_manifest);
        json_writer w;
        w.begin_object().key("schemaVersion").integer(2).key("mediaType").string(type).key("config");
        auto const layer = put_blob(store_, "application/vnd.in-toto+json", statement);
        auto const config =
            R"({"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers",)"
            R"("diff_ids":[")" +
            layer.digest + R"("]}})";
        descriptor(w, put_blob(store_, media_types::oci_config, config))
            .end_object()
            .key("layers")
            .begin_array();
        descriptor(w, layer).end_object().end_array().end_object();
        return put_document({}, type, w.take());
    }

    std::string put_schema1(std::string_view tag, bool sign) {
        // The gzipped tar archive of nothing that clients put where a step made no layer.
        static constexpr std::string_view nothing(
            "\x1f\x8b\x08\0\0\x09\x6e\x88\0\xff\x62\x18\x05\xa3\x60\x14\x8c\x58"
            "\0\x08\0\0\xff\xff\x2e\xaf\xb5\xef\0\x04\0\0",
            32);
        std::vector<std::pair<std::string, std::string>> entries; // digest and JSON, base first
        std::string parent;
        for (auto const& s : image_.steps) {
            auto digest = store_.put_blob(s.layer ? *s.layer : std::string(nothing));
            auto id = sha256_digest(parent + '\n' + s.created_by + '\n' + digest).substr(7);
            json_writer w;
            w.begin_object();
            if (&s == &image_.steps.back()) {
                write_config_members(w, image_.platforms.front());
            } else {
                text(w, "author", image_.author);
                text(w, "comment", s.comment);
                write_container_config(w, s);
                w.key("created").string(image_.created);
            }
            w.key("id").string(id);
            text(w, "parent", parent);
            if (!s.layer) w.key("throwaway").boolean(true);
            entries.emplace_back(std::move(digest), w.end_object().take());
            parent = std::move(id);
        }

        json_writer w(json_style(3, false));
        w.begin_object().key("schemaVersion").integer(1).key("name").string(name_).key("tag").string(tag);
        w.key("architecture").string(image_.platforms.front().architecture).key("fsLayers").begin_array();
        for (auto e = entries.rbegin(); e != entries.rend(); ++e)
            w.begin_object().key("blobSum").string(e->first).end_object();
        w.end_array().key("history").begin_array();
        for (auto e = entries.rbegin(); e != entries.rend(); ++e)
            w.begin_object().key("v1Compatibility").string(e->second).end_object();
        auto payload = w.end_array().end_object().take();
        auto const digest = sha256_digest(payload);
        if (!sign)
            return store_.put_manifest(name_, tag, std::move(payload),
                                       std::string(media_types::docker_schema1));
        return store_.put_manifest(name_, tag, schema1_signer().sign(payload, "2024-05-06T07:08:09Z"),
                                   std::string(media_types::docker_schema1_signed), digest);
    }

    registry_store& store_;
    std::string name_;
    image_description image_;
};

} // namespace lading::testing
