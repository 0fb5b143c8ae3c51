#include "pipe/SlowedAddresses.h"

#include "base/PeerAddress.h"
#include "pipe/Newcomers.h"

#include <Poco/Format.h>

#include <algorithm>
#include <deque>
#include <optional>

namespace connector {

namespace {

/// Addresses whose wrong passcodes are counted; for one more, the one that is not slowed and was wrong the
/// longest ago is forgotten.
constexpr std::size_t kMostAddresses = 10000;

/// How long the next one waits for a turn that does not end: some say nothing, and would keep others out.
constexpr std::chrono::milliseconds kTurn{100};

/// So many times what is parked of one address may be parked in all.
constexpr std::size_t kAddressesInAll = 4;

} // namespace

/// One of them.
class SlowedAddresses::Address {
  public:
    Address(SlowedAddresses& all, const Poco::Net::IPAddress& address)
        : _all(all), _address(address), _owner(ownerOf(address)), _timer(all._loop, [this] { onTimer(); }),
          _position(all._counted.insert(all._counted.end(), this)) {}

    ~Address() {
        changeParked(-static_cast<std::ptrdiff_t>(_parked));
        if (!isSlowed()) _all._counted.erase(_position);
    }

    Address(const Address&) = delete;
    Address& operator=(const Address&) = delete;

    bool isSlowed() const { return _phase != Phase::Counting; }
    const Poco::Net::IPAddress& address() const { return _address; }
    const std::string& owner() const { return _owner; }
    const std::string& lastDoor() const { return _lastDoor; }

    void addWrong(const std::string& doorName) {
        const auto now = _all._loop.now();
        _wasWrong = true;
        _lastDoor = doorName;
        if (isSlowed()) return;
        _all._counted.splice(_all._counted.end(), _all._counted, _position);
        _wrong.push_back(now);
        while (now - _wrong.front() > _all._limits->wrongPasscodesWithin)
            _wrong.pop_front();
        if (_wrong.size() >= _all._limits->wrongPasscodes) pause(_all._limits->wrongPasscodePause);
    }

    void park(DoorAt at, Connection connection) {
        if (_parked >= _all._limits->authorizing) dropOne();
        auto parked = std::find_if(_doors.begin(), _doors.end(),
                                   [&](const auto& one) { return one.at.door == at.door; });
        if (parked == _doors.end()) parked = _doors.insert(parked, AtDoor{std::move(at), {}});
        parked->connections.push_back({std::move(connection), _all._loop.now()});
        changeParked(1);
        if (_phase == Phase::Open) startServing();
    }

    /// Of those at one door, the most that are parked.
    std::size_t mostAtDoor() const { return _doors.empty() ? 0 : fullestDoor()->connections.size(); }

    void dropOne() {
        const auto fullest = fullestDoor();
        auto& connections = fullest->connections;
        const auto goes = Newcomers::whoGoes(connections, _all._loop.now());
        connections.erase(std::next(connections.begin(), static_cast<std::ptrdiff_t>(goes)));
        changeParked(-1);
        _all._rejections.add(AgentRejection::Slowed);
        if (connections.empty()) _doors.erase(fullest);
    }

    void closeAll(const Door& door) {
        const auto found =
            std::find_if(_doors.begin(), _doors.end(), [&](const auto& one) { return one.at.door == &door; });
        if (found == _doors.end()) return;
        changeParked(-static_cast<std::ptrdiff_t>(found->connections.size()));
        _doors.erase(found);
    }

    /// The next one is served by the timer, and not within the call in which this one has ended.
    void turnIsOver(bool wasRight) {
        if (wasRight) {
            _wasRight = true;
            _lastRight = _all._loop.now();
        }
        if (_turns > 0 && --_turns == 0 && _phase == Phase::Serving) _timer.start({});
    }

  private:
    enum class Phase {
        Counting, ///< not slowed
        Pausing,
        Serving, ///< those that were parked when the pause was over
        Open,    ///< the pause was over and nothing was parked: the next one is served when it comes
    };
    struct Parked {
        Connection connection;
        EventLoop::Clock::time_point since;
    };
    struct AtDoor {
        DoorAt at;
        std::list<Parked> connections; ///< oldest first; never empty
    };
    using Doors = std::list<AtDoor>;

