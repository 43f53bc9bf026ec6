# SPDX-License-Identifier: BSL-1.0
"""Many at once: `inspect --batch` against what one inspection of each says."""
import json


def lines(out):
    return [json.loads(line) for line in out.decode().splitlines() if line]


def batch(world, check, inspect, names):
    host = world.plain.host
    refs = [f"{host}/{name}" for name in names] + [f"{host}/no/such:1", "UPPER case"]
    source = world.folder / "refs.txt"
    source.write_text("# a comment\n\n" + "\n".join(f"  {r} " for r in refs))  # no newline at the end
    alone = {r: json.loads(inspect("--plain-http", "--no-tags", "--format", "json", r)[1] or "{}").get("digest") for r in refs}

    def run(*args):
        status, out, err = inspect("--batch", "--plain-http", "--retry", "0", *args, str(source))
        return status, lines(out), err

    for more in [], ["--ordered"], ["--jobs", "1"]:
        status, got, err = run(*more)
        order = [g["reference"] for g in got]
        check(f"--batch {more}: each reference once", sorted(order) == sorted(refs), (order, err))
        check(f"--batch {more}: the digests of one inspection each", all(g.get("digest") == alone[g["reference"]] for g in got), got)
        failed = {g["reference"]: g["error"]["code"].partition("_")[2] for g in got if "error" in g}
        check(f"--batch {more}: failures are lines too", failed == {refs[-2]: "unknown", refs[-1]: "invalid"}, failed)
        check(f"--batch {more}: any failure is the status", status == 1 and not err, (status, err))
        if more:  # one at a time is in order too
            check(f"--batch {more}: in order", order == refs, order)

    parts = [[g["reference"] for g in run("--shard", f"{i}/3")[1]] for i in range(3)]
    check("--shard: every reference in one part", sorted(sum(parts, [])) == sorted(refs), parts)
    of = [{r.rsplit(":", 1)[0] for r in part} for part in parts]
    check("--shard: a repository in one part", not (of[0] & of[1] or of[0] & of[2] or of[1] & of[2]), of)

    former = world.folder / "former.jsonl"
    status, got, _ = run("--resume", str(former))
    check("--resume: nothing was done", len(got) == len(refs), got)
    text = [json.dumps(g) for g in got]
    former.write_text("\n".join(text[:3]) + "\n" + text[3][:40])  # killed while it wrote the fourth
    status, rest, _ = run("--resume", str(former))
    check("--resume: what has no whole line is done", sorted(g["reference"] for g in rest) == sorted(g["reference"] for g in got[3:]), rest)
    former.write_text("\n".join(text))
    status, rest, _ = run("--resume", str(former))
    check("--resume: all was done", status == 0 and not rest, (status, rest))
    for what, text in ("a folder", None), ("the references themselves", source.read_text().lstrip("# \n")):
        wrong = world.folder / f"wrong-{text is None}"
        wrong.mkdir() if text is None else wrong.write_text(text)
        status, rest, err = run("--resume", str(wrong))
        check(f"--resume: {what}: refused, and nothing is done", status == 1 and not rest and b"--resume" in as_bytes(err), (status, rest, err))

    source.write_text(f"{refs[0]}\noci:{world.images.layout}:one\n")
    status, got, _ = run()
    code = {g["reference"][:4]: g.get("error", {}).get("code") for g in got}
    check("--batch: what is on disk is a line that failed", status == 1 and code == {refs[0][:4]: None, "oci:": "ref_invalid"}, code)
    source.write_text(f"{refs[0]}\n127.0.0.1:1/a:1\n")
    status, got, err = run("--creds", "alice:secret-word")
    check("--batch --creds: a login is for one registry", status == 1 and not got and b"secret-word" not in as_bytes(err) and
          b"--creds" in as_bytes(err), (status, got, err))


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()
