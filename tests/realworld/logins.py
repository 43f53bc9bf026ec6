# SPDX-License-Identifier: BSL-1.0
"""W20-W30: where logins are kept, and how registries ask for them."""
import base64
import json
import os
from urllib.parse import parse_qs

from world import CONFIG, GOOD, answer, case, honest, manifest, refusal, sha256, tags

MANIFEST, BLOB, TAGS = "/v2/r/manifests/1", "/v2/r/blobs/" + sha256(CONFIG), "/v2/r/tags/list"
DOCKERS = "Docker's own order, in Docker's own file"
REALM = "the login is not shown to a token service on another origin that nobody trusts: --trust-realm"


def encoded(user, password="pw-CANARY-7f3a"):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def login(user, **more):
    return {"auth": encoded(user), **more}


def user_of(asked):
    kind, _, value = asked.get("authorization").partition(" ")
    if kind.lower() == "basic":
        return base64.b64decode(value + "==").decode(errors="replace").partition(":")[0]
    return value.partition("-of-")[2] if kind.lower() == "bearer" else ""


def guarded(w, users=("good", "helper", "store", "file", "alice"), challenge='Basic realm="r"', kind="basic", **paths):
    """A registry that gives what it has to these users only. Who came is a fact."""
    inner = honest(paths)
    came = []

    def handler(asked):
        user = user_of(asked)
        if user in users and asked.get("authorization").lower().startswith(kind):
            if "/manifests/" in asked.path:
                came.append(user)
            return inner(asked)
        fields = [c if ":" in c.split(" ")[0] else "WWW-Authenticate: " + c for c in ([challenge] if isinstance(challenge, str) else challenge(asked))]
        return refusal("401 Unauthorized", "UNAUTHORIZED", *fields)
    peer = w.peer(handler)

    def facts():
        who, came[:] = (came or [""])[-1], []
        return {"login": who}
    return peer, facts


def token_service(w, accept=lambda user: user or "nobody", make=lambda token: {"token": token}, **more):
    """Gives the token `tok-of-USER`; None of `accept` is a refusal."""
    def handler(asked):
        body = parse_qs(asked.body.decode(errors="replace"))
        user = user_of(asked) or (body.get("username") or [""])[0]
        got = accept(user)
        return answer(json.dumps(make("tok-of-" + got)).encode(), "Content-Type: application/json") if got else refusal("401 Unauthorized", "UNAUTHORIZED")
    return w.peer(handler, **more)


def helpers(w, **programs):
    """PATH with credential helpers; each is a shell script's text."""
    for name, script in programs.items():
        os.chmod(w.write(f"bin/docker-credential-{name}", "#!/bin/sh\n" + script + "\n"), 0o755)
    return f"{w.folder}/bin:" + os.environ["PATH"]


def says(user):
    return f"""printf '%s' '{{"ServerURL":"x","Username":"{user}","Secret":"pw-CANARY-7f3a"}}'"""


def tokens_for_all(w):
    """A public registry that wants a token, and gives one to everybody."""
    peer, facts = guarded(w, ("nobody", "good"), lambda asked: [f'Bearer realm="http://{peer.host}/token",service="s"'], "bearer")
    inner, tokens = peer.handler, token_service(w).handler
    peer.handler = lambda asked: tokens(asked) if asked.path == "/token" else inner(asked)
    return peer, facts


def with_file(row, shape, make_config, right, why="", where="--authfile", users=("good",), env=None, name="r:1", public=False, **programs):
    """A registry that wants a login, or is public, and a file: `make_config(host)` is its text."""
    def make(w):
        if public == "token":
            peer, facts = tokens_for_all(w)
        else:
            peer, facts = (w.registry(), None) if public else guarded(w, users)
        text = make_config(peer.host)
        text = text if isinstance(text, (str, bytes)) else json.dumps(text)
        more = {"PATH": helpers(w, **programs)} if programs else {}
        more.update(env(peer.host) if env else {})
        if where == "--authfile":
            return w.ask(peer, name, "--authfile", w.write("auth.json", text), env=more, facts=facts)
        path = w.write(where, text)
        more.setdefault("HOME", str(w.folder))
        if where.startswith("run/"):
            more["XDG_RUNTIME_DIR"] = f"{w.folder}/run"
        return w.ask(peer, name, env=more, facts=facts) if path else None
    case(row, shape, make, right, why)


