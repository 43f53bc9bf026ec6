import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import copy, get
from conan.tools.layout import basic_layout
from conan.tools.scm import Version

required_conan_version = ">=2.0"


class LadingConan(ConanFile):
    name = "lading"
    description = "Container registry client that trusts nothing it has not hashed"
    license = "BSL-1.0"
    url = "https://github.com/conan-io/conan-center-index"
    homepage = "https://github.com/OWNER/lading"
    topics = ("container-registry", "docker", "oci", "client", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "compiled": [True, False],
        "with_asio": [True, False],
        "with_boost_json": [True, False],
        "with_curl": [True, False],
        "with_mbedtls": [True, False],
        "with_nlohmann_json": [True, False],
        "with_rapidjson": [True, False],
        "with_simdjson": [True, False],
        "with_tomlplusplus": [True, False],
        "with_zlib": [True, False],
        "with_zstd": [True, False],
    }
    default_options = {
        "compiled": False,
        "with_asio": True,
        "with_boost_json": False,
        "with_curl": False,
        "with_mbedtls": False,
        "with_nlohmann_json": False,
        "with_rapidjson": False,
        "with_simdjson": False,
        "with_tomlplusplus": False,
        "with_zlib": False,
        "with_zstd": False,
    }
    no_copy_source = True

    # What each option brings: a component of its name, with this target and, unless it is required anyway, its package.
    _models = {
        "boost_json": ("boost::json", None),
        "curl": ("libcurl::libcurl", "libcurl/[>=7.80 <9]"),
        "mbedtls": ("mbedtls::mbedtls", "mbedtls/3.6.0"),
        "nlohmann_json": ("nlohmann_json::nlohmann_json", "nlohmann_json/3.11.3"),
        "rapidjson": ("rapidjson::rapidjson", "rapidjson/cci.20230929"),
        "simdjson": ("simdjson::simdjson", "simdjson/3.10.1"),
        "tomlplusplus": ("tomlplusplus::tomlplusplus", "tomlplusplus/3.4.0"),
        "zlib": ("zlib::zlib", "zlib/[>=1.2.11 <2]"),
        "zstd": ("zstd::zstd", "zstd/[~1.5]"),
    }

    @property
    def _wanted(self):
        return {name: both for name, both in self._models.items() if self.options.get_safe(f"with_{name}")}

    def configure(self):
        if self.options.compiled:
            self.package_type = "static-library"

    def layout(self):
        basic_layout(self, src_folder="src")

    def requirements(self):
        self.requires("boost/1.86.0")
        if self.options.with_asio:
            self.requires("asio/1.30.2")
            self.requires("openssl/[>=3 <4]")
        for _, requirement in self._wanted.values():
            if requirement:
                self.requires(requirement)

    def package_id(self):
        if not self.info.options.compiled:
            self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration(f"{self.ref} needs POSIX")
        if self.options.with_boost_json:
            boost = self.dependencies["boost"].options
            if boost.get_safe("header_only") or boost.get_safe("without_json"):
                raise ConanInvalidConfiguration(f"{self.ref} with_boost_json needs boost with its json library")
        if self.options.compiled and not self.options.with_asio:
            raise ConanInvalidConfiguration(f"{self.ref} compiled needs with_asio")
        minimum = {"gcc": "12", "clang": "19"}.get(str(self.settings.compiler))
        if minimum and Version(self.settings.compiler.version) < minimum:
            raise ConanInvalidConfiguration(f"{self.ref} needs {self.settings.compiler} {minimum} or newer")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        if self.options.compiled:
            CMakeDeps(self).generate()
            toolchain = CMakeToolchain(self)
            toolchain.cache_variables["LADING_ASIO_INCLUDE_DIR"] = self.dependencies["asio"].cpp_info.includedirs[0]
            for name in ("TESTS", "EXAMPLES"):
                toolchain.cache_variables[f"LADING_BUILD_{name}"] = False
            toolchain.generate()

    def build(self):
        if self.options.compiled:
            cmake = CMake(self)
            cmake.configure()
            cmake.build(target="lading_compiled")

    def package(self):
        copy(self, "LICENSE_1_0.txt", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.[hi]pp", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))
        if self.options.compiled:
            copy(self, "*.a", self.build_folder, os.path.join(self.package_folder, "lib"), keep_path=False)

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "lading")
        # The name of the project's own target is that of a component below.
        self.cpp_info.set_property("cmake_target_name", "lading::lading-all-do-not-use")
        self._component("core", ["boost::headers"]).set_property("pkg_config_name", "lading-core")
        for name, (target, _) in self._wanted.items():
            self._component(name, ["core", target])
        if self.options.with_asio:
            full = self._component("lading", ["core", "asio::asio", "openssl::openssl"])
            full.set_property("pkg_config_name", "lading")
            if self.settings.os in ["Linux", "FreeBSD"]:
                full.system_libs = ["pthread"]
        if self.options.compiled:
            once = self._component("compiled", ["core", "lading"])
            once.set_property("pkg_config_name", "lading-compiled")
            once.libdirs = ["lib"]
            once.libs = ["lading"]
            once.defines = ["LADING_SEPARATE_COMPILATION"]

    def _component(self, name, requires):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", f"lading::{name}")
        component.requires = requires
        component.bindirs = []
        component.libdirs = []
        return component
