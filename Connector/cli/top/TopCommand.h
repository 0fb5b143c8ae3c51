#pragma once

#include "cli/CommonOptions.h"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace connector {

/// What `top` is given. A value.
struct TopOptions {
    std::optional<std::string> sort; ///< a column's name
    bool isReversed = false;
    std::optional<std::string> filter;
    std::optional<std::int64_t> interval; ///< s
    bool once = false;
};

inline constexpr std::int64_t kUsualTopInterval = 2; // s
inline constexpr std::int64_t kMaxTopInterval = 3600;
inline constexpr const char* kUsualTopSort = "from1";

/// `top`: the mappings and what goes through them, on a terminal until a key ends it, or printed once. Throws
/// CommandError, ConfigurationError and TlsError.
void showTop(const CommonOptions& common, const TopOptions& options, std::ostream& out);

} // namespace connector
