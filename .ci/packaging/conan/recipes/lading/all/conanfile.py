import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
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
        "with_asio": [True, False],
        "with_curl": [True, False],
        "with_mbedtls": [True, False],
        "with_nlohmann_json": [True, False],
        "with_rapidjson": [True, False],
        "with_simdjson": [True, False],
        "with_tomlplusplus": [True, False],
    }
    default_options = {
        "with_asio": True,
        "with_curl": False,
        "with_mbedtls": False,
        "with_nlohmann_json": False,
        "with_rapidjson": False,
        "with_simdjson": False,
        "with_tomlplusplus": False,
    }
    no_copy_source = True

    # What each option brings: the requirement and the target of it that the component asks for.
    _libraries = {
        "with_curl": ("libcurl/[>=7.78 <9]", "libcurl::libcurl"),
        "with_mbedtls": ("mbedtls/3.6.0", "mbedtls::mbedtls"),
        "with_nlohmann_json": ("nlohmann_json/3.11.3", "nlohmann_json::nlohmann_json"),
        "with_rapidjson": ("rapidjson/cci.20230929", "rapidjson::rapidjson"),
        "with_simdjson": ("simdjson/3.10.1", "simdjson::simdjson"),
        "with_tomlplusplus": ("tomlplusplus/3.4.0", "tomlplusplus::tomlplusplus"),
    }

    @property
    def _wanted(self):
        return [both for option, both in self._libraries.items() if self.options.get_safe(option)]

    def layout(self):
        basic_layout(self, src_folder="src")

    def requirements(self):
        self.requires("boost/1.86.0")
        if self.options.with_asio:
            self.requires("asio/1.30.2")
            self.requires("openssl/[>=3 <4]")
        for requirement, _ in self._wanted:
            self.requires(requirement)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration(f"{self.ref} needs POSIX")
        minimum = {"gcc": "12", "clang": "19"}.get(str(self.settings.compiler))
        if minimum and Version(self.settings.compiler.version) < minimum:
            raise ConanInvalidConfiguration(f"{self.ref} needs {self.settings.compiler} {minimum} or newer")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def build(self):
        pass

    def package(self):
        copy(self, "LICENSE_1_0.txt", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "lading")
        # The name of the project's own target is that of a component below.
        self.cpp_info.set_property("cmake_target_name", "lading::lading-all-do-not-use")
        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "lading::core")
        core.set_property("pkg_config_name", "lading-core")
        core.requires = ["boost::headers", *(target for _, target in self._wanted)]
        core.bindirs = []
        core.libdirs = []
        if self.options.with_asio:
            full = self.cpp_info.components["lading"]
            full.set_property("cmake_target_name", "lading::lading")
            full.set_property("pkg_config_name", "lading")
            full.requires = ["core", "asio::asio", "openssl::openssl"]
            full.bindirs = []
            full.libdirs = []
            if self.settings.os in ["Linux", "FreeBSD"]:
                full.system_libs = ["pthread"]
