#pragma once

#include <string>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace connector {

/// The protocols that are spoken behind a port, for the handshakes of its connections to select from (ALPN,
/// RFC 7301). Immutable.
class AlpnProtocols {
  public:
    /// What becomes of a client that offers other protocols only.
    enum class Others {
        Refused, ///< with the alert no_application_protocol
        Served,  ///< as one that offers nothing
    };

    /// names: the preferred one first, each of 1 to 255 bytes.
    explicit AlpnProtocols(const std::vector<std::string>& names, Others others = Others::Refused);

    /// Makes the context's handshakes select the first of the connection's own protocols that the client
    /// offers, too. A client that offers nothing is served without. A connection without protocols of its own
    /// selects none.
    static void enableOn(ssl_ctx_st* context);

    /// Gives them to one connection, before its handshake; they must outlive the handshake. Throws
    /// std::bad_alloc.
    void offerOn(ssl_st* connection) const;

    /// Has a client's handshake offer them. Throws std::bad_alloc.
    void offerTo(ssl_st* connection) const;

  private:
    static int select(ssl_st* connection, const unsigned char** selected, unsigned char* selectedLength,
                      const unsigned char* offered, unsigned offeredLength, void*);

    /// Each name with its length in front, as in the extension.
    std::string _wire;
    const Others _others;
};

} // namespace connector
