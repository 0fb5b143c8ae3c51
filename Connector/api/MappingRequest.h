#pragma once

#include "model/Mapping.h"
#include "model/MappingChange.h"

#include <optional>
#include <string>

namespace connector {

/// What clients send about mappings, read from a request's body. Pure functions. Whatever the body is,
/// they return or throw FieldError, and nothing else.
///
/// mediaType: "application/json", or anything else for a form. In lower case, without parameters.

/// The mapping that is asked for; id, ports and passcodes are empty.
///
/// A form is `mapping=<JSON>`, with the JSON percent-encoded or not. The bare JSON, percent-encoded or not,
/// is taken for a form too, because the API document shows it so. Keys that this version does not know are
/// left aside, so that newer Controllers can be served.
Mapping readMapping(const std::string& mediaType, const std::string& body);

/// What is to be changed of a mapping. The body is a JSON object of at least one of the members that can be
/// changed, and of no others.
MappingChange readMappingChange(const std::string& body);

/// The value of `mappingid`, checked, or nothing when there is no such parameter.
std::optional<std::string> findMappingId(const std::string& mediaType, const std::string& body);

/// Gives the id back when it can be one: 1 to 256 bytes of UTF-8 without control characters. Ids need not be
/// UUIDs, for rows may have been imported.
std::string checkedMappingId(const std::string& id);

} // namespace connector
