#include "net/TlsStream.h"

#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace connector {

namespace {

int lengthFor(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

TlsStream::SslPointer TlsStream::makeSsl(SSL_CTX* context, int descriptor) {
    SslPointer ssl(::SSL_new(context));
    if (!ssl || ::SSL_set_fd(ssl.get(), descriptor) != 1) throw std::bad_alloc();
    return ssl;
}

TlsStream::TlsStream(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer,
                     DescriptorBudget::Lease lease, SSL_CTX* context)
    : Stream(socket, peer, std::move(lease)), _ssl(makeSsl(context, descriptor())) {
    ::SSL_set_accept_state(_ssl.get());
}

TlsStream::TlsStream(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer,
                     SSL_CTX* context, const std::string& host, SSL_SESSION* resume)
    : Stream(socket, peer), _ssl(makeSsl(context, descriptor())) {
    ::SSL_set_connect_state(_ssl.get());
    Poco::Net::IPAddress address;
    if (Poco::Net::IPAddress::tryParse(host, address)) {
        ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(_ssl.get()), host.c_str());
    } else {
        ::SSL_set_tlsext_host_name(_ssl.get(), host.c_str());
        ::SSL_set1_host(_ssl.get(), host.c_str());
    }
    if (resume) ::SSL_set_session(_ssl.get(), resume);
}

Stream::Status TlsStream::handshake() {
    const auto connected = Stream::handshake();
    if (connected != Status::Ok) return connected;
    ::ERR_clear_error();
    const int result = ::SSL_do_handshake(_ssl.get());
    return result == 1 ? Status::Ok : notDone(result).status;
}

Stream::Received TlsStream::receive(std::span<std::byte> into) {
    if (!_mayReceive && ::SSL_has_pending(_ssl.get()) == 0) return {Status::Blocked, 0};
    ::ERR_clear_error();
    const int received = ::SSL_read(_ssl.get(), into.data(), lengthFor(into.size()));
    if (received > 0) return {Status::Ok, static_cast<std::size_t>(received)};
    return notDone(received);
}

Stream::Received TlsStream::sendSome(std::span<const std::byte> bytes) {
    if (!_maySend) return {Status::Blocked, 0};
    ::ERR_clear_error();
    const int sent = ::SSL_write(_ssl.get(), bytes.data(), lengthFor(bytes.size()));
    if (sent > 0) return {Status::Ok, static_cast<std::size_t>(sent)};
    const auto result = notDone(sent);
    // Receiving is told of the end apart; whoever can't send any more has a broken connection.
    return result.status == Status::Ended ? Received{Status::Failed, 0} : result;
}

Stream::Status TlsStream::endSending() {
    if (_failure.empty() && ::SSL_is_init_finished(_ssl.get())) {
        ::ERR_clear_error();
        const int result = ::SSL_shutdown(_ssl.get());
        if (result < 0 && notDone(result).status == Status::Blocked && !_maySend) return Status::Blocked;
    }
    return Stream::endSending();
}

std::string TlsStream::failure() const {
    return _failure.empty() ? Stream::failure() : _failure;
}

std::shared_ptr<SSL_SESSION> TlsStream::session() const {
    return {::SSL_SESSION_dup(::SSL_get0_session(_ssl.get())),
            [](SSL_SESSION* copy) { ::SSL_SESSION_free(copy); }};
}

Stream::Received TlsStream::notDone(int result) {
    const int savedErrno = errno;
    switch (::SSL_get_error(_ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
        _mayReceive = false;
        return {Status::Blocked, 0};
    case SSL_ERROR_WANT_WRITE:
        _maySend = false;
        return {Status::Blocked, 0};
    case SSL_ERROR_ZERO_RETURN:
        return {Status::Ended, 0};
    case SSL_ERROR_SYSCALL:
        return failed(savedErrno);
    default: {
        const auto* reason = ::ERR_reason_error_string(::ERR_peek_error());
        _failure = std::string("TLS: ") + (reason ? reason : "protocol error");
        if (const auto verdict = ::SSL_get_verify_result(_ssl.get()); verdict != X509_V_OK)
            _failure += std::string(" (") + ::X509_verify_cert_error_string(verdict) + ")";
        return failed(0);
    }
    }
}

} // namespace connector