def keys():
    # W20: which of several keys
    good = {"login": "good"}
    for prefix, suffix in (("https://", ""), ("", "/v1/"), ("http://", ""), ("https://", "/v1/"), ("https://", "/v2/"), ("", "/")):
        for first in (True, False):
            def text(host, prefix=prefix, suffix=suffix, first=first):
                pair = [(prefix + host + suffix, login("old")), (host, login("good"))]
                return {"auths": dict(pair if first else pair[::-1])}
            with_file("W20", f"{prefix}HOST{suffix} is old, HOST is good; {'old' if first else 'good'} first", text, good)
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
        def text(host, order=order):
            three = [(f"https://{host}/v1/", login("good")), (f"https://{host}/v1/access-token", login("access")), (f"https://{host}/v1/refresh-token", login("refresh"))]
            return {"auths": dict(three[n] for n in order)}
        with_file("W20", f"the three keys of a login in a browser, in the order {order}", text, good, "the two others are no logins")
    with_file("W20", "only https://HOST/v1/", lambda host: {"auths": {f"https://{host}/v1/": login("good")}}, good)
    with_file("W20", "only https://HOST", lambda host: {"auths": {f"https://{host}": login("good")}}, good)
    with_file("W20", "HOST and HOST/r", lambda host: {"auths": {host: login("old"), f"{host}/r": login("good")}}, good, "the longest path wins")
    with_file("W20", "HOST/other and HOST", lambda host: {"auths": {f"{host}/other": login("old"), host: login("good")}}, good)
    with_file("W20", "only another port", lambda host: {"auths": {"127.0.0.1:1": login("good")}}, "auth_required")
    # W21: Docker's order
    all_three = lambda host: {"auths": {host: login("file")}, "credHelpers": {host: "one"}, "credsStore": "all"}
    docker = ".docker/config.json"
    everyone = ("helper", "store", "file")
    with_file("W21", "config.json: credHelpers, credsStore, auths", all_three, {"login": "helper"}, DOCKERS, docker, everyone, one=says("helper"), all=says("store"))
    with_file("W21", "config.json: credsStore and auths", lambda host: {"auths": {host: login("file")}, "credsStore": "all"}, {"login": "store"}, DOCKERS, docker, everyone, all=says("store"))
    with_file("W21", "config.json: credHelpers and auths", lambda host: {"auths": {host: login("file")}, "credHelpers": {host: "one"}}, {"login": "helper"}, DOCKERS, docker, everyone, one=says("helper"))
    with_file("W21", "config.json: a store with nothing, and auths", lambda host: {"auths": {host: login("file")}, "credsStore": "all"}, {"login": "file"}, DOCKERS, docker, everyone,
              all="echo 'credentials not found in native keychain'; exit 1")
    with_file("W21", "config.json: a helper of another host", lambda host: {"auths": {host: login("file")}, "credHelpers": {"other.example": "one"}}, {"login": "file"}, "", docker, everyone, one=says("helper"))
    with_file("W21", "auth.json of containers: credHelpers and auths", lambda host: {"auths": {host: login("file")}, "credHelpers": {host: "one"}}, {}, "", "run/containers/auth.json", everyone,
              env=lambda host: {}, one=says("helper"))
    # W22: no helper for this host
    with_file("W22", "credHelpers HOST: ''", lambda host: {"auths": {host: login("good")}, "credHelpers": {host: ""}}, good, "", docker)
    with_file("W22", "credHelpers HOST: '' and a store", lambda host: {"auths": {host: login("good")}, "credHelpers": {host: ""}, "credsStore": "all"}, good, DOCKERS, docker, all=says("store"))
    with_file("W22", "credsStore ''", lambda host: {"auths": {host: login("good")}, "credsStore": ""}, good, "", docker)
    with_file("W22", "credHelpers HOST: '', public", lambda host: {"credHelpers": {host: ""}}, {}, "", docker, public=True)
    # W23: odd files
    for name, text in (("empty", b""), ("white space", b" \n"), ("a BOM alone", b"\xef\xbb\xbf"), ("{}", b"{}"), ("auths null", b'{"auths":null}'), ("null", b"null")):
        with_file("W23", f"config.json: {name}; public", lambda host, text=text: text, {}, "a file without logins has none", docker, public=True)
        with_file("W23", f"auth file: {name}; public", lambda host, text=text: text, {}, "a file without logins has none", public=True)
    with_file("W23", "a BOM before the logins", lambda host: b"\xef\xbb\xbf" + json.dumps({"auths": {host: login("good")}}).encode(), good, "", docker)
    for name, text in (("broken", b'{"auths":'), ("HTML", b"<html>"), ("auths a list", b'{"auths":[]}')):
        with_file("W23", f"config.json: {name}; public", lambda host, text=text: text, {}, "a broken file matters when a login is needed", docker, public=True)
        with_file("W23", f"config.json: {name}; a login is needed", lambda host, text=text: text, "config.json", "", docker)
    with_file("W23", "one broken entry beside the good one", lambda host: {"auths": {"a.example": {"auth": "%%%"}, "b.example": 1, host: login("good")}}, good, "a bad entry is no other's", docker)
    with_file("W23", "unknown keys", lambda host: {"auths": {host: login("good", email="x", extra=[1])}, "HttpHeaders": {"A": "b"}, "psFormat": "x", "plugins": {"a": {}}, "currentContext": "default"}, good, "", docker)
    # W24: the environment
    config = lambda host: {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {host: login("good")}})}
    with_file("W24", "DOCKER_AUTH_CONFIG alone", lambda host: "{}", good, "the variable is read", docker, env=config)
    with_file("W24", "DOCKER_AUTH_CONFIG before config.json", lambda host: {"auths": {host: login("file")}}, good, "the variable is read, before the files", docker, ("good", "file"), env=config)
    with_file("W24", "DOCKER_AUTH_CONFIG of another host, config.json", lambda host: {"auths": {host: login("good")}}, good, "", docker, env=lambda host: config("other.example"))
    with_file("W24", "DOCKER_AUTH_CONFIG empty, config.json", lambda host: {"auths": {host: login("good")}}, good, "", docker, env=lambda host: {"DOCKER_AUTH_CONFIG": ""})
    # W25: helpers that fail
    for name, script in (("missing", None), ("exits 1", "echo no keyring 17 >&2; exit 1"), ("talks on stdout", "echo the keyring 17 is locked; exit 2"), ("gives no JSON", "echo hello 17"),
                         ("writes control characters", r"printf '\033[31mlocked 17\007' >&2; exit 1"), ("hangs up at once", "kill -9 $$")):
        programs = {"one": script} if script else {}
        for how, entry in (("credHelpers", lambda host: {"credHelpers": {host: "one"}}), ("credsStore", lambda host: {"credsStore": "one"})):
            with_file("W25", f"{how}: the helper {name}; public", lambda host, entry=entry: entry(host), {}, "a public image needs no login", docker, public=True, **programs)
            with_file("W25", f"{how}: the helper {name}; tokens for all", lambda host, entry=entry: entry(host), {"login": "nobody", "says": "docker-credential-one"},
                      "a public image needs no login; the helper's failure is a warning", docker, public="token", **programs)
            shown = "17" if script and "17" in script and "JSON" not in name else "docker-credential-one"  # what is no answer may be a secret
            with_file("W25", f"{how}: the helper {name}; a login is needed", lambda host, entry=entry: entry(host), shown, "", docker, **programs)
    with_file("W25", "a helper that says there is none; public", lambda host: {"credsStore": "one"}, {}, "", docker, public=True, one="echo credentials not found in native keychain; exit 1")


