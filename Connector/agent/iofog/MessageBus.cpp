#include "agent/iofog/MessageBus.h"

#include "agent/iofog/IoMessage.h"

#include <Poco/Exception.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

constexpr char kReceipt = 0x0E;
constexpr std::string_view kAck("\x0B");

/// The node's agent sends a message again after 20 s without an acknowledgement, and after ten times no more
/// at all, without closing the socket.
constexpr std::chrono::seconds kAgentsPatience{20};

} // namespace

MessageBus::MessageBus(const LocalApi& api) : _api(api), _log(Poco::Logger::get("iofog")) {}

MessageBus::~MessageBus() {
    stop();
    logLost(_received, "from the node's bus is not known to have arrived");
    logLost(_toSend, "from Connector is not known to have reached the node's bus");
}

void MessageBus::start() {
    if (!_isStopped) return;
    _isStopped = false;
    _interruption.emplace();
    _received.open();
    _toSend.open();
    _receiver = std::thread([this] { receive(); });
    _sender = std::thread([this] { send(); });
}

void MessageBus::stop() {
    if (_isStopped) return;
    {
        const std::lock_guard lock(_mutex);
        _isStopped = true;
        _changed.notify_all();
    }
    _received.close();
    _toSend.close();
    _interruption->stop();
    _receiver.join();
    _sender.join();
}

void MessageBus::receive() {
    do {
        try {
            const auto socket = std::make_shared<LocalSocket>(_api, "message", *_interruption);
            _backoff.reset();
            _log.information("carries ioMessages of %s", _api.name());
            use(socket);
            receiveFrom(*socket);
        } catch (const Poco::TimeoutException&) {
            _log.warning("the local API gives no sign of life on the message socket: connects anew");
        } catch (const LocalApiError& error) {
            if (!_interruption->isStopped())
                _log.warning("the message socket broke: %s", std::string(error.what()));
        }
        use(nullptr);
    } while (_interruption->rest(_backoff.next()));
}

void MessageBus::receiveFrom(LocalSocket& socket) {
    while (auto frame = socket.receive()) {
        if (frame->starts_with(kIoMessageCode)) {
            accept(socket, std::move(*frame));
        } else if (frame->starts_with(kReceipt)) {
            confirmOldest();
            socket.send(kAck);
        }
    }
    throw LocalApiError("the local API has closed it");
}

/// It waits until ACK is sent, so that no more of them than one are ever owed.
void MessageBus::accept(LocalSocket& socket, std::string frame) {
    const auto message = std::string_view(frame).substr(std::min(kIoMessageHeader, frame.size()));
    if (message.empty() || sizeInHeader(frame) != message.size() || frame.size() > kMaxIoMessage) {
        _log.error("dropped %s from the node's bus: %z bytes", nameOf(message), frame.size());
        return socket.send(kAck);
    }
    const auto begin = std::chrono::steady_clock::now();
    if (!_repetitions.isRepeated(message) && !_received.put({std::move(frame)})) return;
    socket.send(kAck);
    // It may have given up this socket meanwhile, which only shows when it is asked.
    if (std::chrono::steady_clock::now() - begin > kAgentsPatience) socket.expectFrame();
}

void MessageBus::send() {
    std::shared_ptr<LocalSocket> broken;
    while (const auto socket = awaitSocket(broken)) {
        auto message = _toSend.await();
        if (!message) return;
        if (!keep(*message, socket)) {
            _toSend.putFirst(std::move(*message));
            continue;
        }
        try {
            socket->send(message->frame);
        } catch (const LocalApiError&) {
            socket->breakOff(); // the receiver says so, and connects anew
            broken = socket;
        }
    }
}

/// Null: the former is broken.
void MessageBus::use(std::shared_ptr<LocalSocket> socket) {
    const std::lock_guard lock(_mutex);
    _socket = std::move(socket);
    if (!_socket) sendUnconfirmedAgain();
    _changed.notify_all();
}

/// Another one than that which is broken. Null when it is time to stop.
std::shared_ptr<LocalSocket> MessageBus::awaitSocket(const std::shared_ptr<LocalSocket>& broken) {
    std::unique_lock lock(_mutex);
    _changed.wait(lock, [&] { return _isStopped || (_socket && _socket != broken); });
    return _isStopped ? nullptr : _socket;
}

/// Before it is sent, as it may be confirmed at once. False when that socket is not in use any more.
bool MessageBus::keep(const BusMessage& message, const std::shared_ptr<LocalSocket>& socket) {
    const std::lock_guard lock(_mutex);
    if (_socket != socket) return false;
    _unconfirmed.push_back(message);
    _unconfirmedBytes += message.frame.size();
    while (_unconfirmed.size() > kMaxUnconfirmed || _unconfirmedBytes > kMaxUnconfirmedBytes)
        forgetOldest();
    return true;
}

/// The API confirms messages in the order in which it gets them.
void MessageBus::confirmOldest() {
    const std::lock_guard lock(_mutex);
    if (!_unconfirmed.empty()) forgetOldest();
}

void MessageBus::forgetOldest() {
    _unconfirmedBytes -= _unconfirmed.front().frame.size();
    _unconfirmed.pop_front();
}

void MessageBus::sendUnconfirmedAgain() {
    for (auto message = _unconfirmed.rbegin(); message != _unconfirmed.rend(); ++message)
        _toSend.putFirst(std::move(*message));
    _unconfirmed.clear();
    _unconfirmedBytes = 0;
}

void MessageBus::logLost(MessageQueue& queue, const std::string& where) {
    while (const auto message = queue.take())
        _log.error("%s %s", nameOf(std::string_view(message->frame).substr(kIoMessageHeader)), where);
}

} // namespace connector
