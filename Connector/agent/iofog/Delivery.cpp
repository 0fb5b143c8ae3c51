#include "agent/iofog/Delivery.h"

namespace connector {

void Delivery::begin() {
    _tries = 0;
    _earlier = _open;
    _acks = 0;
}

void Delivery::sent() {
    ++_open;
    ++_tries;
}

std::chrono::milliseconds Delivery::wait() const {
    return kFirstWait * (1 << (_tries - 1));
}

bool Delivery::acknowledged() {
    if (_open == 0) return false; // there is nothing that it could be for
    _receiver = Receiver::Acknowledges;
    _peerAcknowledges = _hasSentAck = true;
    ++_acks;
    return --_open == 0;
}

Delivery::Verdict Delivery::expired() {
    if (_acks > _earlier) {
        _open = 0; // or every later message would wait for the ACK that was lost
        return Verdict::Delivered;
    }
    if (receiver() == Receiver::Unknown) {
        _receiver = Receiver::Silent;
        return Verdict::Assumed;
    }
    if (_tries < kTries) return Verdict::Repeat;
    if (!_isHeard) return Verdict::Wait;
    _peerAcknowledges = _hasSentAck; // another one may have taken its place, of the other line
    return Verdict::Failed;
}

Delivery::Receiver Delivery::receiver() const {
    return _receiver == Receiver::Unknown && _peerAcknowledges ? Receiver::Acknowledges : _receiver;
}

} // namespace connector
