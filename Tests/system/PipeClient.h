#pragma once

#include "TlsSettings.h"
#include "Waiting.h"

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace connector::test {

/// The other side ended the connection while something was still expected of it.
class ConnectionLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// How a PipeClient connects.
struct ConnectOptions {
    /// null: plain TCP.
    std::shared_ptr<const TlsSettings> tls{};
    /// A session to resume.
    std::shared_ptr<SSL_SESSION> session{};
    /// SO_RCVBUF and SO_SNDBUF; 0 leaves them to the kernel.
    int bufferSize = 0;
    /// The source address; empty leaves it to the kernel.
    std::string from{};
};

/// A blocking client of one port, plain TCP or TLS: an agent, a visitor or a stranger. Nothing blocks for
/// longer than kPatience; then TimedOut is thrown. One thread may send while another one receives.
class PipeClient {
  public:
    /// How the other side ended the connection.
    enum class End {
        Open,      ///< not yet
        Orderly,   ///< FIN, and close_notify before it in TLS
        Truncated, ///< FIN without close_notify in TLS
        Reset,     ///< RST
    };

    /// Connects, and shakes hands in TLS. Throws ConnectionLost when either is refused.
    explicit PipeClient(const Poco::Net::SocketAddress& address, const ConnectOptions& options = {});
    /// Takes over a connection that was accepted: the test is the server then.
    explicit PipeClient(const Poco::Net::StreamSocket& accepted);
    ~PipeClient();
    PipeClient(PipeClient&& other) noexcept;
    PipeClient& operator=(PipeClient&& other) noexcept;

    /// Sends everything; in TLS as one record when it is at most 16 KiB. Throws ConnectionLost.
    void send(std::string_view data);

    /// Sends a byte as TCP's urgent data; not in TLS.
    void sendUrgent(char byte);

    /// Of a record of its own in TLS: sends the first half, and returns what is left for sendRaw().
    std::string sendFirstHalf(std::string_view data);
    /// Sends bytes as they are, below TLS.
    void sendRaw(std::string_view bytes);

    /// Takes as much as it can send within a moment, for connections that are expected to be stuck. Returns
    /// how much.
    std::size_t sendSome(std::string_view data);

    /// Sends what is left of what sendSome() took: a TLS record that was begun must be finished.
    void flush();

    /// At least one byte, or 0 when the connection has ended.
    std::size_t receive(char* buffer, std::size_t size);

    /// Exactly so many bytes. Throws ConnectionLost.
    std::string readExactly(std::size_t size);

    /// Everything up to the end.
    std::string readToEnd();

    /// The same, without keeping it. Returns how much it was.
    std::uint64_t skipToEnd();

    /// Everything up to and including this text. Throws ConnectionLost.
    std::string readThrough(std::string_view text);

    /// Whether there is nothing to read and no end either, at this moment.
    bool isQuiet();

    /// How the connection ended, once receive() has said 0.
    End end() const { return _end; }

    /// Half-close: nothing more will be sent; receiving goes on.
    void finishSending();

    /// Orderly close.
    void close();

    /// Close with RST, as a process that dies with unread data.
    void abort();

    /// Returns when the server has read all that was sent so far, so that what is sent next is a read of its
    /// own there. Only the kernel knows: it asks for the server's receive queue.
    void waitUntilRead() const;

    bool wasResumed() const { return SSL_session_reused(_ssl.get()) == 1; }
    std::shared_ptr<SSL_SESSION> session() const;
    std::string serverCommonName() const;
    /// What the server has selected of the protocols that were offered (ALPN); "" for none.
    std::string selectedProtocol() const;
    std::uint16_t localPort() const;

  private:
    /// What one non-blocking attempt has come to.
    struct Step {
        std::size_t bytes = 0;
        short waitFor = 0;
        End end = End::Open;
    };
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    void connectTo(const Poco::Net::SocketAddress& address, const ConnectOptions& options);
    void shakeHands(const ConnectOptions& options);
    Step tryReceive(char* buffer, std::size_t size);
    Step trySend(std::string_view data);
    Step tryFlush();
    Step tlsStep(int result) const;
    bool tryCloseNotify();
    void skipTickets();
    bool isReady(short events, const Deadline& deadline) const;
    void waitFor(short events, const Deadline& deadline) const;
    void closeDescriptor();

    int _descriptor = -1;
    std::uint16_t _serverPort = 0;
    std::unique_ptr<SSL, FreeSsl> _ssl;
    /// A record that OpenSSL has begun to write: it must be offered again as it was.
    std::string _unfinishedRecord;
    std::unique_ptr<std::mutex> _mutex = std::make_unique<std::mutex>();
    End _end = End::Open;
};

/// For messages of failed checks.
std::ostream& operator<<(std::ostream& out, PipeClient::End end);

} // namespace connector::test
