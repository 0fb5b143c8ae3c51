#pragma once

#include "Http2Session.h"

#include <memory>
#include <string>

namespace connector::test {

/// A visitor's stream, as the test plays its one end or the other. A handle: copies are the same stream.
class Http2Stream : public ByteChannel {
  public:
    Http2Stream(std::shared_ptr<Http2Session> session, Http2Session::StreamPtr state)
        : _session(std::move(session)), _state(std::move(state)) {}

    std::int32_t id() const { return _state->id; }

    /// A field of the request, or of the answer when this end has opened the stream; empty when it is
    /// missing.
    std::string field(const std::string& name) const;
    /// Whom "forwarded" names: "192.0.2.7:51234".
    std::string visitor() const;

    /// Accepts the request, or answers it otherwise.
    void answer(int status = 200, const HeaderFields& fields = {});
    /// Answers with this status, pipe-reason, and nothing else.
    void refuse(int status, const std::string& reason);
    void reset(std::uint32_t code = NGHTTP2_CANCEL);

    /// Waits for the answer. Throws ConnectionLost when the stream is reset instead.
    int status();
    /// pipe-reason, once the answer is there.
    std::string reason() const { return field("pipe-reason"); }

    /// Waits for RST_STREAM, or the end of the connection without it; gives its code. Throws TimedOut.
    std::uint32_t awaitReset();

    /// How much has come and was not received yet.
    std::size_t available() const;

    void send(std::string_view data) override;
    std::size_t sendSome(std::string_view data) override;
    std::size_t receive(char* buffer, std::size_t size) override;
    bool isQuiet() override;
    End end() const override;
    /// Sends END_STREAM.
    void finishSending() override;

  private:
    bool isTaken(std::size_t& left) const;

    std::shared_ptr<Http2Session> _session;
    Http2Session::StreamPtr _state;
};

} // namespace connector::test
