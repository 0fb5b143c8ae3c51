#include "PipeClient.h"

#include "KernelSockets.h"

#include <Poco/Crypto/X509Certificate.h>

#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace connector::test {

namespace {

constexpr std::size_t kRecord = 16384;
/// How long sendSome() waits for room before it calls a connection stuck.
constexpr std::chrono::milliseconds kMoment{300};

std::string errnoText(const std::string& what) {
    return what + ": " + std::strerror(errno);
}

bool isLoss(int error) {
    return error == ECONNRESET || error == EPIPE || error == ECONNREFUSED || error == ETIMEDOUT;
}

[[noreturn]] void throwErrno(const std::string& what) {
    if (isLoss(errno)) throw ConnectionLost(errnoText(what));
    throw std::runtime_error(errnoText(what));
}

void setOption(int descriptor, int level, int name, int value) {
    ::setsockopt(descriptor, level, name, &value, sizeof(value));
}

} // namespace

PipeClient::PipeClient(const Poco::Net::SocketAddress& address, const ConnectOptions& options)
    : _serverPort(address.port()) {
    try {
        connectTo(address, options);
        if (!options.preface.empty()) sendRaw(options.preface);
        if (options.tls) shakeHands(options);
    } catch (...) {
        closeDescriptor();
        throw;
    }
}

