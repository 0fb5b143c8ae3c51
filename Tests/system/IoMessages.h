#pragma once

#include <string>

namespace connector::test {

/// An ioMessage of version 4 with these fields and no others.
std::string ioMessage(const std::string& id, const std::string& publisher, const std::string& content);

/// The message with its code and its size in front, as on sockets and pipes.
std::string framed(const std::string& message);

/// The fields of an ioMessage that ioMessage() knows. Throws std::runtime_error when it is cut.
struct IoMessageFields {
    std::string id;
    std::string publisher;
    std::string content;
};
IoMessageFields fieldsOf(const std::string& message);

} // namespace connector::test
