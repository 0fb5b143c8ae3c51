#include "Http2Peer.h"

#include <Poco/StringTokenizer.h>

namespace connector::test {

namespace {

constexpr std::string_view kAuthorized = "AUTHORIZED/2 ";
constexpr std::string_view kOpen = " open";

Http2Role httpRole(PipeRole role) {
    return role == PipeRole::Serves ? Http2Role::Server : Http2Role::Client;
}

std::string greeting(const std::string& passcode, PipeRole role) {
    return "PIPE/2 " + passcode + (role == PipeRole::Opens ? std::string(kOpen) : "") + "\n";
}

/// The line without its end.
std::string readLine(PipeClient& connection) {
    auto line = connection.readThrough("\n");
    line.pop_back();
    return line;
}

std::map<std::string, std::string> itemsOf(std::string_view text) {
    std::map<std::string, std::string> items;
    for (const auto& item : Poco::StringTokenizer(std::string(text), " ")) {
        const auto equals = item.find('=');
        if (equals == std::string::npos ||
            !items.emplace(item.substr(0, equals), item.substr(equals + 1)).second)
            throw std::runtime_error("\"" + std::string(text) + "\" is not a list of items");
    }
    return items;
}

} // namespace

Authorization authorizePipe2(PipeClient& agent, const std::string& passcode, PipeRole role) {
    agent.send(greeting(passcode, role));
    const auto line = readLine(agent);
    if (!line.starts_with(kAuthorized))
        throw ConnectionLost("the answer to the passcode is \"" + line + "\"");
    return {line, itemsOf(std::string_view(line).substr(kAuthorized.size()))};
}

HeaderFields connectFields(const std::string& visitor, const std::string& authority) {
    return {{":method", "CONNECT"}, {":authority", authority}, {"forwarded", "for=\"" + visitor + "\""}};
}

Http2Peer::Http2Peer(PipeClient connection, const std::string& passcode, PipeRole role,
                     const Http2Options& options)
    : _authorization(authorizePipe2(connection, passcode, role)),
      _session(std::make_shared<Http2Session>(std::move(connection), httpRole(role), options)) {
    if (options.awaitsSettings)
        _session->await("SETTINGS", [this] { return _session->areSettingsExchanged(); });
}

Http2Peer::Http2Peer(PipeClient connection, Http2Role role, const Http2Options& options)
    : _session(std::make_shared<Http2Session>(std::move(connection), role, options)) {
    if (options.awaitsSettings)
        _session->await("SETTINGS", [this] { return _session->areSettingsExchanged(); });
}

Http2Stream Http2Peer::nextRequest() {
    Http2Session::StreamPtr stream;
    _session->await("a request for a stream", [&] {
        if (_session->requests().empty()) return false;
        stream = _session->requests().front();
        _session->requests().pop_front();
        return true;
    });
    return {_session, stream};
}

bool Http2Peer::hasRequest() {
    roundTrip();
    return hasRequestNow();
}

bool Http2Peer::hasRequestNow() {
    bool has = false;
    _session->perform([] {});
    _session->perform([&] { has = !_session->requests().empty(); });
    return has;
}

Http2Stream Http2Peer::open(const std::string& visitor, std::string_view firstBytes, bool isAll) {
    return open(connectFields(visitor), firstBytes, isAll);
}

Http2Stream Http2Peer::open(const HeaderFields& fields, std::string_view firstBytes, bool isAll) {
    Http2Session::StreamPtr stream;
    _session->perform([&] { stream = _session->open(fields, firstBytes, isAll); });
    return {_session, stream};
}

void Http2Peer::roundTrip() {
    int before = 0;
    _session->perform([&] {
        before = _session->pingAnswers();
        _session->ping();
    });
    _session->await("the answer to PING", [&] { return _session->pingAnswers() > before; });
}

int Http2Peer::pings() const {
    int pings = 0;
    _session->perform([&] { pings = _session->pings(); });
    return pings;
}

void Http2Peer::answerPings(bool yes) {
    _session->perform([&] { _session->answerPings(yes); });
}

void Http2Peer::awaitPings(int count) {
    _session->await("PING", [&] { return _session->pings() >= count; });
}

void Http2Peer::goaway() {
    _session->perform([&] { _session->goaway(_session->highestRequest(), NGHTTP2_NO_ERROR); });
}

void Http2Peer::goaway(std::int32_t lastStreamId, std::uint32_t code) {
    _session->perform([&] { _session->goaway(lastStreamId, code); });
}

Goaway Http2Peer::awaitGoaway() {
    Goaway goaway;
    _session->await("GOAWAY", [&] {
        if (_session->goaway()) goaway = *_session->goaway();
        return _session->goaway().has_value();
    });
    return goaway;
}

std::size_t Http2Peer::openStreams() const {
    std::size_t count = 0;
    _session->perform([&] { count = _session->openStreams(); });
    return count;
}

void Http2Peer::awaitOpenStreams(std::size_t count) {
    _session->await(std::to_string(count) + " open streams",
                    [&] { return _session->openStreams() == count; });
}

std::uint32_t Http2Peer::theirs(nghttp2_settings_id id) const {
    std::uint32_t value = 0;
    _session->perform([&] { value = _session->theirs(id); });
    return value;
}

void Http2Peer::pause() {
    _session->perform([&] { _session->pause(true); });
}

void Http2Peer::resume() {
    _session->perform([&] { _session->pause(false); });
}

void Http2Peer::sendRaw(std::string_view bytes) {
    _session->perform([&] { _session->sendRaw(bytes); });
}

PipeClient::End Http2Peer::awaitEnd() {
    _session->awaitOrEnd("the end of the connection", [] { return false; });
    return _session->end();
}

bool Http2Peer::isEnded() const {
    bool isEnded = false;
    _session->perform([] {});
    _session->perform([&] { isEnded = _session->isEnded(); });
    return isEnded;
}

void Http2Peer::close() {
    _session->perform([&] { _session->close(false); });
}

void Http2Peer::abort() {
    _session->perform([&] { _session->close(true); });
}

std::uint16_t Http2Peer::localPort() const {
    return _session->localPort();
}

} // namespace connector::test