PipeClient::PipeClient(const Poco::Net::StreamSocket& accepted)
    : _descriptor(::fcntl(accepted.impl()->sockfd(), F_DUPFD_CLOEXEC, 0)),
      _serverPort(accepted.peerAddress().port()) {
    if (_descriptor < 0) throwErrno("fcntl");
    ::fcntl(_descriptor, F_SETFL, O_NONBLOCK);
    setOption(_descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
}

PipeClient::~PipeClient() {
    close();
}

PipeClient::PipeClient(PipeClient&& other) noexcept
    : _descriptor(std::exchange(other._descriptor, -1)), _serverPort(other._serverPort),
      _ssl(std::move(other._ssl)), _unfinishedRecord(std::move(other._unfinishedRecord)),
      _mutex(std::move(other._mutex)), _end(other._end) {}

PipeClient& PipeClient::operator=(PipeClient&& other) noexcept {
    close();
    _descriptor = std::exchange(other._descriptor, -1);
    _serverPort = other._serverPort;
    _ssl = std::move(other._ssl);
    _unfinishedRecord = std::move(other._unfinishedRecord);
    _mutex = std::move(other._mutex);
    _end = other._end;
    return *this;
}

void PipeClient::connectTo(const Poco::Net::SocketAddress& address, const ConnectOptions& options) {
    _descriptor = ::socket(address.af(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (_descriptor < 0) throwErrno("socket");
    setOption(_descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.bufferSize != 0) {
        setOption(_descriptor, SOL_SOCKET, SO_RCVBUF, options.bufferSize);
        setOption(_descriptor, SOL_SOCKET, SO_SNDBUF, options.bufferSize);
    }
    if (!options.from.empty()) {
        const Poco::Net::SocketAddress from(options.from, 0);
        if (::bind(_descriptor, from.addr(), from.length()) != 0) throwErrno("bind " + options.from);
    }
    const auto name = "connect " + address.toString();
    if (::connect(_descriptor, address.addr(), address.length()) == 0) return;
    if (errno != EINPROGRESS) throwErrno(name);
    waitFor(POLLOUT, Deadline());
    socklen_t size = sizeof(errno);
    ::getsockopt(_descriptor, SOL_SOCKET, SO_ERROR, &errno, &size);
    if (errno != 0) throwErrno(name);
}

void PipeClient::shakeHands(const ConnectOptions& options) {
    _ssl.reset(SSL_new(options.tls->context()));
    SSL_set_fd(_ssl.get(), _descriptor);
    if (!options.serverName.empty()) SSL_set_tlsext_host_name(_ssl.get(), options.serverName.c_str());
    if (options.session) SSL_set_session(_ssl.get(), options.session.get());
    const Deadline deadline;
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(_ssl.get());
        if (result == 1) return;
        const Step step = tlsStep(result);
        if (step.end != End::Open) throw ConnectionLost("the TLS handshake was not finished");
        waitFor(step.waitFor, deadline);
    }
}

void PipeClient::send(std::string_view data) {
    Deadline deadline;
    while (!data.empty()) {
        const Step step = trySend(data);
        data.remove_prefix(step.bytes);
        if (step.bytes != 0)
            deadline = Deadline();
        else
            waitFor(step.waitFor, deadline);
    }
    flush();
}

void PipeClient::sendUrgent(char byte) {
    if (::send(_descriptor, &byte, 1, MSG_NOSIGNAL | MSG_OOB) != 1) throwErrno("send urgent data");
}

std::string PipeClient::sendFirstHalf(std::string_view data) {
    BIO* const wire = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(_ssl.get());
    BIO_up_ref(socket);
    SSL_set0_wbio(_ssl.get(), wire);
    SSL_write(_ssl.get(), data.data(), static_cast<int>(data.size()));
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(wire, &bytes);
    const std::string record(bytes, static_cast<std::size_t>(size));
    SSL_set0_wbio(_ssl.get(), socket);
    const auto half = record.size() / 2;
    sendRaw(std::string_view(record).substr(0, half));
    waitUntilRead();
    return record.substr(half);
}

void PipeClient::sendRaw(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) throwErrno("send");
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
}

std::size_t PipeClient::sendSome(std::string_view data) {
    std::size_t sent = 0;
    while (sent < data.size()) {
        const Step step = trySend(data.substr(sent));
        sent += step.bytes;
        if (step.bytes == 0 && !isReady(step.waitFor, Deadline(kMoment))) break;
    }
    return sent;
}

std::size_t PipeClient::sendNow(std::string_view data) {
    if (data.empty()) {
        tryFlush();
        return 0;
    }
    return trySend(data).bytes;
}

std::optional<std::size_t> PipeClient::receiveNow(char* buffer, std::size_t size) {
    if (_end != End::Open) return 0;
    const Step step = tryReceive(buffer, size);
    _end = step.end;
    if (step.bytes == 0 && _end == End::Open) return std::nullopt;
    return step.bytes;
}

std::size_t PipeClient::receive(char* buffer, std::size_t size) {
    const Deadline deadline;
    while (_end == End::Open) {
        const Step step = tryReceive(buffer, size);
        if (step.bytes != 0) return step.bytes;
        _end = step.end;
        if (_end == End::Open) waitFor(step.waitFor, deadline);
    }
    return 0;
}

bool PipeClient::isQuiet() {
    char byte = 0;
    const Step step = tryReceive(&byte, 1);
    return step.bytes == 0 && step.end == End::Open;
}

void PipeClient::finishSending() {
    if (!_ssl) {
        ::shutdown(_descriptor, SHUT_WR);
        return;
    }
    flush();
    const Deadline deadline;
    while (!tryCloseNotify())
        waitFor(POLLOUT, deadline);
}

/// False when the socket has no room for the close_notify yet.
bool PipeClient::tryCloseNotify() {
    const std::lock_guard lock(*_mutex);
    ERR_clear_error();
    const int result = SSL_shutdown(_ssl.get());
    return result >= 0 || SSL_get_error(_ssl.get(), result) != SSL_ERROR_WANT_WRITE;
}

void PipeClient::close() {
    if (_descriptor >= 0 && _ssl) {
        skipTickets();
        tryCloseNotify();
    }
    closeDescriptor();
}

/// What comes unasked behind a TLS 1.3 handshake: left unread, it would make the kernel close with RST.
void PipeClient::skipTickets() {
    try {
        isQuiet();
    } catch (const std::runtime_error&) { // nothing that matters to one who closes
    }
}

void PipeClient::abort() {
    const linger atOnce{1, 0};
    ::setsockopt(_descriptor, SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
    closeDescriptor();
}

void PipeClient::closeDescriptor() {
    if (_descriptor >= 0) ::close(std::exchange(_descriptor, -1));
}

void PipeClient::waitUntilRead() const {
    waitUntil("the server reads what was sent", [this] {
        int unsent = 0;
        ::ioctl(_descriptor, SIOCOUTQ, &unsent);
        return unsent == 0 && unreadBytes(_serverPort, localPort()) == 0;
    });
}

std::shared_ptr<SSL_SESSION> PipeClient::session() const {
    return {SSL_get1_session(_ssl.get()), SSL_SESSION_free};
}

std::string PipeClient::selectedProtocol() const {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(_ssl.get(), &name, &length);
    return {reinterpret_cast<const char*>(name), length};
}

std::string PipeClient::serverCommonName() const {
    const Poco::Crypto::X509Certificate certificate(SSL_get1_peer_certificate(_ssl.get()));
    return certificate.commonName();
}

std::string PipeClient::suite() const {
    return SSL_get_cipher_name(_ssl.get());
}

std::string PipeClient::group() const {
    EVP_PKEY* key = nullptr;
    SSL_get_peer_tmp_key(_ssl.get(), &key);
    std::array<char, 64> name{};
    const bool hasName = EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1;
    const std::string group = hasName ? name.data() : EVP_PKEY_get0_type_name(key);
    EVP_PKEY_free(key);
    return group;
}

std::string PipeClient::ocspResponse() const {
    const unsigned char* response = nullptr;
    const auto size = SSL_get_tlsext_status_ocsp_resp(_ssl.get(), &response);
    if (size <= 0) return "";
    return {reinterpret_cast<const char*>(response), static_cast<std::size_t>(size)};
}

std::uint16_t PipeClient::localPort() const {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    ::getsockname(_descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
    return Poco::Net::SocketAddress(reinterpret_cast<sockaddr*>(&storage), size).port();
}

PipeClient::Step PipeClient::tryReceive(char* buffer, std::size_t size) {
    const std::lock_guard lock(*_mutex);
    if (_ssl) {
        ERR_clear_error();
        return tlsStep(SSL_read(_ssl.get(), buffer, static_cast<int>(size)));
    }
    const auto got = ::recv(_descriptor, buffer, size, 0);
    if (got > 0) return {static_cast<std::size_t>(got), 0, End::Open};
    if (got == 0) return {0, 0, End::Orderly};
    if (errno == EAGAIN) return {0, POLLIN, End::Open};
    if (isLoss(errno)) return {0, 0, End::Reset};
    throwErrno("recv");
}

/// Takes data, or says what to wait for before it can be taken.
PipeClient::Step PipeClient::trySend(std::string_view data) {
    if (_ssl) {
        if (const Step step = tryFlush(); step.waitFor != 0) return step;
        _unfinishedRecord = data.substr(0, kRecord);
        tryFlush();
        return {std::min(data.size(), kRecord), 0, End::Open};
    }
    const auto sent = ::send(_descriptor, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {static_cast<std::size_t>(sent), 0, End::Open};
    if (errno == EAGAIN) return {0, POLLOUT, End::Open};
    throwErrno("send");
}

/// Writes the record that was begun, if there is one.
PipeClient::Step PipeClient::tryFlush() {
    if (_unfinishedRecord.empty()) return {};
    const std::lock_guard lock(*_mutex);
    ERR_clear_error();
    const auto size = static_cast<int>(_unfinishedRecord.size());
    const Step step = tlsStep(SSL_write(_ssl.get(), _unfinishedRecord.data(), size));
    if (step.end != End::Open) throw ConnectionLost("the server ended the TLS connection");
    if (step.waitFor == 0) _unfinishedRecord.clear();
    return step;
}

void PipeClient::flush() {
    const Deadline deadline;
    for (Step step = tryFlush(); step.waitFor != 0; step = tryFlush())
        waitFor(step.waitFor, deadline);
}

/// What the result of an SSL function means.
PipeClient::Step PipeClient::tlsStep(int result) const {
    if (result > 0) return {static_cast<std::size_t>(result), 0, End::Open};
    switch (SSL_get_error(_ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return {0, POLLIN, End::Open};
    case SSL_ERROR_WANT_WRITE:
        return {0, POLLOUT, End::Open};
    case SSL_ERROR_ZERO_RETURN:
        return {0, 0, End::Orderly};
    case SSL_ERROR_SYSCALL:
        return {0, 0, End::Reset};
    default:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return {0, 0, End::Truncated};
        throw ConnectionLost("TLS: " + openSslError());
    }
}

bool PipeClient::isReady(short events, const Deadline& deadline) const {
    pollfd waiting{_descriptor, events, 0};
    return ::poll(&waiting, 1, deadline.milliseconds()) > 0;
}

void PipeClient::waitFor(short events, const Deadline& deadline) const {
    if (!isReady(events, deadline))
        throw TimedOut(events == POLLIN ? "nothing came from the server" : "the server takes nothing");
}

} // namespace connector::test
