#pragma once

#include "http/HttpError.h"

#include <Poco/Net/HTTPRequest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace connector {

/// Finds out where HTTP/1.x requests end, one after the other, in what a client sends. It knows neither
/// socket nor time. One thread.
///
/// POCO's HTTPServerRequestImpl reads requests, too, but it waits for what is missing, takes a chunked body
/// that was cut short for a complete one, and picks one of two lengths that contradict each other. Here
/// everything that could be understood in two ways is an error (RFC 9112), and POCO gets what can be
/// understood in one way only.
class RequestReader {
  public:
    /// maxBody: bytes.
    explicit RequestReader(std::size_t maxBody) : _maxBody(maxBody) {}

    /// What has been received, of this request or of further ones.
    void append(std::string_view bytes);

    /// Reads on. True when the request is complete; false when more must come first. Throws HttpError 400
    /// when it is malformed, 413, and 417; then nothing more can be read from this client.
    bool read();

    /// Nothing of the next request has come yet.
    bool isEmpty() const { return _step == Step::Head && unread().empty(); }

    /// The request's line and headers have come and could be parsed; also where read() has then rejected them
    /// for one of them.
    bool hasHead() const { return _step != Step::Head; }

    /// That line and those headers, as they came; where hasHead().
    const Poco::Net::HTTPRequest& head() const { return _head; }

    /// Whether the client waits to be told to go on (100-continue, RFC 9110, 10.1.1). True once a request.
    bool takeExpectation();

    /// The request that read() has completed, or as much of one as hasHead() says, in its plainest form: not
    /// chunked, with one right Content-Length or none, Connection "Keep-Alive", "Close" or none, and without
    /// an expectation. The next one begins.
    std::string take();

  private:
    enum class Step { Head, SizedBody, ChunkSize, Chunk, ChunkEnd, Trailer, Complete };

    bool readStep();
    bool readHead();
    void expectBody();
    bool readSizedBody();
    bool readChunkSize();
    bool readChunk();
    bool readChunkEnd();
    bool readTrailer();
    bool readLine(std::string& line);
    std::string_view unread() const { return std::string_view(_buffer).substr(_begin); }
    std::string cut(std::size_t bytes);

    const std::size_t _maxBody;
    std::string _buffer;
    std::size_t _begin = 0; ///< of what is not read yet
    Step _step = Step::Head;
    Poco::Net::HTTPRequest _head;
    std::string _body;
    std::size_t _missing = 0; ///< bytes of the body, or of the chunk
    int _emptyLines = 0;
    int _trailerLines = 0;
    bool _expectsContinue = false;
};

} // namespace connector
