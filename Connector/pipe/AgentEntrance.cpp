#include "pipe/AgentEntrance.h"

#include "base/PeerAddress.h"

namespace connector {

AgentEntrance::AgentEntrance(EventLoop& loop, PipeEnvironment& environment, const Lifeline& lifeline,
                             Newcomers& newcomers, Owner& owner)
    : _loop(loop), _environment(environment), _lifeline(lifeline), _newcomers(newcomers), _owner(owner),
      _known(environment.limits()) {}

void AgentEntrance::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                               DescriptorBudget::Lease lease) {
    _loop.assertInLoopThread();
    SlowedAddresses::Connection connection{std::move(socket), peer, std::move(lease)};
    auto& slowed = _environment.slowed();
    if (slowed.isSlowed(ownerOf(peer.host())))
        slowed.park({this, &_loop, _lifeline.hold()}, std::move(connection));
    else
        letIn(std::move(connection), /*hasTurn*/ false);
}

void AgentEntrance::onTurn(SlowedAddresses::Connection connection) {
    if (_isClosed) return _environment.slowed().turnIsOver(connection.peer.host(), /*wasRight*/ false);
    letIn(std::move(connection), /*hasTurn*/ true);
}

void AgentEntrance::letIn(SlowedAddresses::Connection connection, bool hasTurn) {
    const auto owner = ownerOf(connection.peer.host());
    const bool isKnown = knows(owner);
    if (auto* surplus = _newcomers.surplus(owner, isKnown, _loop.now()))
        surplus->end(_owner.crowded(), AgentRejection::Crowded);
    _owner.onEntered(
        _environment.acceptAgent(std::move(connection.socket), connection.peer, std::move(connection.lease)),
        isKnown, hasTurn);
}

void AgentEntrance::await(Newcomer& newcomer, const Poco::Net::SocketAddress& peer, bool isKnown) {
    _newcomers.add(newcomer, ownerOf(peer.host()), isKnown, _loop.now());
}

void AgentEntrance::remember(const Poco::Net::IPAddress& address) {
    _known.add(ownerOf(address), _loop.now());
}

void AgentEntrance::close() {
    _isClosed = true;
    _environment.slowed().closeAll(*this);
}

} // namespace connector
