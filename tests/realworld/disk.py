# SPDX-License-Identifier: BSL-1.0
"""W01-W09: names on disk."""
import json

from world import INDEX, NAME, OCI, SCHEMA2, Image, case, descriptor, layout, layout_files, packed, saved, saved_files, sha256, tar

A, B, ARM = Image("alpine"), Image("busybox"), Image("arm", arch="arm64")
SUFFIX = "a tag that one entry alone ends with names it"
NAMELESS = "an entry without a name has none: several images, and none is named"


def archive(row, shape, asked, items, right, why="", **more):
    case(row, f"docker-archive, {shape}, asked for {asked or 'none'!r}",
         lambda w: w.on_disk(f"docker-archive:{saved(w, *items, **more)}{asked}"), right, why)


def folder(row, shape, asked, entries, images, right, why="", umoci=None, **more):
    def make(w):
        path = layout(w, entries, *images, **more)
        return w.on_disk(f"oci:{path}{asked}", umoci=["stat", "--json", "--image", path + asked] if umoci else None)
    case(row, f"oci, {shape}, asked for {asked or 'none'!r}", make, right, why)


def of(image):
    return {"Env": image.word}


def fill():
    only, pair = [(B, ["busybox:latest"])], [(A, ["a:latest"]), (B, ["b:latest"])]
    # W01: a name that is not there
    for asked in (":alpine:latest", ":busybox:1", ":1", ":box:latest", ":example.com/busybox:latest", ":alpine"):
        archive("W01", "busybox:latest alone", asked, only, r"busybox:latest")
    for asked in (":busybox:latest", ":busybox", ":library/busybox:latest", ":docker.io/library/busybox:latest"):
        archive("W01", "busybox:latest alone", asked, only, of(B))
    archive("W01", "busybox:latest alone", ":latest", only, of(B), SUFFIX)
    for asked in (":alpine:latest", ":alpine", ":busybox:1", ":usybox:latest"):
        folder("W01", "busybox:latest alone", asked, [B.named("busybox:latest")], [B], r"busybox:latest", umoci=True)
    case("W01", "oci-archive, busybox:latest alone, asked for ':alpine:latest'",
         lambda w: w.on_disk("oci-archive:" + w.write("a.tar", tar(layout_files([B.named("busybox:latest")], B))) + ":alpine:latest"), "busybox:latest")
    # W02: the whole name
    for asked, image in ((":a:latest", A), (":b:latest", B), (":docker.io/library/b:latest", B), (":b", B)):
        archive("W02", "a:latest and b:latest", asked, pair, of(image))
    entries = [A.named("alpine:latest"), B.named("busybox:latest")]
    for asked, image in ((":alpine:latest", A), (":busybox:latest", B)):
        folder("W02", "alpine:latest and busybox:latest", asked, entries, [A, B], of(image), umoci=True)
    folder("W02", "alpine:latest and busybox:1", ":latest", [A.named("alpine:latest"), B.named("busybox:1")], [A, B], of(A), SUFFIX)
    folder("W02", "x and x:latest", ":x", [A.named("x"), B.named("x:latest")], [A, B], of(A))
    folder("W02", "x and x:latest", ":x:latest", [A.named("x"), B.named("x:latest")], [A, B], of(B))
    folder("W02", "io.containerd.image.name", ":docker.io/library/b:1", [A.named("1", io__containerd__image__name="docker.io/library/a:1"), B.named("1", io__containerd__image__name="docker.io/library/b:1")],
           [A, B], of(B), "the name that containerd gives is a name too")
    archive("W02", "r.example:5000/a:1 and r.example/a:1", ":r.example/a:1", [(A, ["r.example:5000/a:1"]), (B, ["r.example/a:1"])], of(B))
    archive("W02", "r.example:5000/a:1 and r.example/a:1", ":r.example:5000/a:1", [(A, ["r.example:5000/a:1"]), (B, ["r.example/a:1"])], of(A))
    # W03: names that are no references
    for name in ("team/app", "v1.0+build5", "stable@release", "localhost:5000/alpine", "a--b", "V1", "x/y/z:1", "a:b:c"):
        folder("W03", f"{name} and other", ":" + name, [A.named(name), B.named("other")], [A, B], of(A),
               "any name that is there is found" if name in ("a:b:c",) else "", umoci=True)
    # W04: no name given
    archive("W04", "two names of one image", "", [(A, ["a:1", "a:2"])], of(A))
    archive("W04", "two names of one image", ":a:2", [(A, ["a:1", "a:2"])], of(A))
    archive("W04", "no names", "", [(A, None)], of(A))
    archive("W04", "an empty list of names", "", [(A, [])], of(A))
    archive("W04", "two images", "", pair, r"a:latest.*b:latest")
    for name in ("1.2", "team/app", None, "latest"):
        folder("W04", f"the only entry, named {name}", "", [A.named(name)], [A], of(A))
    # W05: entries without a name
    folder("W05", "latest, and one without a name", ":latest", [A.named(), B.named("latest")], [A, B], of(B), umoci=True)
    folder("W05", "one without a name, and latest", ":latest", [B.named("latest"), A.named()], [A, B], of(B))
    folder("W05", "one without a name", ":latest", [A.named()], [A], r"latest", umoci=True)
    folder("W05", "two without a name", f"@{B.digest}", [A.named(), B.named()], [A, B], of(B), "by digest: the other reader cannot ask so")
    for n, image in ((0, A), (1, B)):
        folder("W05", "two without a name", f":@{n}", [A.named(), B.named()], [A, B], of(image), "by position: this version of the other reader cannot ask so of a layout")
        archive("W05", "two without a name", f":@{n}", [(A, None), (B, None)], of(image))
    folder("W05", "two without a name", "", [A.named(), B.named()], [A, B], "sha256:")
    archive("W05", "two without a name", ":@2", [(A, None), (B, None)], "has no image|no such image")
    # W06: one name, several entries
    folder("W06", "one name, amd64 and arm64", ":1", [A.named("1"), ARM.named("1")], [A, ARM], of(A))
    folder("W06", "one name, arm64 and amd64", ":1", [ARM.named("1"), A.named("1")], [A, ARM], of(A), "the platform decides, not the order")
    folder("W06", "one name, one platform, two images", ":1", [B.named("1"), A.named("1")], [A, B], r"tag_ambiguous.*sha256:.*sha256:",
           "two images of one name and one platform: which is meant cannot be told; the other takes the first")
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [ARM.entry, A.entry]}).encode()
    folder("W06", "an index in the index", ":1", [{**descriptor(index, INDEX), "annotations": {NAME: "1"}}], [A, ARM, index], of(A))
    # W07: what another image lacks
    for word, image, lacks in (("a:latest", A, B), ("b:latest", B, A)):
        archive("W07", f"a layer of the other image is missing", ":" + word, pair, of(image), without=[lacks.word.encode().hex()])
    archive("W07", "the config of the other image is missing", ":a:latest", pair, of(A), without=[sha256(B.config)[7:]])
    archive("W07", "its own layer is missing", ":b:latest", pair, "missing|no such|not there|layer", without=[B.word.encode().hex()])
    folder("W07", "the other image's blobs are missing", ":a", [A.named("a"), B.named("b")], [A], of(A))
    # W08: compressed archives
    for name, how in (("tar.gz", ["gzip", "-nc"]), ("tar.zst", ["zstd", "-qc"]), ("tar.bz2", ["bzip2", "-c"]), ("tar.xz", ["xz", "-c"])):
        other = name[4:] in ("bz2", "xz")
        right = f"(?i)compress|bzip2|xz" if other else of(B)
        why = "only gzip and zstd are decoded; the message says that it is compressed" if other else ""
        case("W08", f"docker-archive, image.{name}", lambda w, how=how, name=name: w.on_disk(
            "docker-archive:" + w.write("i." + name, packed(tar(saved_files(*only)), how))), right, why)
        case("W08", f"oci-archive, image.{name}", lambda w, how=how, name=name: w.on_disk(
            "oci-archive:" + w.write("i." + name, packed(tar(layout_files([B.named("1")], B)), how)) + ":1"), right, why)
    case("W08", "docker-archive, image.tar.gz, named .tar", lambda w: w.on_disk("docker-archive:" + w.write("i.tar", packed(tar(saved_files(*only)), ["gzip", "-nc"]))), of(B))
    whole = tar(saved_files(*only))
    for name, data in (("two members of gzip", lambda: packed(whole[:1000], ["gzip", "-nc"]) + packed(whole[1000:], ["gzip", "-nc"])),
                       ("two frames of zstd", lambda: packed(whole[:1000], ["zstd", "-qc"]) + packed(whole[1000:], ["zstd", "-qc"])),
                       ("zstd with a long window", lambda: packed(whole, ["zstd", "-qc", "--long=27"])), ("gzip with a name", lambda: packed(whole, ["gzip", "-c"]))):
        case("W08", f"docker-archive, {name}", lambda w, data=data: w.on_disk("docker-archive:" + w.write("i.tar.packed", data())), of(B))
    case("W08", "docker-archive, members begin with ./", lambda w: w.on_disk("docker-archive:" + w.write("i.tar", tar({"./" + k: v for k, v in saved_files(*only).items()}))), of(B),
         "the same file, however it is written")
    case("W08", "oci-archive, members begin with ./", lambda w: w.on_disk("oci-archive:" + w.write("i.tar", tar({"./" + k: v for k, v in layout_files([B.named("1")], B).items()})) + ":1"), of(B))
    case("W08", "docker-archive, gzip cut in half", lambda w: w.on_disk("docker-archive:" + w.write("i.tar.gz", packed(tar(saved_files(*only)), ["gzip", "-nc"])[:150])), "")
    # W09: other kinds of places
    def directory(w, image):
        w.write("d/version", "Directory Transport Version: 1.1\n")
        w.write("d/manifest.json", image.bytes)
        for blob in image.blobs[:2]:
            w.write("d/" + sha256(blob)[7:], blob)
        return w.on_disk(f"dir:{w.folder}/d")
    case("W09", "dir:, an OCI image", lambda w: directory(w, A), of(A))
    case("W09", "dir:, a schema2 image", lambda w: directory(w, Image("docker", kind=SCHEMA2)), {"Env": "docker"})
    case("W09", "dir:, no such folder", lambda w: w.on_disk(f"dir:{w.folder}/none"), "")
    case("W09", "docker-daemon:", lambda w: w.on_disk("docker-daemon:busybox:latest"), "Docker daemon|docker-daemon")
    case("W09", "containers-storage:", lambda w: w.on_disk("containers-storage:busybox:latest"), "storage of podman|containers-storage")
    for kind in ("ostree:x@/y", "sif:/x", "tarball:/x"):
        case("W09", kind[:kind.index(":") + 1], lambda w, kind=kind: w.on_disk(kind), kind[:kind.index(":")])

    def at(w, scheme):
        host = w.registry().host
        asked = w.ask(host)
        asked.ours[-1] = f"{scheme}://{host}/r:1"
        return asked
    case("W09", "docker://HOST/name", lambda w: at(w, "docker"))
    case("W09", "oci://HOST/name", lambda w: at(w, "oci"))
