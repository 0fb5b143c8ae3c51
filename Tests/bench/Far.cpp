#include "Far.h"

#include "Addresses.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

constexpr std::string_view kAuthorized = "AUTHORIZED";
/// What a source gives to the kernel at once.
const std::string kChunk(256 * 1024, 'x');

} // namespace

class FarSide::Connection final : public Channel {
  public:
    /// An agent.
    Connection(FarSide& side, const sockaddr_in& connector, const std::string& passcode)
        : Channel(side._loop, sourceAddress(side._nextSource++, connector), connector, side._tls),
          _side(side), _connector(connector), _passcode(passcode) {}

    /// A target's accepted connection.
    Connection(FarSide& side, int descriptor) : Channel(side._loop, descriptor, side._tls), _side(side) {}

    std::list<std::unique_ptr<Connection>>::iterator position;

  private:
    bool onConnected() override {
        if (!_passcode.empty()) {
            const auto sent = send(_passcode);
            if (sent == 0) return false;
            if (sent < 0) onClosed();
        }
        wait(EPOLLIN);
        return true;
    }

    void onReady(std::uint32_t events) override {
        if (_request == Request::Source || _request == Request::Exchange) return pump(events);
        if (_owed > 0) return sendImages();
        std::array<char, 64 * 1024> buffer;
        const auto received = receive(buffer);
        if (received < 0) return onClosed();
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(received));
        if (!_passcode.empty() && _authorized < kAuthorized.size()) bytes = takeAuthorized(bytes);
        if (bytes.empty()) return;
        if (!_request) {
            _request = static_cast<Request>(bytes.front());
            if (_request == Request::Source) return wait(EPOLLOUT);
            if (_request == Request::Exchange) return wait(EPOLLIN | EPOLLOUT);
        }
        if (_request == Request::Image) {
            _owed = bytes.size() / kImageRequest * kImage;
            return sendImages();
        }
        if (send(bytes) != static_cast<long>(bytes.size())) onClosed();
    }

    std::string_view takeAuthorized(std::string_view bytes) {
        const auto part = bytes.substr(0, kAuthorized.size() - _authorized);
        _authorized += part.size();
        if (_authorized == kAuthorized.size()) ++_side._counters.agents;
        return bytes.substr(part.size());
    }

    void pump(std::uint32_t events) {
        if (events & EPOLLIN) {
            const auto received = discard();
            if (received < 0) return onClosed();
            _side._counters.bytes.fetch_add(static_cast<std::uint64_t>(received), std::memory_order_relaxed);
        }
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP) && send(kChunk) < 0) onClosed();
    }

    /// Asks for nothing more before all has been sent.
    void sendImages() {
        const auto sent = send(std::string_view(kChunk).substr(0, _owed));
        if (sent < 0) return onClosed();
        _owed -= static_cast<std::size_t>(sent);
        wait(_owed > 0 ? EPOLLOUT : EPOLLIN);
    }

    void onClosed() override {
        if (isOver()) return;
        setOver();
        auto& side = _side;
        if (!_passcode.empty()) {
            if (_authorized == kAuthorized.size())
                --side._counters.agents;
            else
                ++side._counters.failures;
            side.dialOne(_connector, _passcode);
        }
        auto self = std::move(*position);
        side._connections.erase(position);
        side._loop.retire(std::move(self));
    }

    FarSide& _side;
    sockaddr_in _connector{};
    std::string _passcode; ///< empty: it is a target's
    std::size_t _authorized = 0;
    std::optional<Request> _request;
    std::size_t _owed = 0; ///< bytes of images
};

class FarSide::Listener final : public Watcher {
  public:
    Listener(FarSide& side, const sockaddr_in& address)
        : _side(side), _descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        ::setsockopt(_descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(_descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(_descriptor, 4096) != 0)
            throw std::system_error(errno, std::generic_category(), "listen");
        side._loop.add(_descriptor, EPOLLIN, *this);
    }
    ~Listener() override { ::close(_descriptor); }

    void onEvents(std::uint32_t) override {
        const int accepted = ::accept4(_descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) return;
        auto& list = _side._connections;
        list.push_back(std::make_unique<Connection>(_side, accepted));
        list.back()->position = std::prev(list.end());
        list.back()->start();
    }

  private:
    FarSide& _side;
    int _descriptor;
};

FarSide::FarSide(Loop& loop, Counters& counters, Tls* tls) : _loop(loop), _counters(counters), _tls(tls) {}

FarSide::~FarSide() = default;

void FarSide::listen(const sockaddr_in& address) {
    _listener = std::make_unique<Listener>(*this, address);
}

void FarSide::dial(const sockaddr_in& connector, const std::string& passcode, int count) {
    for (int i = 0; i < count; ++i)
        dialOne(connector, passcode);
}

void FarSide::dialOne(const sockaddr_in& connector, const std::string& passcode) {
    _connections.push_back(std::make_unique<Connection>(*this, connector, passcode));
    _connections.back()->position = std::prev(_connections.end());
    _connections.back()->start();
}

} // namespace bench
