#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What can be said of .ci/packaging without vcpkg and Conan: both are of this version and know every library that a
backend includes; the port runs, with stand-ins for vcpkg's functions, and leaves what vcpkg wants, and the version
database names the port as it is; the recipe runs, with stand-ins for Conan's, and its components are the targets of the
CMake package. Its test package is built against the files it packed. Argument: work folder."""

import ast
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import types
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGISTRY = ROOT / ".ci/packaging/vcpkg"
PORT = REGISTRY / "ports/lading"
RECIPE = ROOT / ".ci/packaging/conan/recipes/lading"
VERSION = re.search(r'LADING_VERSION_STRING "([^"]+)"', (ROOT / "include/lading/version.hpp").read_text()).group(1)
# The include of a backend -> the port's dependency, the recipe's.
LIBRARIES = {
    "asio/": ("asio", "asio"),
    "openssl/": ("openssl", "openssl"),
    "boost/beast/": ("boost-beast", "boost"),
    "boost/hana": ("boost-hana", "boost"),
    "boost/json/": ("boost-json", "boost"),
    "boost/outcome/": ("boost-outcome", "boost"),
    "curl/": ("curl", "libcurl"),
    "mbedtls/": ("mbedtls", "mbedtls"),
    "nlohmann/": ("nlohmann-json", "nlohmann_json"),
    "rapidjson/": ("rapidjson", "rapidjson"),
    "simdjson.h": ("simdjson", "simdjson"),
    "toml++/": ("tomlplusplus", "tomlplusplus"),
    "zlib.h": ("zlib", "zlib"),
    "zstd.h": ("zstd", "zstd"),
}
SYSTEM = re.compile(r"[a-z0-9_]+|(sys|netinet|arpa)/[a-z]+\.h|[a-z]+\.h|bits/[a-z_]+\.h")  # the last are of libstdc++

# vcpkg's functions, as far as the port uses them.
STAND_INS = """
cmake_minimum_required(VERSION 3.24)
function(vcpkg_from_github)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_SOURCE_PATH;REPO;REF;SHA512;HEAD_REF" "")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_REF STREQUAL "v${VERSION}")
        message(FATAL_ERROR "vcpkg_from_github: ${ARGV}")
    endif()
    set(${arg_OUT_SOURCE_PATH} "${ROOT}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${BUILD}" -G Ninja ${arg_OPTIONS}
        -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_install)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
    file(RENAME "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}" "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/cmake")
endfunction()
function(vcpkg_fixup_pkgconfig)
    if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/pkgconfig/lading-core.pc")
        message(FATAL_ERROR "no lading-core.pc")
    endif()
