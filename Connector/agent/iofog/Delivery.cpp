#include "agent/iofog/Delivery.h"

namespace connector {

void Delivery::begin() {
    _tries = 0;
    _latest = _sent + 1;
}

void Delivery::sent() {
    ++_sent;
    ++_tries;
}

std::chrono::milliseconds Delivery::wait() const {
    return kFirstWait * (1 << (_tries - 1));
}

bool Delivery::acknowledged() {
    if (_acknowledged == _sent) return false; // there is nothing that it could be for
    _receiver = Receiver::Acknowledges;
    ++_acknowledged;
    return _acknowledged >= _latest;
}

Delivery::Verdict Delivery::expired() {
    if (_receiver == Receiver::Unknown) {
        _receiver = Receiver::Silent;
        return Verdict::Assumed;
    }
    return _tries < kTries ? Verdict::Repeat : Verdict::Failed;
}

} // namespace connector
