// SPDX-License-Identifier: BSL-1.0
// The one unit with Catch2's main (it alone takes seconds to compile), and a listener: with LADING_TEST_RECORD=FILE each test
// case adds a line "passed|failed<tab>program<tab>its name, its sections and its tags" to the file, for the reports.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
using listener_base = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using listener_base = Catch::TestEventListenerBase;
#endif

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string program; // its name, without its folder

class recorder : public listener_base {
  public:
    using listener_base::listener_base;
    void testCaseStarting(Catch::TestCaseInfo const& info) override {
        tags_ = info.tagsAsString();
        listener_base::testCaseStarting(info);
    }
    void sectionStarting(Catch::SectionInfo const& s) override {
        names_.append(names_.empty() ? "" : " | ").append(s.name);
        listener_base::sectionStarting(s);
    }
    void testCaseEnded(Catch::TestCaseStats const& stats) override {
        char const* const path = std::getenv("LADING_TEST_RECORD");
        if (std::FILE* const file = path ? std::fopen(path, "a") : nullptr) {
            for (auto& c : names_)
                if (c == '\n' || c == '\t') c = ' ';
            bool const good = stats.totals.assertions.allOk();
            std::fputs(((good ? "passed\t" : "failed\t") + program + '\t' + names_ + ' ' + tags_ + '\n').c_str(), file);
            std::fclose(file);
        }
        names_.clear();
        listener_base::testCaseEnded(stats);
    }

  private:
    std::string names_; // the first section of a case is the case
    std::string tags_;
};
CATCH_REGISTER_LISTENER(recorder)

} // namespace

int main(int argc, char* argv[]) {
    std::string const path = argc > 0 ? argv[0] : "";
    program = path.substr(path.rfind('/') + 1);
    return Catch::Session().run(argc, argv);
}
