#pragma once

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <string>
#include <string_view>

namespace connector {

/// A file of the page that the API shows people. It is the same for everybody, and says nothing about the
/// server. Immutable, so any thread may ask.
struct PageFile {
    enum class Name { Html, Style, Script };

    static const PageFile& of(Name name);

    const std::string_view text;
    const std::string_view mediaType;
    /// Another one for each text (RFC 9110, 8.8.3).
    const std::string tag;

    /// Sets what headers say about it, and what a browser may do with it.
    void describeIn(Poco::Net::HTTPResponse& response) const;

    /// Whether the browser says that it has it.
    bool isKnownBy(const Poco::Net::HTTPRequest& request) const;
};

} // namespace connector
