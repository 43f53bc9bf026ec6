// SPDX-License-Identifier: BSL-1.0
// The commands that read and keep nothing.

#include "blob.hpp"
#include "commands.hpp"
#include "inspect.hpp"
#include "login.hpp"
#include "manifest.hpp"
#include "tags.hpp"

#include <span>

int put_bytes(std::string_view bytes, std::string const& file, registry_access const& args) {
    if (file.empty() || file == "-") return print(bytes);
    lading::file_sink out(file);
    auto const written = [&]() -> lading::result<void> {
        LADING_TRY_V(out.begin());
        LADING_TRY_V(out.write(std::as_bytes(std::span(bytes))));
        return out.commit();
    }();
    return written ? status::done : tell(file, written.error(), args);
}

void add_reading(CLI::App& app, program& run) {
    add_inspect(app, run);
    add_tags(app, run);
    add_documents(app, run);
    add_blob(app, run);
    add_login(app, run);
}
