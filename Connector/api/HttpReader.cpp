#include "api/HttpReader.h"

#include "api/HttpError.h"

#include <Poco/Ascii.h>
#include <Poco/String.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

/// Request line and headers. Browsers send 1 KiB; a Bearer token may be long.
constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kMaxFields = 64;
/// Sent without a pause they would never meet the deadline, which only ends waiting.
constexpr int kMaxEmptyLines = 4;
/// A chunk's size line, or a line of a chunked body's trailer.
constexpr std::size_t kMaxLine = 256;
constexpr int kMaxTrailerLines = 16;

[[noreturn]] void refuse(const std::string& message) {
    throw HttpError(HTTPResponse::HTTP_BAD_REQUEST, message);
}

[[noreturn]] void refuseSize(std::size_t allowed) {
    throw HttpError(HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE,
                    "the request's body is larger than " + std::to_string(allowed) + " bytes");
}

bool isTokenCharacter(char character) {
    return Poco::Ascii::isAlphaNumeric(character) ||
           std::string_view("!#$%&'*+-.^_`|~").find(character) != std::string_view::npos;
}

bool isToken(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenCharacter);
}

bool isControl(char character) {
    return (static_cast<unsigned char>(character) < ' ' && character != '\t') || character == '\x7F';
}

void parseRequestLine(std::string_view line, HTTPRequest& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        refuse("the request line must be METHOD TARGET VERSION");
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const std::string version(line.substr(last + 1));
    if (!isToken(method) || target.empty() || target.find(' ') != std::string_view::npos)
        refuse("the request line must be METHOD TARGET VERSION");
    if (version != HTTPRequest::HTTP_1_1 && version != HTTPRequest::HTTP_1_0)
        refuse("only HTTP/1.1 and HTTP/1.0 are understood");
    head.setMethod(std::string(method));
    head.setURI(std::string(target));
    head.setVersion(version);
}

/// HTTPRequest::read() would pass over a line without a colon, join continued lines, allow spaces in a name
/// and decode "=?utf-8?q?5?=". What other programs on the way make of that may differ, so none of it is
/// taken.
void parseField(std::string_view line, HTTPRequest& head) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon)))
        refuse("every header line must be NAME: VALUE");
    if (head.size() == kMaxFields)
        refuse("the request has more than " + std::to_string(kMaxFields) + " headers");
    head.add(std::string(line.substr(0, colon)), Poco::trim(std::string(line.substr(colon + 1))));
}

/// text: lines that each end in CR LF, the last of them empty.
HTTPRequest parseHead(std::string_view text) {
    HTTPRequest head;
    for (bool isFirst = true; text != "\r\n"; isFirst = false) {
        const auto end = text.find("\r\n");
        const auto line = text.substr(0, end);
        if (std::any_of(line.begin(), line.end(), isControl))
            refuse("the request's head holds control characters, or lines that don't end in CR LF");
        if (isFirst)
            parseRequestLine(line, head);
        else
            parseField(line, head);
        text.remove_prefix(end + 2);
    }
    return head;
}

/// Nothing when the header is absent; an error when it is there more than once.
std::optional<std::string> onlyValue(const HTTPRequest& head, const std::string& name) {
    std::optional<std::string> value;
    for (const auto& [field, text] : head) {
        if (Poco::icompare(field, name) != 0) continue;
        if (value) refuse(name + ": the header is given twice");
        value = text;
    }
    return value;
}

} // namespace

HttpReader::HttpReader(ClientSocket& socket, std::size_t maxBody) : _socket(socket), _maxBody(maxBody) {}

bool HttpReader::awaitRequest(Deadline deadline) {
    try {
        return !_buffer.empty() || fill(deadline);
    } catch (const HttpError&) { // Nothing was asked, so nothing is answered.
        return false;
    }
}

HTTPRequest HttpReader::readHead(Deadline deadline) {
    _body = Body::Unknown;
    return parseHead(readHeadText(deadline));
}

