vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO OWNER/lading
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)

# What else is installed must not decide what this port holds.
set(options "")
if("compiled" IN_LIST FEATURES)
    list(APPEND options -DLADING_COMPILED=ON)
else()
    set(VCPKG_BUILD_TYPE release) # header-only
endif()
if(NOT "asio" IN_LIST FEATURES)
    list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON)
endif()

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DLADING_BUILD_TESTS=OFF
        -DLADING_BUILD_EXAMPLES=OFF
        ${options}
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/lading)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/licenses" "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE_1_0.txt")
