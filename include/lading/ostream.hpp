// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `operator<<` for the words of the library and for errors, for streams and for test frameworks that print with them. No other
/// header includes this one, and none needs <ostream>.

#include "error.hpp"
#include "platform.hpp"
#include "reference.hpp"
#include "warning.hpp"

#include <ostream>

namespace lading {

inline std::ostream& operator<<(std::ostream& out, reference const& r) { return out << r.str(); }
inline std::ostream& operator<<(std::ostream& out, repository const& r) { return out << r.str(); }
inline std::ostream& operator<<(std::ostream& out, digest const& d) { return out << d.str(); }
inline std::ostream& operator<<(std::ostream& out, platform const& p) { return out << p.str(); }
/// The name of the code, "digest_mismatch".
inline std::ostream& operator<<(std::ostream& out, errc e) { return out << name_of(e); }
/// `message()`: one printable line without secrets.
inline std::ostream& operator<<(std::ostream& out, error const& e) { return out << e.message(); }
/// The name of the code and the text, "missing_rootfs: the image config has no rootfs".
inline std::ostream& operator<<(std::ostream& out, warning const& w) { return out << name_of(w.code) << ": " << w.text; }

} // namespace lading
