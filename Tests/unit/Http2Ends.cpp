#include "Http2Ends.h"

#include "net/PlainStream.h"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace connector::test {

namespace {

constexpr std::chrono::minutes kPatience{1};
constexpr std::size_t kFrameHeader = 9;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// RFC 7541, section 5.1, with a prefix of 7 bits.
std::string hpackLength(std::size_t length) {
    constexpr std::size_t kPrefix = 127;
    constexpr std::size_t kMore = 128;
    if (length < kPrefix) return {static_cast<char>(length)};
    std::string text{static_cast<char>(kPrefix)};
    for (length -= kPrefix; length >= kMore; length /= kMore)
        text += static_cast<char>(length % kMore | kMore);
    return text + static_cast<char>(length);
}

std::uint32_t numberIn(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const auto c : bytes)
        number = number << 8 | static_cast<std::uint8_t>(c);
    return number;
}

} // namespace

void LoopThread::await(const char* what, const std::function<bool()>& condition) {
    const auto deadline = EventLoop::Clock::now() + kPatience;
    while (!run(condition)) {
        if (EventLoop::Clock::now() > deadline) BOOST_FAIL(what << ": not within a minute");
        std::this_thread::yield();
    }
}

void StreamUser::onReady(Stream& ready) {
    ++calls;
    if (onCall) return onCall();
    if (!takes || end) return;
    std::vector<std::byte> room(Stream::kMaxMessage);
    for (;;) {
        const auto taken = ready.receive(room);
        received.append(reinterpret_cast<const char*>(room.data()), taken.bytes);
        if (taken.status == Stream::Status::Blocked) return;
        if (taken.status == Stream::Status::Ok) continue;
        end = taken.status;
        return;
    }
}

SessionUser::SessionUser(EventLoop& loop, Descriptor socket, Http2Session::Role role,
                         const Http2Session::Liveness& liveness, Http2Session::Context context)
    : _loop(loop) {
    const int flags = ::fcntl(socket.get(), F_GETFL);
    BOOST_REQUIRE(::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) == 0);
    const Poco::Net::SocketAddress peer("192.0.2.1:1000");
    session = std::make_unique<Http2Session>(
        loop, std::make_unique<PlainStream>(std::move(socket), peer, DescriptorBudget::Lease()), role,
        liveness, context, static_cast<Http2Session::Owner&>(*this));
}

/// Not when it ends: Boost.Test must not be used on two threads at the same time.
SessionUser::~SessionUser() {
    BOOST_TEST(_ends <= 1, "onEnded() is called once");
}

std::unique_ptr<StreamUser> SessionUser::open() {
    return std::make_unique<StreamUser>(_loop, session->open({"somewhere:80", "192.0.2.7:51234"}));
}

void SessionUser::onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) {
    if (onConnecting) return onConnecting(std::move(stream), request);
    arrivals.push_back({request, std::make_unique<StreamUser>(_loop, std::move(stream))});
}

void SessionUser::onHeard() {
    ++heard;
    if (onHearing) onHearing();
}

void SessionUser::onStreamDestroyed() {
    ++destroyed;
    if (onDestroyed) onDestroyed();
}

void SessionUser::onMostStreams(std::size_t streams) {
    mostStreams.push_back(streams);
    if (onMost) onMost();
}

void SessionUser::onGoingAway() {
    ++goingAway;
    if (onGoing) onGoing();
}

void SessionUser::onEnded(const std::string& why) {
    ++_ends;
    ended = why;
    _loop.destroyLater(std::move(session));
    if (onEnd) onEnd();
}

std::uint32_t Frame::number() const {
    BOOST_REQUIRE(payload.size() >= 4U);
    return numberIn(std::string_view(payload).substr(payload.size() - 4));
}

std::string Frame::toString() const {
    return bigEndian(static_cast<std::uint32_t>(payload.size())).substr(1) + static_cast<char>(type) +
           static_cast<char>(flags) + bigEndian(stream) + payload;
}

