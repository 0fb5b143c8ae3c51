#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace connector {

/// The request that opens a stream: CONNECT, as doc/protocol.md describes it. A value.
struct ConnectRequest {
    /// host:port; what it names is known without it, so that it is for people only.
    std::string authority;
    /// Who connects, as address:port or [address]:port.
    std::string visitor;
};

/// The value of the header `forwarded` (RFC 7239) that names the visitor.
std::string forwardedFor(const std::string& visitor);

/// Puts a request together from the header fields that come in, and says what is wrong with it.
class ConnectRequestReader {
  public:
    /// Bytes that the names and values of a request's fields may have together; 32 more are counted for each
    /// field, as with SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113, section 6.5.2).
    static constexpr std::size_t kMaxHeaderList = 8 * 1024;

    /// Takes the next field; unknown ones are ignored. False when there are too many.
    bool add(std::string_view name, std::string_view value);

    /// What is wrong with the request, for the one who has made it; "" when it is good. After the last field.
    std::string error() const;

    /// After the last field, of a good request.
    const ConnectRequest& request() const { return _request; }

  private:
    ConnectRequest _request;
    std::string _method;
    std::string _forwarded;
    std::size_t _size = 0;
};

} // namespace connector