def challenges():
    # W26: the challenge is at /v2/
    basic = 'WWW-Authenticate: Basic realm="r"'
    for name, hidden in (("404", refusal("404 Not Found", "NAME_UNKNOWN")), ("403", refusal("403 Forbidden", "DENIED")), ("401 without a challenge", refusal("401 Unauthorized", "UNAUTHORIZED")),
                         ("404 in HTML", refusal("404 Not Found", body=b"<html>", kind="text/html"))):
        for kind in ("Basic", "Bearer"):
            def make(w, hidden=hidden, kind=kind):
                tokens = token_service(w)
                challenge = basic if kind == "Basic" else f'WWW-Authenticate: Bearer realm="http://HOST/token",service="s"'
                inner, came = honest({}), []

                def handler(asked):
                    if asked.path == "/token":
                        return tokens.handler(asked)
                    if user_of(asked) == "good":
                        came.append("good")
                        return inner(asked)
                    return refusal("401 Unauthorized", "UNAUTHORIZED", challenge.replace("HOST", peer.host)) if asked.path == "/v2/" else hidden
                peer = w.peer(handler)
                return w.ask(peer, "r:1", "--creds", "good:pw-CANARY-7f3a", facts=lambda: {"login": came[-1:], **({} if came.clear() else {})})
            case("W26", f"a private repository is hidden by {name}; /v2/ has {kind}", make, {"login": ["good"]})
    # W27: another scope
    for name, wanted, error in (("pull of another repository", "repository:other/r:pull", 'error="insufficient_scope"'), ("pull and more", "repository:r:pull,metadata_read", 'error="insufficient_scope"'),
                                ("the same scope again", "repository:r:pull", 'error="insufficient_scope"'), ("without error", "repository:r:pull,x", "")):
        def make(w, wanted=wanted, error=error):
            def handler(asked):
                if asked.path == "/token":
                    scopes = parse_qs(asked.query).get("scope", [""])
                    return answer(json.dumps({"token": "wide" if wanted in " ".join(scopes).split(" ") and state else "narrow"}).encode(), "Content-Type: application/json")
                if asked.get("authorization") == "Bearer wide":
                    return honest({})(asked)
                bearer = f'WWW-Authenticate: Bearer realm="http://{peer.host}/token",service="s"'
                if asked.path == "/v2/":
                    return answer(b"{}") if asked.all("authorization") else refusal("401 Unauthorized", "UNAUTHORIZED", bearer)
                if asked.get("authorization") == "Bearer narrow":
                    state.append(1)
                    return refusal("401 Unauthorized", "UNAUTHORIZED", f'{bearer},scope="{wanted}"{"," + error if error else ""}')
                return refusal("401 Unauthorized", "UNAUTHORIZED", f'{bearer},scope="repository:r:pull"')
            state = []
            peer = w.peer(handler)
            return w.ask(peer, "r:1", "--no-tags", facts=lambda: state.clear() or {})
        case("W27", f"insufficient_scope naming {name}", make, {} if name.startswith("pull") else None, "" if name.startswith("pull") else "a scope that was just given is not asked for again")
    # W28: clumsy challenges
    for text in ("Basic realm=/", "Basic realm=Artifactory Realm", 'Basic realm="x" charset="UTF-8"', "Basic", "basic", 'BASIC realm="r"', 'Basic realm="a, b"', 'Basic realm="unterminated', "Basic realm='x'",
                 "Basic realm=", 'Basic realm="Sonatype Nexus Repository Manager"', "Basic realm=https://x/y?z=1", 'Basic realm="r", charset', 'Basic  realm = "r"', 'Negotiate\r\nWWW-Authenticate: Basic realm="r"',
                 'Negotiate, Basic realm="r"', 'Basic realm="r", Negotiate', 'Digest realm="r", nonce="n", qop="auth", Basic realm="r"', 'Basic realm="\xe9"'):
        case("W28", text.replace("\r\nWWW-Authenticate: ", " and "), lambda w, text=text: asked_with(w, text, "basic"), {"login": "good"}, "the scheme is enough")
    REALM_TEXT = "http://HOST/token"
    for text in (f"Bearer realm={REALM_TEXT},service=s,scope=repository:r:pull", f'Bearer realm="{REALM_TEXT}" service="s" scope="repository:r:pull"', f'Bearer realm="{REALM_TEXT}",service="s",scope="repository:r:pull",scope="repository:r:pull"',
                 f'Bearer realm="{REALM_TEXT}",service="s",error="invalid_token",error_description="the token "x" is old"', f'Bearer realm="{REALM_TEXT}"', f'bearer REALM="{REALM_TEXT}",SERVICE="s"', f'Bearer realm="{REALM_TEXT}",',
                 f'Bearer ,realm="{REALM_TEXT}",,service="s"', f'Bearer realm="{REALM_TEXT}",service="a b, c"', f'Bearer service="s", realm="{REALM_TEXT}"', f"Bearer realm='{REALM_TEXT}',service='s'", f'Bearer realm="{REALM_TEXT}",service',
                 f'Bearer realm="{REALM_TEXT}",service="s",scope=""', f'Bearer realm="{REALM_TEXT}",service=""', f'Basic realm="r", Bearer realm="{REALM_TEXT}",service="s"', f'Bearer realm="{REALM_TEXT}?a=b",service="s"',
                 f'Bearer realm="{REALM_TEXT}",service="s\\"x"', f'Bearer realm = "{REALM_TEXT}" , service = "s"', f'Bearer realm="{REALM_TEXT}",service="s'):
        case("W28", text, lambda w, text=text: asked_with(w, text, ""), None if "'" in text else {"login": "good"}, "what can be read of it is read")


