#pragma once

#include "base/JsonFields.h"
#include "model/Mapping.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace connector {

/// What clients send about mappings, read from a request's body. Pure functions. Whatever the body is,
/// they return or throw FieldError, and nothing else.
///
/// mediaType: "application/json", or anything else for a form. In lower case, without parameters.

/// The mapping that is asked for; id, passcodes, and the ports that were not asked for, are empty.
///
/// A form is `mapping=<JSON>`, with the JSON percent-encoded or not. The bare JSON, percent-encoded or not,
/// is taken for a form too, because the API document shows it so. Keys that this version does not know are
/// left aside, so that newer Controllers can be served.
Mapping readMapping(const std::string& mediaType, const std::string& body);

/// What is to be changed of a mapping that is open.
class MappingChange {
  public:
    /// body: a JSON object of at least one member that can be changed, whatever the mapping's type.
    explicit MappingChange(const std::string& body);

    /// Throws FieldError for what this mapping can't have.
    void applyTo(Mapping& mapping) const;

    /// For the log.
    std::string inWords() const;

  private:
    std::string _body;
    JsonFields _fields;
};

/// That a mapping gets a new passcode.
class PasscodeChange {
  public:
    /// body: a JSON object with "side" ("port1" or "port2"), which is "port1" unless a mapping is private,
    /// and "overlap", which is 0 ms; or nothing at all.
    explicit PasscodeChange(const std::string& body);

    /// Throws FieldError when there are no passcodes on that side, or the side isn't clear.
    void applyTo(Mapping& mapping, const std::string& passcode);

    /// "port1" or "port2", after applyTo().
    const std::string& side() const { return _side; }
    std::chrono::milliseconds overlap() const { return _overlap; }

  private:
    std::string _side; ///< "": not given
    std::chrono::milliseconds _overlap{0};
};

/// The members of an object that are traffic limits, with these names; those that are left out, or null,
/// stay as they are in `limits`, or are not given.
void readTrafficLimits(JsonFields& fields, TrafficLimits& limits);

/// The value of `mappingid`, checked, or nothing when there is no such parameter.
std::optional<std::string> findMappingId(const std::string& mediaType, const std::string& body);

/// Gives the id back when it can be one: 1 to 256 bytes of UTF-8 without control characters. Ids need not be
/// UUIDs, for rows may have been imported.
std::string checkedMappingId(const std::string& id);

} // namespace connector