    Doors::iterator fullestDoor() { return std::max_element(_doors.begin(), _doors.end(), hasFewer); }
    Doors::const_iterator fullestDoor() const {
        return std::max_element(_doors.begin(), _doors.end(), hasFewer);
    }
    static bool hasFewer(const AtDoor& a, const AtDoor& b) {
        return a.connections.size() < b.connections.size();
    }

    void onTimer() {
        if (_phase == Phase::Pausing)
            startServing();
        else if (_phase == Phase::Serving)
            serveNext();
        else
            _all.forget(*this);
    }

    void pause(std::chrono::milliseconds pause) {
        if (!isSlowed()) _all._counted.erase(_position);
        _phase = Phase::Pausing;
        _pause = std::min(pause, _all._limits->wrongPasscodeLongestPause);
        _timer.start(_pause);
        _all.setSlowed(_owner, true);
        _all.onSlowed(*this, _pause);
    }

    void startServing() {
        _phase = _parked == 0 ? Phase::Open : Phase::Serving;
        _toServe = _parked;
        _wasWrong = _wasRight = false;
        _timer.start(_parked == 0 ? _all._limits->wrongPasscodeLongestPause : std::chrono::milliseconds(0));
    }

    void serveNext() {
        if (_toServe == 0 || _parked == 0) return finishServing();
        --_toServe;
        _timer.start(kTurn);
        serveOne();
    }

    /// Of the next door the oldest; the door comes last then.
    void serveOne() {
        auto& next = _doors.front();
        auto moved = std::make_shared<Connection>(std::move(next.connections.front().connection));
        next.connections.pop_front();
        changeParked(-1);
        ++_turns;
        next.at.loop->post([at = next.at, moved] { at.door->onTurn(std::move(*moved)); });
        if (next.connections.empty())
            _doors.pop_front();
        else
            _doors.splice(_doors.end(), _doors, _doors.begin());
    }

    void finishServing() {
        if (_wasRight && !_wasWrong) return forgive();
        if (hasRightAgents())
            pause(_all._limits->wrongPasscodePause);
        else
            pause(_wasWrong ? 2 * _pause : _pause);
    }

    void forgive() {
        while (_parked > 0)
            serveOne();
        _all.forget(*this);
    }

    bool hasRightAgents() const {
        return _all.hasAgents(_owner) ||
               (_lastRight && _all._loop.now() - *_lastRight < _all._limits->agentMemory);
    }

    void changeParked(std::ptrdiff_t change) {
        _parked += static_cast<std::size_t>(change); // which may be less than nothing: the sum wraps around
        _all._parked += static_cast<std::size_t>(change);
    }

