#include "Near.h"

#include "Addresses.h"
#include "Far.h"

#include <array>
#include <chrono>
#include <string>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPing = 64;
constexpr std::size_t kVisit = 16;
const std::string kChunk(256 * 1024, 'y');

std::string message(Request request, std::size_t size) {
    std::string text(size, '.');
    text.front() = static_cast<char>(request);
    return text;
}

std::string firstMessage(Work work) {
    switch (work) {
    case Work::PingPong:
        return message(Request::Echo, kPing);
    case Work::Visit:
        return message(Request::Echo, kVisit);
    case Work::Exchange:
        return message(Request::Exchange, kVisit);
    case Work::Download:
    case Work::Stall:
    case Work::Page:
        break;
    }
    return message(Request::Source, kVisit);
}

} // namespace

class NearSide::Visitor final : public Channel {
  public:
    Visitor(NearSide& side, const sockaddr_in& address, Work work)
        : Channel(side._loop, sourceAddress(side._nextSource++, address), address, side._tls), _side(side),
          _address(address), _work(work), _message(firstMessage(work)), _began(Clock::now()) {}

    std::list<std::unique_ptr<Visitor>>::iterator position;

  private:
    bool onConnected() override {
        const auto sent = send(_message);
        if (sent == 0) return false;
        if (_work == Work::Stall) ready();
        wait(_work == Work::Stall ? 0 : _work == Work::Exchange ? EPOLLIN | EPOLLOUT : EPOLLIN);
        if (sent < 0) onClosed();
        return true;
    }

    void onReady(std::uint32_t events) override {
        if (_work == Work::PingPong || _work == Work::Visit) return takeEcho();
        if (events & EPOLLIN) {
            const auto received = discard();
            if (received < 0) return onClosed();
            if (received > 0) ready();
            _side._counters.bytes.fetch_add(static_cast<std::uint64_t>(received), std::memory_order_relaxed);
        }
        if (events & (EPOLLERR | EPOLLHUP)) return onClosed();
        if (events & EPOLLOUT && send(kChunk) < 0) onClosed();
    }

    void takeEcho() {
        std::array<char, kPing> buffer;
        const auto received = receive(buffer);
        if (received < 0) return onClosed();
        _received += static_cast<std::size_t>(received);
        if (_received < _message.size()) return;
        _received = 0;
        ready();
        const auto now = Clock::now();
        if (_side._counters.measuring.load(std::memory_order_relaxed)) {
            _side._latencies.record(now - _began);
            _side._counters.turns.fetch_add(1, std::memory_order_relaxed);
        }
        if (_work == Work::Visit) return end();
        _began = now;
        if (send(_message) != static_cast<long>(_message.size())) onClosed();
    }

    void ready() {
        if (!_isReady) ++_side._counters.ready;
        _isReady = true;
    }

    void onClosed() override {
        ++_side._counters.failures;
        end();
    }

    void end() {
        if (isOver()) return;
        setOver();
        auto& side = _side;
        side.add(_address, _work);
        auto self = std::move(*position);
        side._visitors.erase(position);
        side._loop.retire(std::move(self));
    }

    NearSide& _side;
    const sockaddr_in _address;
    const Work _work;
    const std::string _message;
    Clock::time_point _began;
    std::size_t _received = 0;
    bool _isReady = false;
};

NearSide::NearSide(Loop& loop, Counters& counters, Tls* tls) : _loop(loop), _counters(counters), _tls(tls) {}

NearSide::~NearSide() = default;

void NearSide::visit(const sockaddr_in& address, Work work, int count) {
    for (int i = 0; i < count; ++i)
        if (work == Work::Page)
            _browsers.push_back(std::make_unique<Browser>(_loop, _counters, _latencies, address, _tls));
        else
            add(address, work);
}

void NearSide::add(const sockaddr_in& address, Work work) {
    _visitors.push_back(std::make_unique<Visitor>(*this, address, work));
    _visitors.back()->position = std::prev(_visitors.end());
    _visitors.back()->start();
}

} // namespace bench
