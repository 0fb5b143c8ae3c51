#pragma once

#include "Http2Stream.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace connector::test {

/// What a connection of PIPE/2 is for.
enum class PipeRole {
    Serves, ///< Connector opens streams
    Opens,  ///< the agent does
};

/// Connector's answer to the passcode, as it came, and its items.
struct Authorization {
    std::string line;
    std::map<std::string, std::string> items{};

    int number(const std::string& key) const { return std::stoi(items.at(key)); }
};

/// Proves an agent of PIPE/2. Throws ConnectionLost.
Authorization authorizePipe2(PipeClient& agent, const std::string& passcode,
                             PipeRole role = PipeRole::Serves);

/// One end of a PIPE/2 connection, played by the test: an agent's, or Connector's towards a real agent. What
/// need not be waited for goes on by itself, such as answers to PING (Http2Session).
class Http2Peer {
  public:
    /// An agent: proves itself on a connection to Connector.
    Http2Peer(PipeClient connection, const std::string& passcode, PipeRole role,
              const Http2Options& options = {});

    /// Takes over a connection on which HTTP/2 comes next.
    Http2Peer(PipeClient connection, Http2Role role, const Http2Options& options = {});

    /// The answer to an agent.
    const Authorization& authorization() const { return _authorization; }

    /// The next request for a stream that comes, or came and was not looked at yet.
    Http2Stream nextRequest();
    /// Whether one has come; the other end has answered a PING since, and so has sent what it had to send.
    bool hasRequest();
    /// The same without asking the other end.
    bool hasRequestNow();

    /// Opens a stream for this visitor, with these first bytes, in one flight.
    Http2Stream open(const std::string& visitor = "192.0.2.7:51234", std::string_view firstBytes = "",
                     bool isAll = false);
    /// The same with these fields.
    Http2Stream open(const HeaderFields& fields, std::string_view firstBytes = "", bool isAll = false);

    /// Returns when the other end has answered a PING that was sent now.
    void roundTrip();
    /// How many PINGs the other end has sent.
    int pings() const;
    void answerPings(bool yes);
    void awaitPings(int count);

    /// Sends GOAWAY that refuses no stream that has come.
    void goaway();
    /// The same that refuses the streams behind this one.
    void goaway(std::int32_t lastStreamId, std::uint32_t code = NGHTTP2_NO_ERROR);
    Goaway awaitGoaway();

    /// Streams that are not closed both ways.
    std::size_t openStreams() const;
    void awaitOpenStreams(std::size_t count);
    /// A value of the other end's SETTINGS.
    std::uint32_t theirs(nghttp2_settings_id id) const;

    /// Takes and sends nothing at all any more, as a process that was stopped, until resume().
    void pause();
    void resume();

    /// Sends bytes that are none of the session's.
    void sendRaw(std::string_view bytes);

    /// Waits until the other end has ended the connection; says how.
    PipeClient::End awaitEnd();
    bool isEnded() const;

    void close();
    void abort();

    std::uint16_t localPort() const;

  private:
    Authorization _authorization;
    std::shared_ptr<Http2Session> _session;
};

/// The fields of a stream's request.
HeaderFields connectFields(const std::string& visitor, const std::string& authority = "target.example:22");

} // namespace connector::test