def asked_with(w, text, kind):
    def challenge(asked):
        return ["WWW-Authenticate: " + text.replace("HOST", peer.host)]

    def handler(asked):
        return tokens(asked) if asked.path == "/token" else inner(asked)
    peer, facts = guarded(w, ("good",), challenge, kind)
    inner, tokens = peer.handler, token_service(w).handler
    peer.handler = handler
    return w.ask(peer, "r:1", "--creds", "good:pw-CANARY-7f3a", facts=facts)


def tokens():
    # W29: a realm elsewhere
    def elsewhere(public, trusted=False, challenged=True):
        def make(w):
            tokens = token_service(w, lambda user: user or ("nobody" if public is True else None if public is None else "nobody"))
            users = ("nobody", "good") if public else ("good",)
            peer, facts = guarded(w, users, lambda asked: [f'Bearer realm="http://{tokens.host}/token",service="s",scope="repository:r:pull"'], "bearer")
            seen = facts

            def told():
                sent = [user_of(a) for a in tokens.seen if user_of(a)]
                return {**seen(), "shown": bool(sent)}
            asked = w.ask(peer, "r:1", "--creds", "good:pw-CANARY-7f3a", facts=told)
            if trusted:
                asked.ours[:0] = ["--trust-realm", f"http://{tokens.host}"]
            return asked
        return make
    case("W29", "public, a login is known, the realm is on another port", elsewhere(True), {"login": "nobody", "shown": False}, "asked without the login: " + REALM)
    case("W29", "private, the realm is on another port, anonymous tokens are worth nothing", elsewhere(False), "--trust-realm http://", REALM)
    case("W29", "private, the realm is on another port and gives none to nobody", elsewhere(None), "--trust-realm http://", REALM)
    case("W29", "private, the realm is on another port and trusted", elsewhere(False, True), {"login": "good", "shown": True})
    # W30: odd logins and tokens
    def basic(user, password, how):
        def make(w):
            want = "Basic " + encoded(user, password)
            inner = honest({})
            peer = w.peer(lambda asked: inner(asked) if asked.get("authorization") == want else refusal("401 Unauthorized", "UNAUTHORIZED", 'WWW-Authenticate: Basic realm="r"'))
            if how == "file":
                entry = {"auth": encoded(user, password)}
            else:
                entry = {"username": user, "password": password}
            return w.ask(peer, "r:1", "--authfile", w.write("auth.json", json.dumps({"auths": {peer.host: entry}})))
        return make
    case("W30", "no user name, a password", basic("", "pw-CANARY-7f3a", "file"), {}, "it is sent as it is kept")
    case("W30", "a user name, no password", basic("alice", "", "file"), {}, "it is sent as it is kept")
    case("W30", "a password with a colon", basic("alice", "a:b:c", "file"))
    case("W30", "a password outside of ASCII", basic("alice", "pä€", "file"))
    case("W30", "a password of 20 KB", basic("alice", "p" * 20_000, "file"))

    def token(make_token, accepted="tok-of-nobody", right=None):
        def make(w):
            inner = honest({})

            def handler(asked):
                if asked.path == "/token":
                    return answer(json.dumps(make_token).encode() if not isinstance(make_token, bytes) else make_token, "Content-Type: application/json")
                if asked.get("authorization") == "Bearer " + accepted:
                    return inner(asked)
                return refusal("401 Unauthorized", "UNAUTHORIZED", f'WWW-Authenticate: Bearer realm="http://{peer.host}/token",service="s"')
            peer = w.peer(handler)
            return w.ask(peer)
        return make
    for size in (20_000, 60_000):
        case("W30", f"a token of {size // 1000} KB", token({"token": "t" * size}, "t" * size))
    case("W30", "a token of 200 KB", token({"token": "t" * 200_000}, "t" * 200_000), "token", "a token has at most 64 KiB")
    good = {"token": "tok-of-nobody"}
    for name, more in (("refresh_token a number", {"refresh_token": 17}), ("refresh_token null", {"refresh_token": None}), ("expires_in a text", {"expires_in": "300"}), ("expires_in null", {"expires_in": None}),
                       ("expires_in 300.0", {"expires_in": 300.0}), ("issued_at odd", {"issued_at": "yesterday"}), ("issued_at null", {"issued_at": None}), ("another access_token", {"access_token": "other"}),
                       ("access_token empty", {"access_token": ""}), ("access_token null", {"access_token": None}), ("the same access_token", {"access_token": "tok-of-nobody"}), ("scope a list", {"scope": ["a"]}),
                       ("token_type", {"token_type": "Bearer"})):
        case("W30", f"token, {name}", token({**good, **more}), None if name.startswith("expires_in") else {}, "what a token does not need is not in its way")
    case("W30", "only access_token", token({"access_token": "tok-of-nobody"}))
    case("W30", "token empty, access_token good", token({"token": "", "access_token": "tok-of-nobody"}))
    case("W30", "token null, access_token good", token({"token": None, "access_token": "tok-of-nobody"}))
    case("W30", "a token with a line end", token({"token": "a\r\nX: y"}, "a"), "token")
    case("W30", "no token at all", token({"details": "x"}), "token")


def fill():
    keys()
    challenges()
    tokens()