std::string bigEndian(std::uint32_t number) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0})
        bytes += static_cast<char>(number >> shift & 0xff);
    return bytes;
}

/// Literals without indexing (RFC 7541, section 6.2.2).
std::string fieldBlock(const Fields& fields) {
    std::string block;
    for (const auto& [name, value] : fields)
        block += '\0' + hpackLength(name.size()) + name + hpackLength(value.size()) + value;
    return block;
}

const Fields& goodRequest() {
    static const Fields fields{
        {":method", "CONNECT"}, {":authority", "somewhere:80"}, {"forwarded", "for=\"192.0.2.7:51234\""}};
    return fields;
}

WirePeer::WirePeer(Descriptor socket) : _socket(std::move(socket)) {
    const timeval patience{std::chrono::seconds(kPatience).count(), 0};
    ::setsockopt(_socket->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    nghttp2_hd_inflater* made = nullptr;
    BOOST_REQUIRE(::nghttp2_hd_inflate_new(&made) == 0);
    _inflater.reset(made);
}

void WirePeer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(_socket->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return; // the session has ended, which the test finds out when it reads
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void WirePeer::greet(Http2Session::Role role) {
    std::string preface;
    if (role == Http2Session::Role::Opens)
        send(kPreface);
    else
        BOOST_REQUIRE((readExactly(preface, kPreface.size()) && preface == kPreface));
    send(Frame{Frame::Settings, 0, 0, ""});
}

void WirePeer::endSending() {
    BOOST_REQUIRE(::shutdown(_socket->get(), SHUT_WR) == 0);
}

bool WirePeer::readExactly(std::string& into, std::size_t bytes) {
    into.resize(bytes);
    for (std::size_t done = 0; done < bytes;) {
        const auto read = ::recv(_socket->get(), into.data() + done, bytes - done, 0);
        if (read < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            BOOST_FAIL("nothing came from the session for a minute");
        if (read <= 0) return false;
        done += static_cast<std::size_t>(read);
    }
    return true;
}

std::optional<Frame> WirePeer::read() {
    std::string head;
    if (!readExactly(head, kFrameHeader)) return std::nullopt;
    const auto view = std::string_view(head);
    Frame frame{static_cast<std::uint8_t>(head[3]), static_cast<std::uint8_t>(head[4]),
                numberIn(view.substr(5, 4)), ""};
    if (!readExactly(frame.payload, numberIn(view.substr(0, 3)))) return std::nullopt;
    if (frame.type == Frame::Settings && !frame.isAck()) send(Frame{Frame::Settings, Frame::kAck, 0, ""});
    return frame;
}

Frame WirePeer::readUntil(Frame::Type type) {
    for (auto frame = read(); frame; frame = read())
        if (frame->type == type) return *frame;
    BOOST_FAIL("the connection ended before there was a frame of type " << static_cast<int>(type));
    return {};
}

std::vector<Frame> WirePeer::readAll() {
    std::vector<Frame> frames;
    for (auto frame = read(); frame; frame = read())
        frames.push_back(std::move(*frame));
    return frames;
}

std::map<std::string, std::string> WirePeer::fieldsOf(const Frame& headers) {
    std::map<std::string, std::string> fields;
    const auto* in = reinterpret_cast<const std::uint8_t*>(headers.payload.data());
    auto left = headers.payload.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
        nghttp2_nv field{};
        const auto used = ::nghttp2_hd_inflate_hd2(_inflater.get(), &field, &flags, in, left, /*in_final*/ 1);
        BOOST_REQUIRE(used >= 0);
        in += used;
        left -= static_cast<std::size_t>(used);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            fields[std::string(field.name, field.name + field.namelen)] =
                std::string(field.value, field.value + field.valuelen);
    }
    ::nghttp2_hd_inflate_end_headers(_inflater.get());
    return fields;
}

std::pair<Descriptor, Descriptor> socketPair() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

} // namespace connector::test
