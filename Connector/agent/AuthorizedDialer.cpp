#include "agent/AuthorizedDialer.h"

#include "protocol/Greeting.h"

#include <algorithm>
#include <optional>

namespace connector {

namespace {

/// From dialling to the answer, the TLS handshake included: Connector gives as much for the greeting.
constexpr std::chrono::milliseconds kLimit{10000};

constexpr std::string_view kAuthorized1 = "AUTHORIZED";

constexpr const char* kClosed = "Connector closed the connection instead of authorizing it";
constexpr const char* kClosedPipe1 = "Connector closed the connection instead of authorizing it: the "
                                     "passcode is wrong, or all places are taken";

constexpr const char* kWrong = "what answers is no Connector, or speaks TLS where --plain was given";

/// What an agent of PIPE/1 may have done when nobody authorizes it.
constexpr const char* kOwnPorts = "; PIPE/1 is spoken at a mapping's own ports, not at the front";

std::string_view asText(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

void DialShared::use(const Poco::Net::Context::Ptr& tls) {
    for (auto& connector : connectors)
        connector.use(tls);
}

AuthorizedDialer::AuthorizedDialer(DialShared& shared, Owner& owner)
    : _shared(shared), _owner(owner), _dialer(shared.loop, shared.resolver, *this), _backoff(shared.random),
      _timer(shared.loop, [this] { onTimer(); }) {}

AuthorizedDialer::~AuthorizedDialer() {
    if (_state == State::Queued) _shared.turns.withdraw(*this);
    dropStream();
    if (_state == State::Dialling || _state == State::Authorizing) _shared.turns.done();
}

void AuthorizedDialer::dial() {
    _state = State::Queued;
    _shared.turns.request(*this);
}

void AuthorizedDialer::dialLater() {
    rest(_backoff.next(_owner.longestRest()));
}

void AuthorizedDialer::rest(std::chrono::milliseconds length) {
    _state = State::Resting;
    _timer.start(length);
}

void AuthorizedDialer::hurry() {
    _backoff.reset();
    if (_state != State::Resting) return;
    _timer.cancel();
    dial();
}

void AuthorizedDialer::onTurn() {
    _state = State::Dialling;
    _deadline = _shared.loop.now() + kLimit;
    _current = (_shared.preferred + _failed) % _shared.connectors.size();
    _dialer.dial(_shared.connectors[_current], kLimit);
}

void AuthorizedDialer::onDialled(std::unique_ptr<SocketStream> stream) {
    _state = State::Authorizing;
    _stream = std::move(stream);
    _answer.clear();
    _timer.start(std::chrono::ceil<std::chrono::milliseconds>(_deadline - _shared.loop.now()));
    _stream->attach(_shared.loop, *this);
    _stream->send(_shared.greeting);
    onReady(*_stream);
}

void AuthorizedDialer::onDialFailed(const std::string& why) {
    fail(why);
}

void AuthorizedDialer::onReady(Stream&) {
    const auto broken = [this] { fail("the connection to Connector broke: " + _stream->failure()); };
    if (_stream->flush() == Stream::Status::Failed) return broken();
    while (_state == State::Authorizing) {
        const auto received = _stream->receive(_shared.loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return broken();
        if (received.status == Stream::Status::Ended) return fail(_shared.isPipe2 ? kClosed : kClosedPipe1);
        takeAnswer(_shared.loop.scratch().first(received.bytes));
    }
}

void AuthorizedDialer::takeAnswer(std::span<const std::byte> bytes) {
    const auto before = _answer.size();
    _answer += asText(bytes.first(std::min(bytes.size(), Greeting::kMaxLine - before)));
    const auto end = _shared.isPipe2 ? _answer.find('\n') : kAuthorized1.size();
    if (!_shared.isPipe2 && !kAuthorized1.starts_with(_answer.substr(0, end)))
        return failUnauthorized(kWrong);
    if (end == std::string::npos && _answer.size() == Greeting::kMaxLine) return failUnauthorized(kWrong);
    if (end == std::string::npos || end > _answer.size()) return;
    const auto line = std::string_view(_answer).substr(0, end);
    if (const auto refusal = _shared.isPipe2 ? Refusal::parse(line) : std::nullopt) return refused(*refusal);
    const auto authorization = _shared.isPipe2 ? Authorization::parse(line) : Authorization();
    if (!authorization) return failUnauthorized(kWrong);

    _state = State::Idle;
    _timer.cancel();
    _backoff.reset();
    _failed = 0;
    _shared.preferred = _current;
    _shared.connectors[_current].remember(*_stream);
    _owner.onAuthorized(std::move(_stream), *authorization,
                        bytes.subspan(end + (_shared.isPipe2 ? 1 : 0) - before));
    _shared.turns.done(); // last: it runs others, who may use the buffer that `bytes` are in
}

void AuthorizedDialer::onTimer() {
    if (_state == State::Resting)
        dial();
    else
        failUnauthorized("no AUTHORIZED within " + std::to_string(kLimit.count()) + " ms");
}

void AuthorizedDialer::failUnauthorized(const std::string& why) {
    fail(_shared.isPipe2 ? why : why + kOwnPorts);
}

void AuthorizedDialer::refused(const Refusal& refusal) {
    if (refusal.reason == Refusal::kWrongPasscode) _backoff.lengthen();
    fail("Connector refuses the agent: " + refusal.reason, refusal.instance);
}

/// Once around all Connectors there is no rest.
void AuthorizedDialer::fail(const std::string& why, const std::string& instance) {
    const bool hasAnother = ++_failed < _shared.connectors.size();
    dropStream();
    _timer.cancel();
    if (hasAnother) {
        dial();
        return _shared.turns.done();
    }
    _failed = 0;
    dialLater();
    _shared.turns.done();
    _owner.onNotAuthorized(why, instance);
}

void AuthorizedDialer::dropStream() {
    if (!_stream) return;
    _stream->detach();
    _shared.loop.destroyLater(std::move(_stream)); // it may be the one whose event this is
}

} // namespace connector