void HttpReader::expectBody(const HTTPRequest& head) {
    _body = Body::Unknown;
    const auto length = onlyValue(head, "Content-Length");
    const auto coding = onlyValue(head, "Transfer-Encoding");
    _expectsContinue = head.getVersion() == HTTPRequest::HTTP_1_1 && head.getExpectContinue();

    if (coding) {
        if (length) refuse("Content-Length and Transfer-Encoding exclude each other");
        if (Poco::icompare(*coding, "chunked") != 0 || head.getVersion() != HTTPRequest::HTTP_1_1)
            refuse("Transfer-Encoding: only chunked, of HTTP/1.1, is understood");
        _body = Body::Chunked;
        return;
    }
    if (!length) {
        const bool needsBody =
            head.getMethod() == HTTPRequest::HTTP_POST || head.getMethod() == HTTPRequest::HTTP_PATCH;
        _body = needsBody ? Body::Missing : Body::None;
        return;
    }
    if (length->empty() ||
        !std::all_of(length->begin(), length->end(), [](char c) { return Poco::Ascii::isDigit(c); }))
        refuse("Content-Length: it must be a whole number");
    const auto* const end = length->data() + length->size();
    const auto read = std::from_chars(length->data(), end, _bodySize);
    if (read.ec == std::errc::result_out_of_range || _bodySize > _maxBody) refuseSize(_maxBody);
    _body = _bodySize == 0 ? Body::None : Body::Sized;
}

std::string HttpReader::readBody(Deadline deadline) {
    if (_body == Body::None) return "";
    if (_body == Body::Missing)
        refuse("Content-Length: missing; a POST or PATCH must say how long its body is");
    if (_expectsContinue && _buffer.empty()) _socket.send("HTTP/1.1 100 Continue\r\n\r\n", deadline);
    auto body = _body == Body::Chunked ? readChunks(deadline) : readExactly(_bodySize, deadline);
    _body = Body::None;
    return body;
}

bool HttpReader::fill(Deadline deadline) {
    std::array<char, 8192> received;
    const auto bytes = _socket.receive(received.data(), received.size(), deadline);
    _buffer.append(received.data(), bytes);
    return bytes > 0;
}

std::string HttpReader::take(std::size_t bytes) {
    auto taken = _buffer.substr(0, bytes);
    _buffer.erase(0, bytes);
    return taken;
}

std::string HttpReader::readHeadText(Deadline deadline) {
    for (int emptyLines = 0;;) {
        // RFC 9112, 2.2: an empty line that a client sends behind its last body is to be ignored.
        for (; _buffer.starts_with("\r\n"); ++emptyLines)
            _buffer.erase(0, 2);
        if (emptyLines > kMaxEmptyLines) refuse("there are empty lines where a request should be");
        const auto end = _buffer.find("\n\r\n");
        if (std::min(end, _buffer.size()) > kMaxHead) refuse("the request's head is larger than 16 KiB");
        if (end != std::string::npos) return take(end + 3);
        if (_buffer.find("\n\n") != std::string::npos) refuse("lines must end in CR LF");
        if (!fill(deadline)) refuse("the request ended within its head");
    }
}

std::string HttpReader::readExactly(std::size_t bytes, Deadline deadline) {
    while (_buffer.size() < bytes) {
        if (!fill(deadline)) refuse("the request's body ended early");
    }
    return take(bytes);
}

std::string HttpReader::readLine(Deadline deadline) {
    for (;;) {
        const auto end = _buffer.find("\r\n");
        if (std::min(end, _buffer.size()) > kMaxLine) refuse("a line of the chunked body is too long");
        if (end != std::string::npos) {
            auto line = take(end);
            take(2);
            return line;
        }
        if (!fill(deadline)) refuse("the request's body ended early");
    }
}

std::string HttpReader::readChunks(Deadline deadline) {
    std::string body;
    while (const auto size = readChunkSize(deadline)) {
        if (size > _maxBody - body.size()) refuseSize(_maxBody);
        body += readExactly(size, deadline);
        if (!readLine(deadline).empty()) refuse("a chunk is longer than its size says");
    }
    for (int lines = 0; !readLine(deadline).empty(); ++lines)
        if (lines == kMaxTrailerLines) refuse("the trailer of the chunked body is too long");
    return body;
}

std::size_t HttpReader::readChunkSize(Deadline deadline) {
    const auto line = readLine(deadline);
    const auto digits = Poco::trimRight(line.substr(0, line.find(';')));
    std::size_t size = 0;
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, size, 16);
    if (read.ec == std::errc::result_out_of_range) refuseSize(_maxBody);
    if (read.ec != std::errc() || read.ptr != end) refuse("a chunk's size is not a hexadecimal number");
    return size;
}

} // namespace connector