    SlowedAddresses& _all;
    const Poco::Net::IPAddress _address;
    const std::string _owner;
    Phase _phase = Phase::Counting;
    std::deque<EventLoop::Clock::time_point> _wrong; ///< while counting: when the latest ones came
    std::string _lastDoor;
    std::chrono::milliseconds _pause{0};
    Doors _doors;             ///< in the order in which they are served
    std::size_t _parked = 0;  ///< at all doors
    std::size_t _toServe = 0; ///< of those parked, the ones that are served before the next pause
    int _turns = 0;           ///< of those served, the ones that are not over
    bool _wasWrong = false;   ///< one that was served
    bool _wasRight = false;
    std::optional<EventLoop::Clock::time_point> _lastRight;
    Timer _timer;
    std::list<Address*>::iterator _position; ///< while counting
};

SlowedAddresses::SlowedAddresses(EventLoop& home, const Reloadable<PipeLimits>& limits, LimitedLog& log,
                                 AgentRejectionCounts& rejections)
    : _loop(home), _limits(limits), _log(log), _rejections(rejections) {}

SlowedAddresses::~SlowedAddresses() {
    _loop.runThere([this] { _addresses.clear(); });
}

bool SlowedAddresses::isSlowed(const std::string& owner) const {
    if (!_areAnySlowed.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(_mutex);
    return _slowed.contains(owner);
}

void SlowedAddresses::park(DoorAt at, Connection connection) {
    const auto moved = std::make_shared<Connection>(std::move(connection));
    _loop.post([this, at = std::move(at), moved] { parkInLoop(at, std::move(*moved)); });
}

void SlowedAddresses::addWrong(const Poco::Net::IPAddress& address, const std::string& doorName) {
    if (_loop.isInLoopThread()) return addWrongInLoop(address, doorName);
    _loop.post([this, address, doorName] { addWrongInLoop(address, doorName); });
}

void SlowedAddresses::turnIsOver(const Poco::Net::IPAddress& address, bool wasRight) {
    _loop.post([this, address, wasRight] {
        if (auto* found = find(address)) found->turnIsOver(wasRight);
    });
}

void SlowedAddresses::closeAll(const Door& door) {
    _loop.post([this, &door] {
        for (const auto& [owner, address] : _addresses)
            address->closeAll(door);
    });
}

void SlowedAddresses::addAgent(const std::string& owner) {
    const std::lock_guard lock(_mutex);
    ++_agents[owner];
}

void SlowedAddresses::removeAgent(const std::string& owner) {
    const std::lock_guard lock(_mutex);
    const auto found = _agents.find(owner);
    if (found != _agents.end() && --found->second == 0) _agents.erase(found);
}

/// All may have been forgiven meanwhile.
void SlowedAddresses::parkInLoop(DoorAt at, Connection connection) {
    auto* address = find(connection.peer.host());
    if (!address || !address->isSlowed()) {
        const auto moved = std::make_shared<Connection>(std::move(connection));
        return at.loop->post([at, moved] { at.door->onTurn(std::move(*moved)); });
    }
    if (_parked >= kAddressesInAll * _limits->authorizing) makeRoom();
    address->park(std::move(at), std::move(connection));
}

void SlowedAddresses::addWrongInLoop(const Poco::Net::IPAddress& address, const std::string& doorName) {
    if (auto* found = findOrAdd(address)) found->addWrong(doorName);
}

SlowedAddresses::Address* SlowedAddresses::find(const Poco::Net::IPAddress& address) const {
    const auto found = _addresses.find(ownerOf(address));
    return found == _addresses.end() ? nullptr : found->second.get();
}

/// Null when that many are slowed.
SlowedAddresses::Address* SlowedAddresses::findOrAdd(const Poco::Net::IPAddress& address) {
    if (auto* found = find(address)) return found;
    if (_addresses.size() >= kMostAddresses) {
        if (_counted.empty()) return nullptr;
        _addresses.erase(_counted.front()->owner());
    }
    auto& added = _addresses[ownerOf(address)];
    added = std::make_unique<Address>(*this, address);
    return added.get();
}

void SlowedAddresses::setSlowed(const std::string& owner, bool isSlowed) {
    const std::lock_guard lock(_mutex);
    if (isSlowed)
        _slowed.insert(owner);
    else
        _slowed.erase(owner);
    _areAnySlowed.store(!_slowed.empty(), std::memory_order_relaxed);
}

bool SlowedAddresses::hasAgents(const std::string& owner) const {
    const std::lock_guard lock(_mutex);
    return _agents.contains(owner);
}

void SlowedAddresses::onSlowed(const Address& address, std::chrono::milliseconds pause) {
    _log.write(address.address(), "too many wrong passcodes", [&] {
        return Poco::format("%s: too many wrong passcodes from %s: its connections wait for %Ld ms",
                            address.lastDoor(), withoutMapping(address.address()).toString(),
                            static_cast<Poco::Int64>(pause.count()));
    });
}

void SlowedAddresses::forget(Address& address) {
    setSlowed(address.owner(), false);
    const auto found = _addresses.find(address.owner());
    _loop.destroyLater(std::move(found->second)); // it is the one that is calling
    _addresses.erase(found);
}

/// For one more, of whatever address.
void SlowedAddresses::makeRoom() {
    const auto most =
        std::max_element(_addresses.begin(), _addresses.end(), [](const auto& a, const auto& b) {
            return a.second->mostAtDoor() < b.second->mostAtDoor();
        });
    most->second->dropOne();
}

} // namespace connector
