#include "http/RequestReader.h"

#include <Poco/Ascii.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

/// Request line and headers. Browsers send 1 KiB; a Bearer token may be long.
constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kMaxFields = 64;
/// What POCO takes of a method, of a header's name and of its value.
constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxValue = 8192;
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

bool hasControls(std::string_view text) {
    return std::any_of(text.begin(), text.end(), isControl);
}

void parseRequestLine(std::string_view line, HTTPRequest& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        refuse("the request line must be METHOD TARGET VERSION");
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const std::string version(line.substr(last + 1));
    if (!isToken(method) || method.size() > kMaxMethod || target.empty() ||
        target.find_first_of(" \t") != std::string_view::npos) // POCO would end it at a tab, too
        refuse("the request line must be METHOD TARGET VERSION");
    if (version != HTTPRequest::HTTP_1_1 && version != HTTPRequest::HTTP_1_0)
        refuse("only HTTP/1.1 and HTTP/1.0 are understood");
    head.setMethod(std::string(method));
    head.setURI(std::string(target));
    head.setVersion(version);
}

/// HTTPRequest::read() would pass over a line without a colon, join continued lines and allow spaces in a
/// name. What other programs on the way make of that may differ, so none of it is taken.
void parseField(std::string_view line, HTTPRequest& head) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon)))
        refuse("every header line must be NAME: VALUE");
    if (head.size() == kMaxFields)
        refuse("the request has more than " + std::to_string(kMaxFields) + " headers");
    if (colon > kMaxName || line.size() - colon > kMaxValue) refuse("a header is larger than 8 KiB");
    head.add(std::string(line.substr(0, colon)), Poco::trim(std::string(line.substr(colon + 1))));
}

