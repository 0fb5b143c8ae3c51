#pragma once

#include "PipeClient.h"

#include <nghttp2/nghttp2.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace connector::test {

/// The header of a request or of an answer, in its order.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// Who sends the client preface and opens streams.
enum class Http2Role { Server, Client };

/// How a session behaves that the test plays.
struct Http2Options {
    /// SETTINGS_MAX_CONCURRENT_STREAMS; 0 leaves it out.
    std::uint32_t maxConcurrentStreams = 0;
    /// SETTINGS_INITIAL_WINDOW_SIZE. More is allowed as the test takes what has come.
    std::uint32_t streamWindow = 256U << 10U;
    bool answersPings = true;
    /// Whether the constructor returns only when both sides' SETTINGS are acknowledged.
    bool awaitsSettings = true;
};

/// A received GOAWAY.
struct Goaway {
    std::int32_t lastStreamId = 0;
    std::uint32_t code = 0;
};

/// An HTTP/2 session that a thread of its own keeps going: it takes what comes, answers what must be answered
/// and sends what is to be sent, while the test does other things. What Http2Peer and Http2Stream share.
///
/// Everything in it is guarded by a lock, which do() and await() hold while they call the test's functions.
/// A frame that HTTP/2 forbids fails the test.
class Http2Session {
  public:
    struct Stream {
        std::int32_t id = 0;
        HeaderFields fields;
        bool isAnswered = false;
        std::string received;
        /// How much of it the test has taken.
        std::size_t taken = 0;
        bool hasEnded = false;
        std::optional<std::uint32_t> reset;
        bool isClosed = false;

        std::string unsent;
        std::size_t sent = 0;
        bool isFinished = false;

        std::size_t available() const { return received.size() - taken; }
        /// The last of the bytes, and the end, have been received.
        bool isOver() const { return hasEnded || reset || isClosed; }
    };
    using StreamPtr = std::shared_ptr<Stream>;

    Http2Session(PipeClient connection, Http2Role role, const Http2Options& options);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    /// Runs the action, sends what it has caused, and takes what has come meanwhile.
    void perform(const std::function<void()>& action);

    /// Returns when the condition holds. Throws ConnectionLost when the connection ends first.
    void await(const std::string& what, const std::function<bool()>& condition);

    /// Whether the condition holds within this time. Throws ConnectionLost likewise.
    bool holdsWithin(std::chrono::milliseconds patience, const std::function<bool()>& condition);

    /// The same as await() for a condition that is also met by the connection's end.
    void awaitOrEnd(const std::string& what, const std::function<bool()>& condition);

    // All below is for use within the functions that these are given.

    StreamPtr open(const HeaderFields& fields, std::string_view firstBytes, bool isAll);
    void answer(Stream& stream, int status, const HeaderFields& fields, bool isAll);
    void reset(const Stream& stream, std::uint32_t code);
    void send(Stream& stream, std::string_view data);
    /// Takes back what could not be sent. Returns how much that is.
    static std::size_t takeBack(Stream& stream);
    void finish(Stream& stream);
    std::size_t take(Stream& stream, char* buffer, std::size_t size);
    void ping();
    void goaway(std::int32_t lastStreamId, std::uint32_t code);
    /// Behind all frames that have been sent.
    void sendRaw(std::string_view bytes);

    std::deque<StreamPtr>& requests() { return _requests; }
    std::size_t openStreams() const { return _openStreams; }
    std::int32_t highestRequest() const { return nghttp2_session_get_last_proc_stream_id(_session.get()); }
    const std::optional<Goaway>& goaway() const { return _goaway; }
    int pings() const { return _pings; }
    int pingAnswers() const { return _pingAnswers; }
    std::uint32_t theirs(nghttp2_settings_id id) const {
        return nghttp2_session_get_remote_settings(_session.get(), id);
    }
    bool areSettingsExchanged() const { return _hasSettings && _areSettingsAcknowledged; }
    void answerPings(bool yes) { _answersPings = yes; }
    /// Neither takes nor sends anything while it is paused, as a process that was stopped.
    void pause(bool yes) { _isPaused = yes; }
    bool isEnded() const { return _end != PipeClient::End::Open; }
    PipeClient::End end() const { return _end; }
    std::uint16_t localPort() const { return _localPort; }
    /// Ends the connection from this side, with RST or orderly.
    void close(bool isAbort);

  private:
    struct FreeSession {
        void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
    };
    using SessionPtr = std::unique_ptr<nghttp2_session, FreeSession>;
    friend struct Http2Callbacks;

    SessionPtr create(Http2Role role);
    void submitSettings(const Http2Options& options);
    void run();
    bool holdsOrEnded(std::chrono::milliseconds patience, const std::function<bool()>& condition);
    bool isConnected() const { return _end == PipeClient::End::Open && !_isClosed; }
    void waitForWork();
    void wake() const;
    void turn();
    void receive();
    void sendOutput();
    void fillOutput();
    StreamPtr find(std::int32_t id) const;
    void fail(const std::string& what);

    PipeClient _connection;
    std::uint16_t _localPort;
    SessionPtr _session;
    std::map<std::int32_t, StreamPtr> _streams;
    std::size_t _openStreams = 0;
    std::deque<StreamPtr> _requests;
    std::string _output;
    std::optional<Goaway> _goaway;
    int _pings = 0;
    int _pingAnswers = 0;
    bool _hasSettings = false;
    bool _areSettingsAcknowledged = false;
    bool _answersPings;
    bool _isPaused = false;
    bool _isClosed = false;
    bool _canSend = true;
    PipeClient::End _end = PipeClient::End::Open;
    std::string _failure;

    std::mutex _mutex;
    std::condition_variable _changed;
    int _wakeUp = -1;
    bool _isOver = false;
    std::thread _thread;
};

} // namespace connector::test
