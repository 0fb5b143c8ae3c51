#include "api/ClientSocket.h"

#include "api/HttpError.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DigestEngine.h>
#include <Poco/Net/SecureStreamSocket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <openssl/err.h>
#include <poll.h>

namespace connector {

namespace {

using Poco::Net::HTTPResponse;
using Poco::Net::SecureStreamSocket;

constexpr std::chrono::seconds kStopGrace{1};
constexpr std::chrono::seconds kDrainTime{1};
constexpr std::size_t kDrainBytes = 1024 * 1024;

int asLength(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

/// Calls POCO's socket, whose result is negative when it would block.
template <class Operation>
int attempt(Operation operation) {
    // OpenSSL takes an error left over by another connection of this thread for its own.
    ::ERR_clear_error();
    try {
        return operation();
    } catch (const Poco::Exception& error) {
        throw ConnectionLost(error.displayText());
    }
}

} // namespace

ClientSocket::ClientSocket(const Poco::Net::StreamSocket& socket, const Poco::Net::Context::Ptr& tls,
                           const StopSignal& stop)
    : _tcp(socket), _isTls(!tls.isNull()), _socket(socket), _stop(stop) {
    _tcp.setBlocking(false);
    if (_isTls) _socket = SecureStreamSocket::attach(_tcp, tls);
}

void ClientSocket::handshake(Deadline deadline) {
    if (!_isTls) return;
    SecureStreamSocket secure(_socket);
    for (;;) {
        const int result = attempt([&] { return secure.completeHandshake(); });
        if (result == 1) return;
        if (result == 0) throw ConnectionLost("closed in the TLS handshake");
        waitToReceive(result, deadline);
    }
}

std::string ClientSocket::certificateFingerprint() const {
    if (!_isTls) return "";
    const SecureStreamSocket secure(_socket);
    if (!secure.havePeerCertificate()) return "";
    return Poco::DigestEngine::digestToHex(secure.peerCertificate().fingerprint("SHA256"));
}

std::size_t ClientSocket::receive(char* into, std::size_t size, Deadline deadline) {
    for (;;) {
        const int result = attempt([&] { return _socket.receiveBytes(into, asLength(size)); });
        if (result >= 0) return static_cast<std::size_t>(result);
        waitToReceive(result, deadline);
    }
}

void ClientSocket::send(std::string_view bytes, Deadline deadline) {
    bool untilStop = true;
    while (!bytes.empty()) {
        const int result = attempt([&] { return _socket.sendBytes(bytes.data(), asLength(bytes.size())); });
        if (result > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(result));
            continue;
        }
        const bool wantsRead = _isTls && result == SecureStreamSocket::ERR_SSL_WANT_READ;
        const auto waited = wait(wantsRead ? POLLIN : POLLOUT, deadline, untilStop);
        if (waited == Waited::TimedOut) throw ConnectionLost("the client does not read the answer");
        if (waited == Waited::Stopping) {
            untilStop = false;
            deadline = std::min(deadline, Clock::now() + kStopGrace);
        }
    }
}

void ClientSocket::endAndDrain() {
    try {
        if (_isTls) attempt([&] { return _socket.shutdown(), 0; });
        _tcp.shutdownSend();
        const auto deadline = Clock::now() + kDrainTime;
        std::array<char, 4096> dropped;
        std::size_t total = 0;
        while (total < kDrainBytes) {
            // Straight from TCP: nobody wants to know what it was.
            const int result =
                attempt([&] { return _tcp.receiveBytes(dropped.data(), asLength(dropped.size())); });
            if (result == 0) return;
            if (result > 0)
                total += static_cast<std::size_t>(result);
            else if (wait(POLLIN, deadline, true) != Waited::Ready)
                return;
        }
    } catch (const std::exception&) { // The client is gone, and so is the reason for draining.
    }
}

ClientSocket::Waited ClientSocket::wait(short events, Deadline deadline, bool untilStop) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return Waited::TimedOut;
        std::array<pollfd, 2> polled{{{_tcp.impl()->sockfd(), events, 0}, {_stop.descriptor(), POLLIN, 0}}};
        const int ready =
            ::poll(polled.data(), untilStop ? 2 : 1, static_cast<int>(std::min<long>(left, INT_MAX)));
        if (ready < 0 && errno != EINTR) throw ConnectionLost("poll failed");
        if (ready <= 0) continue;
        return polled[1].revents != 0 ? Waited::Stopping : Waited::Ready;
    }
}

void ClientSocket::waitToReceive(int result, Deadline deadline) const {
    const bool wantsWrite = _isTls && result == SecureStreamSocket::ERR_SSL_WANT_WRITE;
    switch (wait(wantsWrite ? POLLOUT : POLLIN, deadline, true)) {
    case Waited::Ready:
        return;
    case Waited::TimedOut:
        throw HttpError(HTTPResponse::HTTP_REQUEST_TIMEOUT, "the request did not arrive in time");
    case Waited::Stopping:
        throw HttpError(HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "the server is shutting down");
    }
}

} // namespace connector
