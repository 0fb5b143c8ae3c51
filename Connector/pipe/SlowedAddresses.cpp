#include "pipe/SlowedAddresses.h"

#include "net/PeerAddress.h"

#include <algorithm>
#include <optional>

namespace connector {

namespace {

/// Addresses whose wrong passcodes are counted; those of others are not while there are so many.
constexpr std::size_t kMostAddresses = 1000;

/// How long the next one waits for a turn that does not end: some say nothing, and would keep others out.
constexpr std::chrono::milliseconds kTurn{100};

} // namespace

/// One of them.
class SlowedAddresses::Address {
  public:
    Address(SlowedAddresses& all, const Poco::Net::IPAddress& address)
        : _all(all), _address(address), _timer(all._loop, [this] { onTimer(); }) {}

    bool isSlowed() const { return _phase != Phase::Counting; }

    /// Whether there is nothing left to remember it for.
    bool isForgotten() const {
        return !isSlowed() && _all._loop.now() - _wrong.back() > _all._limits.wrongPasscodesWithin;
    }

    void addWrong() {
        _wasWrong = true;
        if (isSlowed()) return;
        const auto now = _all._loop.now();
        _wrong.push_back(now);
        while (now - _wrong.front() > _all._limits.wrongPasscodesWithin)
            _wrong.pop_front();
        if (_wrong.size() >= _all._limits.wrongPasscodes) pause(_all._limits.wrongPasscodePause);
    }

    void park(Connection connection) {
        _parked.push_back(std::move(connection));
        if (_phase == Phase::Open) startServing();
    }

    std::size_t parked() const { return _parked.size(); }

    void dropOldest() {
        _parked.pop_front();
        if (_toServe > 0) --_toServe; // it was the next one
    }

    /// The next one is served by the timer, and not within the call in which this one has ended.
    void turnIsOver(bool wasRight) {
        if (wasRight) {
            _wasRight = true;
            _lastRight = _all._loop.now();
        }
        if (_turns > 0 && --_turns == 0 && _phase == Phase::Serving) _timer.start({});
    }

    const Poco::Net::IPAddress& address() const { return _address; }

  private:
    enum class Phase {
        Counting, ///< not slowed
        Pausing,
        Serving, ///< those that were parked when the pause was over
        Open,    ///< the pause was over and nothing was parked: the next one is served when it comes
    };

    void onTimer() {
        if (_phase == Phase::Pausing)
            startServing();
        else if (_phase == Phase::Serving)
            serveNext();
        else
            _all.forget(*this);
    }

    void pause(std::chrono::milliseconds pause) {
        _phase = Phase::Pausing;
        _pause = std::min(pause, _all._limits.wrongPasscodeLongestPause);
        _timer.start(_pause);
        _all._owner.onSlowed(_address, _pause);
    }

    void startServing() {
        _phase = _parked.empty() ? Phase::Open : Phase::Serving;
        _toServe = _parked.size();
        _wasWrong = _wasRight = false;
        _timer.start(_parked.empty() ? _all._limits.wrongPasscodeLongestPause : std::chrono::milliseconds(0));
    }

    void serveNext() {
        if (_toServe == 0) return finishServing();
        --_toServe;
        _timer.start(kTurn);
        serveOne();
    }

    void serveOne() {
        auto connection = std::move(_parked.front());
        _parked.pop_front();
        --_all._parked;
        ++_turns;
        _all._owner.onTurn(std::move(connection));
    }

    void finishServing() {
        if (_wasRight && !_wasWrong) return forgive();
        if (hasRightAgents())
            pause(_all._limits.wrongPasscodePause);
        else
            pause(_wasWrong ? 2 * _pause : _pause);
    }

    void forgive() {
        while (!_parked.empty())
            serveOne();
        _all.forget(*this);
    }

    bool hasRightAgents() const {
        return _all._owner.hasAgentsOf(_address) ||
               (_lastRight && _all._loop.now() - *_lastRight < _all._limits.agentMemory);
    }

    SlowedAddresses& _all;
    const Poco::Net::IPAddress _address;
    Phase _phase = Phase::Counting;
    std::deque<EventLoop::Clock::time_point> _wrong; ///< while counting: when the latest ones came
    std::chrono::milliseconds _pause{0};
    std::deque<Connection> _parked; ///< oldest first
    std::size_t _toServe = 0;       ///< of those parked, the ones that are served before the next pause
    int _turns = 0;                 ///< of those served, the ones that are not over
    bool _wasWrong = false;         ///< one that was served
    bool _wasRight = false;
    std::optional<EventLoop::Clock::time_point> _lastRight;
    Timer _timer;
};

SlowedAddresses::SlowedAddresses(EventLoop& loop, const PipeLimits& limits, Owner& owner)
    : _loop(loop), _limits(limits), _owner(owner) {}

SlowedAddresses::~SlowedAddresses() = default;

bool SlowedAddresses::isSlowed(const Poco::Net::IPAddress& address) const {
    if (_addresses.empty()) return false;
    const auto* found = find(address);
    return found && found->isSlowed();
}

void SlowedAddresses::park(Connection connection) {
    auto& address = *find(connection.peer.host());
    if (_parked >= _limits.authorizing) makeRoom();
    ++_parked;
    address.park(std::move(connection));
}

void SlowedAddresses::addWrong(const Poco::Net::IPAddress& address) {
    if (auto* found = findOrAdd(address)) found->addWrong();
}

void SlowedAddresses::turnIsOver(const Poco::Net::IPAddress& address, bool wasRight) {
    if (_addresses.empty()) return;
    if (auto* found = find(address)) found->turnIsOver(wasRight);
}

void SlowedAddresses::clear() {
    _addresses.clear();
    _parked = 0;
}

SlowedAddresses::Address* SlowedAddresses::find(const Poco::Net::IPAddress& address) const {
    const auto found = _addresses.find(ownerOf(address));
    return found == _addresses.end() ? nullptr : found->second.get();
}

/// Null when too many are counted already.
SlowedAddresses::Address* SlowedAddresses::findOrAdd(const Poco::Net::IPAddress& address) {
    if (auto* found = find(address)) return found;
    if (_addresses.size() >= kMostAddresses)
        std::erase_if(_addresses, [](const auto& one) { return one.second->isForgotten(); });
    if (_addresses.size() >= kMostAddresses) return nullptr;
    auto& added = _addresses[ownerOf(address)];
    added = std::make_unique<Address>(*this, address);
    return added.get();
}

void SlowedAddresses::forget(Address& address) {
    const auto found = _addresses.find(ownerOf(address.address()));
    _loop.destroyLater(std::move(found->second)); // it is the one that is calling
    _addresses.erase(found);
}

void SlowedAddresses::makeRoom() {
    const auto most =
        std::max_element(_addresses.begin(), _addresses.end(), [](const auto& a, const auto& b) {
            return a.second->parked() < b.second->parked();
        });
    most->second->dropOldest();
    --_parked;
}

} // namespace connector
