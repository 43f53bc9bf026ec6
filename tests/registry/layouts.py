# SPDX-License-Identifier: BSL-1.0
"""Images on disk: what `inspect oci:...` says against what skopeo says of the same files, with no network."""
import json
import pathlib
import tarfile
import tempfile

from components import run


def on_disk(world, check, inspect, names):
    """The comparisons that the suite makes over HTTP, with every image copied to a layout: no network, no logins, and tags
    that are the layout's own."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    several = [("linux", "arm", "v6"), ("linux", "arm", "v7"), ("linux", "arm64", "v8"), ("windows", "amd64", "")]
    platforms = {"multi:v2s2": several, "multi:oci": several}
    for number, name in enumerate([*names, "multi:v2s2", "multi:oci"]):
        image = f"oci:{folder}/{number}:1.0"
        run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", "--all",
            f"docker://{world.plain.host}/{name}", image)
        for os, arch, variant in [("", "", ""), *platforms.get(name, [])]:
            ours = ["--platform", "/".join(filter(None, (os, arch, variant)))] if os else []
            theirs = [x for what, value in (("os", os), ("arch", arch), ("variant", variant)) if value
                      for x in (f"--override-{what}", value)]
            status, out, err = inspect(*ours, image)
            record, expected = json.loads(out or "{}"), json.loads(run("skopeo", *theirs, "inspect", image))
            wrong = {k: (record.get(k), v) for k, v in expected.items()
                     if k not in ("Name", "RepoTags") and record.get(k) != v}
            check(f"{name} {' '.join(ours)} on disk: every field equals skopeo's", status == 0 and not wrong, (wrong, err))
            check(f"{name} {' '.join(ours)} on disk: its tag is listed", record.get("RepoTags") == ["1.0"], record)
        raw = inspect("--raw", image)[1]
        check(f"{name} on disk: raw bytes", raw == run("skopeo", "inspect", "--raw", image))
        check(f"{name} on disk: by digest", inspect("--raw", f"oci:{folder}/{number}@{record['Digest']}")[1] == raw)
        status, out, err = inspect("--platform", "linux/riscv64", image)
        is_index = name in platforms  # of an image alone the platform is not asked
        check(f"{name} on disk: no such platform", (status == 1) == is_index and ("linux/arm/v7" in err) == is_index, err)
    record = json.loads(inspect("--format", "json", image)[1] or "{}")
    check("on disk: attestations are shown and not chosen",
          len(record.get("attestations", [])) == 1 and len(record["platforms"]) == 5, record)


def layouts(world, check, inspect):
    folder = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    host = world.plain.host
    sources = [("v2s2/three:latest", []), ("oci/five:latest", []), ("multi:oci", ["--all"]), ("oci/empty:latest", [])]
    forms = [("oci", "layout-of-{}", "{}:1.0"), ("oci-archive", "layout-{}.tar", "{}:1.0"),
             ("docker-archive", "saved-{}.tar", "{}:demo/app:1.0")]
    for number, (source, more) in enumerate(sources):
        for kind, path, named in forms:
            if more and kind == "docker-archive":
                continue  # holds one image
            where = folder / path.format(number)
            image = f"{kind}:{named.format(where)}"
            run("skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false", *more, f"docker://{host}/{source}", image)
            expected = json.loads(run("skopeo", "inspect", image))
            status, out, err = inspect(image)
            record = json.loads(out or "{}")
            # A registry's name and tags are not in the files; skopeo leaves them out.
            wrong = {k: (record.get(k), v) for k, v in expected.items() if k not in ("Name", "RepoTags") and record.get(k) != v}
            check(f"{source} as {kind}: every field equals skopeo's", status == 0 and not wrong, (wrong, err))
            raw = inspect("--raw", image)[1]
            check(f"{source} as {kind}: raw bytes", raw == run("skopeo", "inspect", "--raw", image))
            config = inspect("--config", image)[1]
            check(f"{source} as {kind}: config bytes", config == run("skopeo", "inspect", "--config", "--raw", image))
            tags = record.get("RepoTags")
            check(f"{source} as {kind}: its tag is listed", tags == ["1.0"], tags)
            status, out, err = inspect(f"{kind}:{where}")
            check(f"{source} as {kind}: without a tag", status == 0 and json.loads(out)["Digest"] == record["Digest"], err)
            status, out, err = inspect(f"{kind}:{where}:nope")
            check(f"{source} as {kind}: a tag that is not there", status == 1 and "no such image" in err and "manifest_unknown" in err and not out, err)
    # The folder that umoci made, with many tags.
    status, out, err = inspect(f"oci:{world.images.layout}:five")
    check("umoci's layout", status == 0 and json.loads(out)["Digest"] ==
          json.loads(run("skopeo", "inspect", f"oci:{world.images.layout}:five"))["Digest"], err)
    status, out, err = inspect(f"oci:{world.images.layout}")
    check("umoci's layout without a tag", status == 1 and "tag_ambiguous" in err and "five" in err, err)
    status, out, err = inspect("--platform", "all", "--format", "json", f"oci:{folder}/layout-of-2:1.0")
    check("all platforms on disk", status == 0 and out.count(b'"requestedDigest"') == 5, (out, err))
    # GNU tar and a tar with absolute links write other headers.
    gnu = folder / "gnu.tar"
    run("tar", "-C", folder / "layout-of-1", "--format=gnu", "-cf", gnu, ".")
    check("an archive by tar", inspect(f"oci-archive:{gnu}:1.0")[0] == 0)
    long_name = folder / "pax.tar"
    with tarfile.open(long_name, "w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted((folder / "layout-of-1").rglob("*")):
            archive.add(file, arcname=str(file.relative_to(folder / "layout-of-1")), recursive=False)
        big = folder / "big"
        big.write_text("x")
        archive.add(big, arcname="ünïcode/" + "n" * 300)
    check("an archive with long names", inspect(f"oci-archive:{long_name}:1.0")[0] == 0)
    # Damage: always an error that names the file, never a crash and never an answer.
    blob = next((folder / "layout-of-0" / "blobs" / "sha256").glob("*"))
    for name, damage in (("an empty folder", lambda p: p.mkdir()), ("an empty file", lambda p: p.write_bytes(b"")),
                         ("text", lambda p: p.write_text("hello" * 500)), ("gzip", lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(600))),
                         ("half an archive", lambda p: p.write_bytes(gnu.read_bytes()[:3000])),
                         ("a folder with a bad index", lambda p: (p.mkdir(), (p / "index.json").write_text('{"manifests":7}')))):
        where = folder / ("damaged-" + name.replace(" ", "-"))
        damage(where)
        status, out, err = inspect(f"oci:{where}")
        check(f"{name} is refused", status == 1 and ("layout_invalid" in err or "archive_invalid" in err) and not out, (status, err))
    for blob in (folder / "layout-of-0" / "blobs" / "sha256").glob("*"):
        text = blob.read_bytes()
        blob.write_bytes(text[:-1] + b" ")
    status, out, err = inspect(f"oci:{folder / 'layout-of-0'}:1.0")
    check("a changed blob is noticed", status == 1 and "digest_mismatch" in err and not out, (status, err))