endfunction()
function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    file(COPY_FILE "${arg_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()
include("${PORTFILE}")
"""


def check(truth, what):
    if not truth:
        sys.exit(f"packaging: {what}")


def foreign_libraries():
    """The rows of LIBRARIES that the headers need."""
    found = set()
    for header in (ROOT / "include").rglob("*.hpp"):
        for name in re.findall(r"^\s*#\s*include\s*<([^>]+)>", header.read_text(encoding="utf-8"), re.MULTILINE):
            rows = [row for row in LIBRARIES if name.startswith(row)]
            check(rows or SYSTEM.fullmatch(name) or name == "lading-needs-C++20", f"{header.relative_to(ROOT)}: <{name}> is in no row of LIBRARIES")
            found.update(rows)
    return found


def run_port(work, features):
    packages = work / ("-".join(features) or "core")
    script = work / "port.cmake"
    script.write_text(STAND_INS)
    values = {"PORTFILE": PORT / "portfile.cmake", "PORT": "lading", "VERSION": VERSION, "ROOT": ROOT,
              "BUILD": f"{packages}-build", "CURRENT_PACKAGES_DIR": packages, "FEATURES": ";".join(features)}
    subprocess.run(["cmake", *(f"-D{k}={v}" for k, v in values.items()), "-P", str(script)], check=True)
    share = packages / "share"
    for name in ("copyright", "usage", "lading-config.cmake", "lading-core-targets.cmake"):
        check((share / "lading" / name).is_file(), f"the port has no share/lading/{name}")
    check((packages / "include/lading/core.hpp").is_file(), "the port has no headers")
    check((share / "lading/lading-targets.cmake").is_file() == ("asio" in features), f"lading::lading with {features}")
    check((share / "pkgconfig/lading.pc").is_file() == ("asio" in features), f"lading.pc with {features}")
    check((packages / "lib/liblading.a").is_file() == ("compiled" in features), f"the compiled library with {features}")
    check((share / "lading/lading-compiled-targets.cmake").is_file() == ("compiled" in features), f"lading::compiled with {features}")
    check({p.name for p in share.iterdir()} == {"lading", "pkgconfig"}, f"the port leaves {sorted(share.iterdir())}")


def git_object(kind, content):
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content)


def git_tree(folder):
    """The name that git gives to a folder of plain files."""
    rows = [b"100644 " + file.name.encode() + b"\0" + git_object("blob", file.read_bytes()).digest()
            for file in sorted(folder.iterdir())]
    return git_object("tree", b"".join(rows)).hexdigest()


def version_database(manifest):
    """What `vcpkg x-add-version lading` would write."""
    port_version = manifest.get("port-version", 0)
    baseline = json.loads((REGISTRY / "versions/baseline.json").read_text())
    check(baseline == {"default": {"lading": {"baseline": VERSION, "port-version": port_version}}}, f"baseline.json: {baseline}")
    newest = json.loads((REGISTRY / "versions/l-/lading.json").read_text())["versions"][0]
    now = {"git-tree": git_tree(PORT), "version": VERSION, "port-version": port_version}
    check(newest == now, f"versions/l-/lading.json: the port is now {json.dumps(now)}")


def vcpkg(work, libraries):
    manifest = json.loads((PORT / "vcpkg.json").read_text())
    check(manifest["name"] == "lading" and manifest["version"] == VERSION, f"vcpkg.json is not of {VERSION}")
    version_database(manifest)
    features = manifest["features"]
    check(set(manifest["default-features"]) <= set(features), "a default feature that does not exist")
    every = [*manifest["dependencies"], *(d for f in features.values() for d in f["dependencies"])]
    names = {d if isinstance(d, str) else d["name"] for d in every}
    check(names == {LIBRARIES[row][0] for row in libraries} | {"vcpkg-cmake", "vcpkg-cmake-config", "lading"},
          f"dependencies of vcpkg.json: {sorted(names)}")
    run_port(work, ["asio"])
    run_port(work, ["asio", "compiled"])
    run_port(work, [])


def stand_in(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


def copy(_, pattern, source, target, keep_path=True):
    for path in pathlib.Path(source).rglob(pattern):
        place = pathlib.Path(target) / (path.relative_to(source) if keep_path else path.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)


class Refused(Exception):
    """What Conan calls an invalid configuration."""


def run_recipe(source, work, boost=(), **options):
    """The names of the recipe's requirements, and its components. `boost`: options of that requirement that are set."""
    modules = {"conan": stand_in("conan", ConanFile=object),
               "conan.errors": stand_in("conan.errors", ConanInvalidConfiguration=Refused)}
    for name, members in {"tools.build": ["check_min_cppstd"], "tools.cmake": ["CMake", "CMakeDeps", "CMakeToolchain"],
                          "tools.layout": ["basic_layout"], "tools.scm": ["Version"], "tools.files": ["get"]}.items():
        modules[f"conan.{name}"] = stand_in(f"conan.{name}", **{member: mock.MagicMock() for member in members})
    modules["conan.tools.files"].copy = copy
    modules["conan.tools.scm"].Version = str
    space = {}
    with mock.patch.dict(sys.modules, modules):
        exec(compile(source, "conanfile.py", "exec"), space)
    recipe = space["LadingConan"]()
    check(set(recipe.options) == set(recipe.default_options), "options without a default")
    check(set(options) <= set(recipe.options), f"no such options: {options}")
    chosen = {**recipe.default_options, **options}
    recipe.options = mock.Mock(get_safe=chosen.get, **chosen)
    recipe.settings = mock.Mock(os="Linux", compiler=mock.MagicMock(version="12"))
    recipe.settings.compiler.__str__.return_value = "gcc"
    recipe.requires, recipe.info, recipe.ref = mock.Mock(), mock.Mock(), "lading"
    recipe.info.options.compiled = chosen["compiled"]
    recipe.dependencies = {"boost": mock.Mock(options=mock.Mock(get_safe=lambda name: name in boost)), "asio": mock.MagicMock()}
    recipe.version = VERSION
    recipe.conan_data = {"sources": {VERSION: {}}}
    shutil.copytree(ROOT / "include", work / "source/include", dirs_exist_ok=True)
    shutil.copy(ROOT / "LICENSE_1_0.txt", work / "source")
    recipe.source_folder, recipe.package_folder = str(work / "source"), str(work / "conan")
    recipe.build_folder = str(work / "conan-build")  # with what CMake would have made there
    (work / "conan-build/lib").mkdir(parents=True, exist_ok=True)
    (work / "conan-build/lib/liblading.a").touch()
    components = {}
    recipe.cpp_info = mock.Mock(components=mock.MagicMock())
    recipe.cpp_info.components.__getitem__.side_effect = lambda key: components.setdefault(key, mock.Mock())
    for step in ("configure", "layout", "requirements", "package_id", "validate", "source", "generate", "build", "package", "package_info"):
        getattr(recipe, step)()
    return {call.args[0].split("/")[0] for call in recipe.requires.call_args_list}, components


def conan(work, libraries):
    for name in ("config.yml", "all/conandata.yml"):
        text = (RECIPE / name).read_text()
        check(re.findall(r'^  "([^"]+)":$', text, re.MULTILINE) == [VERSION], f"{name} is not of {VERSION}")
    check(f"/v{VERSION}.tar.gz" in text, "conandata.yml: the archive of another version")
    ast.parse((RECIPE / "all/test_package/conanfile.py").read_text())
    source = (RECIPE / "all/conanfile.py").read_text()
    everything = {name: True for name in re.findall(r'^        "(with_\w+)": \[', source, re.MULTILINE)}
    required, components = run_recipe(source, work, compiled=True, **everything)
    check((work / "conan/lib/liblading.a").is_file(), "the recipe packs no compiled library")
    check(required == {LIBRARIES[row][1] for row in libraries}, f"requirements of the recipe: {sorted(required)}")
    models = re.search(r"set\(lading_models ([a-z_ ]+)\)", (ROOT / "CMakeLists.txt").read_text()).group(1).split()
    check(set(components) == {"core", "lading", "compiled", *models}, f"components of the recipe: {sorted(components)}")
    for name, component in components.items():
        check(mock.call("cmake_target_name", f"lading::{name}") in component.set_property.call_args_list, f"the target of {name}")
        check(name == "core" or "core" in component.requires, f"component {name} without core")
        outside = {name.split("::")[0] for name in component.requires if "::" in name}
        check(outside <= required, f"a component asks for {sorted(outside - required)}")
    required, components = run_recipe(source, work, with_asio=False)
    check(required == {"boost"} and list(components) == ["core"], "the recipe brings more than Boost without options")
    for lacking in ("header_only", "without_json"):
        try:
            run_recipe(source, work, boost=[lacking], with_boost_json=True)
            check(False, f"with_boost_json goes with a Boost that is {lacking}")
        except Refused:
            pass
    check((work / "conan/licenses/LICENSE_1_0.txt").is_file(), "the recipe packs no licence")
    subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-I", str(work / "conan/include"),
                    str(RECIPE / "all/test_package/test_package.cpp")], check=True)


def main(folder):
    work = pathlib.Path(folder).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    libraries = foreign_libraries()
    vcpkg(work, libraries)
    conan(work, libraries)
    print(f"packaging: vcpkg port and Conan recipe of {VERSION}, {len(libraries)} libraries")


if __name__ == "__main__":
    main(sys.argv[1])
