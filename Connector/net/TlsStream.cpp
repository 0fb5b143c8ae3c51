#include "net/TlsStream.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DigestEngine.h>
#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace connector {

namespace {

/// Records that a stream has made and not sent: of many it makes one system call. None is left when a
/// function of a stream returns, so a thread needs one only.
thread_local std::vector<std::byte> sealed;

/// So much is sent at once, so that the receiver is not left waiting for the rest of a large piece.
constexpr std::size_t kSealedBatch = 128 * 1024;

int lengthFor(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

TlsStream::TlsStream(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease,
                     SSL_CTX* context, std::shared_ptr<const AlpnProtocols> alpn)
    : SocketStream(std::move(socket), peer, std::move(lease)), _alpn(std::move(alpn)) {
    ::SSL_CTX_up_ref(context);
    _context.reset(context);
}

TlsStream::TlsStream(Descriptor socket, const Poco::Net::SocketAddress& peer, SSL_CTX* context,
                     const std::string& host, SSL_SESSION* resume, const AlpnProtocols* alpn)
    : SocketStream(std::move(socket), peer) {
    makeSsl(context);
    ::SSL_set_connect_state(_ssl.get());
    expect(host);
    if (alpn) alpn->offerTo(_ssl.get());
    if (resume) ::SSL_set_session(_ssl.get(), resume);
}

/// Where OpenSSL can't take note of the name, any certificate would be good: there is no going on then.
void TlsStream::expect(const std::string& host) {
    Poco::Net::IPAddress address;
    bool isNoted = false;
    if (Poco::Net::IPAddress::tryParse(host, address)) {
        isNoted = ::X509_VERIFY_PARAM_set1_ip(::SSL_get0_param(_ssl.get()),
                                              static_cast<const unsigned char*>(address.addr()),
                                              address.length()) == 1;
    } else {
        ::SSL_set_tlsext_host_name(_ssl.get(), host.c_str());
        isNoted = ::SSL_set1_host(_ssl.get(), host.c_str()) == 1;
    }
    if (!isNoted) throw std::bad_alloc();
}

void TlsStream::makeSsl(SSL_CTX* context) {
    _ssl.reset(::SSL_new(context));
    auto* bio = _ssl ? ::BIO_new(bioMethod()) : nullptr;
    if (!bio) throw std::bad_alloc();
    ::BIO_set_data(bio, this);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(_ssl.get(), bio, bio);
}

BIO_METHOD* TlsStream::bioMethod() {
    static BIO_METHOD* const method = [] {
        auto* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TlsStream");
        if (!made) throw std::bad_alloc();
        ::BIO_meth_set_read(made, bioRead);
        ::BIO_meth_set_write(made, bioWrite);
        ::BIO_meth_set_ctrl(made, bioControl);
        return made;
    }();
    return method;
}

int TlsStream::bioRead(BIO* bio, char* into, int size) {
    auto& self = *static_cast<TlsStream*>(::BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    try {
        const int taken =
            self.takeReceived(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
        if (taken < 0 && !self.mayReceive()) BIO_set_retry_read(bio);
        return taken;
    } catch (const std::bad_alloc&) { // must not pass through OpenSSL
        return self.outOfMemory();
    }
}

/// 0 at the end, -1 when there is nothing, or the connection is broken.
int TlsStream::takeReceived(std::span<std::byte> into) {
    if (_received.isEmpty()) {
        if (!mayReceive()) return -1;
        const auto received = receiveWire(_received.room());
        _received.filled(received.bytes);
        _wireHasEnded = received.status == Status::Ended;
        if (received.status != Status::Ok) return _wireHasEnded ? 0 : -1;
    }
    return static_cast<int>(_received.take(into));
}

/// Takes everything: what the kernel does not take is kept.
int TlsStream::bioWrite(BIO* bio, const char* bytes, int size) {
    auto& self = *static_cast<TlsStream*>(::BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto record = std::as_bytes(std::span(bytes, static_cast<std::size_t>(size)));
    try {
        sealed.insert(sealed.end(), record.begin(), record.end());
        if (sealed.size() >= kSealedBatch && self.sendSealed() == Status::Failed) return -1;
        return size;
    } catch (const std::bad_alloc&) { // must not pass through OpenSSL
        sealed.clear();
        return self.outOfMemory();
    }
}

/// What a function of the BIO returns when the connection has to end because memory has run out.
int TlsStream::outOfMemory() {
    failed(ENOMEM);
    return -1;
}

long TlsStream::bioControl(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return static_cast<TlsStream*>(::BIO_get_data(bio))->_wireHasEnded ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// After every call of OpenSSL that may have written something.
Stream::Status TlsStream::sendSealed() {
    const auto sent = sealed.empty() ? Status::Ok : sendWire(sealed);
    sealed.clear();
    return sent;
}

Stream::Status TlsStream::handshake() {
    const auto connected = SocketStream::handshake();
    if (connected != Status::Ok) return connected;
    if (flush() == Status::Failed) return Status::Failed;
    if (!_ssl)
        if (const auto awaited = awaitClient(); awaited != Status::Ok) return awaited;
    ::ERR_clear_error();
    const int result = ::SSL_do_handshake(_ssl.get());
    if (result == 1) {
        ::SSL_set_tlsext_status_ocsp_resp(_ssl.get(), nullptr, 0); // needed no more
        return sendSealed() == Status::Failed ? Status::Failed : Status::Ok;
    }
    return notDone(result).status;
}

/// Makes the server's side of the handshake for the client's first bytes.
Stream::Status TlsStream::awaitClient() {
    if (!mayReceive()) return Status::Blocked;
    try {
        const auto received = receiveWire(_received.room());
        _received.filled(received.bytes);
        if (received.status != Status::Ok) return received.status;
        makeSsl(_context.get());
    } catch (const std::bad_alloc&) {
        return failed(ENOMEM).status;
    }
    _context.reset();
    ::SSL_set_accept_state(_ssl.get());
    if (_alpn) _alpn->offerOn(_ssl.get());
    return Status::Ok;
}

Stream::Received TlsStream::receive(std::span<std::byte> into) {
    // Of a record that is not complete yet, OpenSSL has the beginning: it has nothing to say before more
    // comes.
    if (!mayReceive() && _received.isEmpty() && ::SSL_pending(_ssl.get()) == 0) return {Status::Blocked, 0};
    ::ERR_clear_error();
    const int received = ::SSL_read(_ssl.get(), into.data(), lengthFor(into.size()));
    if (received > 0) {
        sendSealed();
        return {Status::Ok, static_cast<std::size_t>(received)};
    }
    return notDone(received);
}

Stream::Status TlsStream::send(std::span<const std::byte> bytes) {
    const auto done = seal(bytes);
    return done == Status::Ok ? sendAllSealed() : done;
}

Stream::Status TlsStream::sendBoth(std::span<const std::byte> head, std::span<const std::byte> tail) {
    const auto done = seal(head);
    return done == Status::Ok ? send(tail) : done;
}

Stream::Status TlsStream::sendMessages(std::span<const std::byte> bytes,
                                       std::span<const std::uint32_t> lengths) {
    for (const auto length : lengths) {
        const auto done = seal(bytes.first(length));
        if (done != Status::Ok) return done;
        bytes = bytes.subspan(length);
    }
    return sendAllSealed();
}

/// Makes records of it: one, unless there is too much for that.
Stream::Status TlsStream::seal(std::span<const std::byte> bytes) {
    ::ERR_clear_error();
    while (!bytes.empty()) {
        const int written = ::SSL_write(_ssl.get(), bytes.data(), lengthFor(bytes.size()));
        if (written <= 0) return notDone(written).status;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return Status::Ok;
}

Stream::Status TlsStream::sendAllSealed() {
    const auto sent = sendSealed();
    return sent == Status::Ok && unsent() > 0 ? Status::Blocked : sent;
}

Stream::Status TlsStream::endSending() {
    if (!_ssl) return SocketStream::endSending();
    const bool isSaid = (::SSL_get_shutdown(_ssl.get()) & SSL_SENT_SHUTDOWN) != 0;
    if (!isSaid && _tlsError == 0 && ::SSL_is_init_finished(_ssl.get())) {
        ::ERR_clear_error();
        ::SSL_shutdown(_ssl.get());
        sendSealed();
    }
    if (flush() == Status::Blocked) return Status::Blocked;
    return SocketStream::endSending();
}

/// A part of a record counts, too.
bool TlsStream::hasUnread() {
    return !_received.isEmpty() || (_ssl && ::SSL_has_pending(_ssl.get()) == 1) || SocketStream::hasUnread();
}

std::string TlsStream::failure() const {
    if (_tlsError == 0) return SocketStream::failure();
    const auto* reason = ::ERR_reason_error_string(_tlsError);
    const auto text = std::string("TLS: ") + (reason ? reason : "protocol error");
    const auto verdict = ::SSL_get_verify_result(_ssl.get());
    return verdict == X509_V_OK ? text : text + " (" + ::X509_verify_cert_error_string(verdict) + ")";
}

std::shared_ptr<SSL_SESSION> TlsStream::session() const {
    return {::SSL_SESSION_dup(::SSL_get0_session(_ssl.get())),
            [](SSL_SESSION* copy) { ::SSL_SESSION_free(copy); }};
}

std::string TlsStream::certificateFingerprint() const {
    auto* shown = ::SSL_get1_peer_certificate(_ssl.get());
    if (!shown) return "";
    const Poco::Crypto::X509Certificate certificate(shown); // which frees it
    if (::X509_cmp_current_time(::X509_get0_notAfter(shown)) < 0) return "";
    return Poco::DigestEngine::digestToHex(certificate.fingerprint("SHA256"));
}

Stream::Received TlsStream::notDone(int result) {
    sendSealed();
    switch (::SSL_get_error(_ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return {Status::Blocked, 0};
    case SSL_ERROR_ZERO_RETURN:
        return {Status::Ended, 0};
    case SSL_ERROR_SYSCALL:
        return {Status::Failed, 0}; // the wire has said why
    default:
        _tlsError = std::max(::ERR_peek_error(), 1ul);
        return failed(0);
    }
}

} // namespace connector
