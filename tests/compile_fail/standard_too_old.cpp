// expect: lading needs a C++20 compiler
// flags: -std=c++17
#include <lading/lading.hpp>
