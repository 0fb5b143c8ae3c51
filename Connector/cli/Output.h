#pragma once

#include <Poco/JSON/Object.h>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace connector {

// What commands print, and the words that people read numbers in.

/// Prints an object over several lines, for scripts and for people who read what scripts are given.
void printJson(const Poco::JSON::Object& object, std::ostream& out);

/// Prints lines of a name and a value, the values below each other.
void printLines(const std::vector<std::pair<std::string, std::string>>& lines, std::ostream& out);

/// Prints members of an object that way, with the name that goes with each key. Members that the object does
/// not have, or that are empty, are left out.
void printMembers(const Poco::JSON::Object& object,
                  const std::vector<std::pair<std::string, std::string>>& names, std::ostream& out);

/// Bytes for people, in powers of 1000: "999 B", "1.5 kB", "340 MB".
std::string readableBytes(double bytes);

/// A time for people, in its two largest units: "3 d 4 h", "12 min 5 s", "0 s".
std::string readableTime(std::chrono::milliseconds time);

} // namespace connector
