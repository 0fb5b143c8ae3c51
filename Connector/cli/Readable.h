#pragma once

#include <chrono>
#include <string>

namespace connector {

/// Bytes for people, in powers of 1000: "999 B", "1.5 kB", "340 MB".
std::string readableBytes(double bytes);

/// A time for people, in its two largest units: "3 d 4 h", "12 min 5 s", "0 s".
std::string readableTime(std::chrono::milliseconds time);

} // namespace connector