/// text: lines that each end in CR LF, the last of them empty.
HTTPRequest parseHead(std::string_view text) {
    HTTPRequest head;
    for (bool isFirst = true; text != "\r\n"; isFirst = false) {
        const auto end = text.find("\r\n");
        const auto line = text.substr(0, end);
        if (hasControls(line))
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

/// RFC 9112, 3.2: exactly one, or what stands between might take the request for another server's.
void checkHost(const HTTPRequest& head) {
    const auto host = onlyValue(head, HTTPRequest::HOST);
    if (!host && head.getVersion() == HTTPRequest::HTTP_1_1)
        refuse("Host: missing; a request of HTTP/1.1 must have the header");
}

/// Headers of which POCO takes the first, and what stands between perhaps the last.
void checkSingleFields(const HTTPRequest& head) {
    for (const auto* name : {"Authorization", "Content-Type", "Origin", "Sec-Fetch-Site"})
        onlyValue(head, name);
}

/// Whether the client waits for "100 Continue". RFC 9110, 10.1.1: nothing else can be expected.
bool isContinueExpected(const HTTPRequest& head) {
    const auto expected = onlyValue(head, "Expect");
    if (expected && Poco::icompare(*expected, "100-continue") != 0)
        throw HttpError(HTTPResponse::HTTP_EXPECTATION_FAILED, "Expect: only 100-continue is understood");
    return expected && head.getVersion() == HTTPRequest::HTTP_1_1;
}

/// Whoever reads a trailer may put its fields among the headers. So none may be there that say where a
/// request ends, whom it is for, who sends it, or how it is to be understood (RFC 9110, 6.5.1).
bool mayBeInTrailer(std::string_view name) {
    static constexpr std::array kHeadersOnly{"authorization",
                                             "cache-control",
                                             "connection",
                                             "content-encoding",
                                             "content-length",
                                             "content-range",
                                             "content-type",
                                             "cookie",
                                             "expect",
                                             "forwarded",
                                             "host",
                                             "max-forwards",
                                             "origin",
                                             "pragma",
                                             "range",
                                             "proxy-authorization",
                                             "te",
                                             "trailer",
                                             "sec-fetch-site",
                                             "upgrade",
                                             "transfer-encoding"};
    return std::none_of(kHeadersOnly.begin(), kHeadersOnly.end(),
                        [&](const char* other) { return Poco::icompare(std::string(name), other) == 0; });
}

void checkTrailerField(std::string_view line) {
    const auto name = line.substr(0, line.find(':'));
    if (name.size() == line.size() || !isToken(name) || hasControls(line))
        refuse("every line of a chunked body's trailer must be NAME: VALUE");
    if (!mayBeInTrailer(name)) refuse(std::string(name) + ": this header may not be in a trailer");
}

/// Whether the client goes on with the connection (RFC 9112, 9.3). POCO looks at the first Connection header
/// only, and does not know that it is a list.
bool wantsKeepAlive(const HTTPRequest& head) {
    bool keepsAlive = head.getVersion() == HTTPRequest::HTTP_1_1;
    for (const auto& [field, text] : head) {
        if (Poco::icompare(field, HTTPRequest::CONNECTION) != 0) continue;
        for (const auto& option : Poco::StringTokenizer(text, ",", Poco::StringTokenizer::TOK_TRIM)) {
            if (Poco::icompare(option, "close") == 0) return false;
            if (Poco::icompare(option, "keep-alive") == 0) keepsAlive = true;
        }
    }
    return keepsAlive;
}

std::size_t lengthFrom(const std::string& text, std::size_t atMost) {
    if (text.empty() ||
        !std::all_of(text.begin(), text.end(), [](char c) { return Poco::Ascii::isDigit(c); }))
        refuse("Content-Length: it must be a whole number");
    std::size_t length = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
    if (read.ec == std::errc::result_out_of_range || length > atMost) refuseSize(atMost);
    return length;
}

} // namespace

void RequestReader::append(std::string_view bytes) {
    _buffer.erase(0, std::exchange(_begin, 0));
    _buffer.append(bytes);
}

bool RequestReader::read() {
    while (_step != Step::Complete)
        if (!readStep()) return false;
    return true;
}

bool RequestReader::takeExpectation() {
    return std::exchange(_expectsContinue, false) && unread().empty();
}

std::string RequestReader::take() {
    _head.erase("Expect");
    if (_head.has(HTTPRequest::TRANSFER_ENCODING) || _head.has(HTTPRequest::CONTENT_LENGTH))
        _head.setContentLength64(static_cast<Poco::Int64>(_body.size()));
    _head.erase(HTTPRequest::TRANSFER_ENCODING);
    if (_head.has(HTTPRequest::CONNECTION)) {
        const bool keepsAlive = wantsKeepAlive(_head);
        _head.erase(HTTPRequest::CONNECTION);
        _head.setKeepAlive(keepsAlive);
    }
    std::ostringstream message;
    _head.write(message);
    message << std::exchange(_body, {});
    _head = HTTPRequest();
    _step = Step::Head;
    _expectsContinue = false;
    return message.str();
}

/// False when more must come first.
bool RequestReader::readStep() {
    switch (_step) {
    case Step::Head:
        return readHead();
    case Step::SizedBody:
        return readSizedBody();
    case Step::ChunkSize:
        return readChunkSize();
    case Step::Chunk:
        return readChunk();
    case Step::ChunkEnd:
        return readChunkEnd();
    case Step::Trailer:
        return readTrailer();
    case Step::Complete:
        break;
    }
    return true;
}

bool RequestReader::readHead() {
    // RFC 9112, 2.2: an empty line that a client sends behind its last body is to be ignored.
    for (; unread().starts_with("\r\n"); _begin += 2)
        if (++_emptyLines > kMaxEmptyLines) refuse("there are empty lines where a request should be");
    const auto end = unread().find("\n\r\n");
    if (std::min(end, unread().size()) > kMaxHead) refuse("the request's head is larger than 16 KiB");
    if (end == std::string_view::npos) {
        if (unread().find("\n\n") != std::string_view::npos) refuse("lines must end in CR LF");
        return false;
    }
    _emptyLines = 0;
    _head = parseHead(cut(end + 3));
    _step = Step::Complete; // what is wrong from here on, has a head
    checkHost(_head);
    checkSingleFields(_head);
    expectBody();
    return true;
}

void RequestReader::expectBody() {
    const auto length = onlyValue(_head, HTTPRequest::CONTENT_LENGTH);
    const auto coding = onlyValue(_head, HTTPRequest::TRANSFER_ENCODING);
    if (coding) {
        if (length) refuse("Content-Length and Transfer-Encoding exclude each other");
        if (Poco::icompare(*coding, "chunked") != 0 || _head.getVersion() != HTTPRequest::HTTP_1_1)
            refuse("Transfer-Encoding: only chunked, of HTTP/1.1, is understood");
        _step = Step::ChunkSize;
    } else if (length) {
        _missing = lengthFrom(*length, _maxBody);
        _step = Step::SizedBody;
    }
    _expectsContinue = isContinueExpected(_head);
}

bool RequestReader::readSizedBody() {
    if (unread().size() < _missing) return false;
    _body = cut(_missing);
    _step = Step::Complete;
    return true;
}

bool RequestReader::readChunkSize() {
    std::string line;
    if (!readLine(line)) return false;
    if (hasControls(line)) refuse("a chunk's size line holds control characters");
    const auto digits = Poco::trimRight(line.substr(0, line.find(';')));
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, _missing, 16);
    if (read.ec == std::errc::result_out_of_range) refuseSize(_maxBody);
    if (read.ec != std::errc() || read.ptr != end) refuse("a chunk's size is not a hexadecimal number");
    if (_missing > _maxBody - _body.size()) refuseSize(_maxBody);
    _trailerLines = 0;
    _step = _missing == 0 ? Step::Trailer : Step::Chunk;
    return true;
}

bool RequestReader::readChunk() {
    if (unread().size() < _missing) return false;
    _body += cut(_missing);
    _step = Step::ChunkEnd;
    return true;
}

bool RequestReader::readChunkEnd() {
    std::string line;
    if (!readLine(line)) return false;
    if (!line.empty()) refuse("a chunk is longer than its size says");
    _step = Step::ChunkSize;
    return true;
}

bool RequestReader::readTrailer() {
    std::string line;
    if (!readLine(line)) return false;
    if (line.empty()) {
        _step = Step::Complete;
        return true;
    }
    if (++_trailerLines > kMaxTrailerLines) refuse("the trailer of the chunked body is too long");
    checkTrailerField(line);
    return true;
}

/// False when its end has not come yet.
bool RequestReader::readLine(std::string& line) {
    const auto end = unread().find("\r\n");
    if (std::min(end, unread().size()) > kMaxLine) refuse("a line of the chunked body is too long");
    if (end == std::string_view::npos) return false;
    line = cut(end);
    _begin += 2;
    return true;
}

std::string RequestReader::cut(std::size_t bytes) {
    std::string taken(unread().substr(0, bytes));
    _begin += bytes;
    return taken;
}

} // namespace connector
