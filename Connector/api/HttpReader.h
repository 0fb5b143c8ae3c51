#pragma once

#include "api/ClientSocket.h"

#include <Poco/Net/HTTPRequest.h>

#include <cstddef>
#include <string>

namespace connector {

/// Reads HTTP/1.x requests, one after the other, from one client.
///
/// POCO's HTTPServerRequestImpl does this too, but it waits without a deadline for the whole, takes a chunked
/// body that was cut short for a complete one, and picks one of two lengths that contradict each other. Here
/// everything that could be understood in two ways is an error. One thread.
class HttpReader {
  public:
    using Deadline = ClientSocket::Deadline;

    /// The socket must outlive the reader. maxBody: bytes.
    HttpReader(ClientSocket& socket, std::size_t maxBody);

    /// Waits for the first byte of a request. False when none comes in time, the client has closed, or the
    /// stop signal is raised. Throws ConnectionLost.
    bool awaitRequest(Deadline deadline);

    /// Reads the request line and the headers, at most 16 KiB. Throws HttpError 400 (malformed, or cut
    /// short), 408 and 503, and ConnectionLost.
    Poco::Net::HTTPRequest readHead(Deadline deadline);

    /// Finds out which body follows the head that was just read. Throws HttpError 400 when that is not clear,
    /// and 413.
    void expectBody(const Poco::Net::HTTPRequest& head);

    /// Reads that body, "" when there is none; says "100 Continue" first when the client waits for it. Throws
    /// as readHead() does, and HttpError 413.
    std::string readBody(Deadline deadline);

    /// Nothing of the last request is left to be read, so that the next one can follow.
    bool isAtRequestEnd() const { return _body == Body::None; }

  private:
    enum class Body { None, Unknown, Missing, Sized, Chunked };

    bool fill(Deadline deadline);
    std::string take(std::size_t bytes);
    std::string readHeadText(Deadline deadline);
    std::string readExactly(std::size_t bytes, Deadline deadline);
    std::string readLine(Deadline deadline);
    std::string readChunks(Deadline deadline);
    std::size_t readChunkSize(Deadline deadline);

    ClientSocket& _socket;
    const std::size_t _maxBody;
    /// Received and not yet read.
    std::string _buffer;
    Body _body = Body::None;
    std::size_t _bodySize = 0;
    bool _expectsContinue = false;
};

} // namespace connector
