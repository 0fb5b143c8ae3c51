#include "net/TicketKeys.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace connector {

namespace {

/// A context owns its keys.
int dataIndex() {
    static const int index = ::SSL_CTX_get_ex_new_index(
        0, nullptr, nullptr, nullptr,
        [](void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<TicketKeys*>(keys); });
    return index;
}

TicketKeys& keysOf(SSL* connection) {
    return *static_cast<TicketKeys*>(::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(connection), dataIndex()));
}

/// What OpenSSL wants to be told (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
constexpr int kFailed = -1;
constexpr int kUnknown = 0;
constexpr int kUsed = 1;
constexpr int kUsedOld = 2;

bool prepare(const TicketKeys::Key& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
             int isSealing) {
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 3> params{
        ::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()),
                                            key.mac.size()),
        ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        ::OSSL_PARAM_construct_end()};
    return ::EVP_CipherInit_ex(cipher, ::EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, isSealing) == 1 &&
           ::EVP_MAC_CTX_set_params(mac, params.data()) == 1;
}

int seal(TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
    auto key = keys.sealing();
    std::copy(key.name.begin(), key.name.end(), name);
    const bool isReady = ::RAND_bytes(iv, ::EVP_CIPHER_get_iv_length(::EVP_aes_256_cbc())) == 1 &&
                         prepare(key, iv, cipher, mac, /*isSealing*/ 1);
    ::OPENSSL_cleanse(&key, sizeof key);
    return isReady ? kUsed : kFailed;
}

int open(TicketKeys& keys, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
    auto opening = keys.opening(name);
    if (!opening) return kUnknown;
    const bool isReady = prepare(opening->key, iv, cipher, mac, /*isSealing*/ 0);
    ::OPENSSL_cleanse(&opening->key, sizeof opening->key);
    if (!isReady) return kFailed;
    return opening->isOld ? kUsedOld : kUsed;
}

/// No exception may pass through OpenSSL.
int onTicket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* mac, int isSealing) {
    try {
        auto& keys = keysOf(connection);
        return isSealing ? seal(keys, name, iv, cipher, mac) : open(keys, name, iv, cipher, mac);
    } catch (const std::exception&) {
        return kFailed;
    }
}

} // namespace

TicketKeys::TicketKeys(Now now) : _now(std::move(now)) {}

TicketKeys::~TicketKeys() {
    if (_current) ::OPENSSL_cleanse(&_current->key, sizeof _current->key);
    if (_earlier) ::OPENSSL_cleanse(&_earlier->key, sizeof _earlier->key);
}

TicketKeys::Key TicketKeys::sealing() {
    const std::lock_guard lock(_mutex);
    renew();
    return _current->key;
}

std::optional<TicketKeys::Opening> TicketKeys::opening(const unsigned char* name) {
    const std::lock_guard lock(_mutex);
    renew();
    const auto isNamed = [&](const Dated& dated) {
        return std::equal(dated.key.name.begin(), dated.key.name.end(), name);
    };
    if (isNamed(*_current)) return Opening{_current->key, /*isOld*/ false};
    if (_earlier && isNamed(*_earlier)) return Opening{_earlier->key, /*isOld*/ true};
    return std::nullopt;
}

/// A key that nobody has asked for in time may have sealed nothing on its last day, but it opens no longer
/// than the others.
void TicketKeys::renew() {
    const auto now = _now();
    if (!_current || now - _current->since >= kLife) {
        auto next = made(now);
        if (_earlier) ::OPENSSL_cleanse(&_earlier->key, sizeof _earlier->key);
        _earlier = std::exchange(_current, next);
        ::OPENSSL_cleanse(&next.key, sizeof next.key);
    }
    if (!_earlier || now - _earlier->since < 2 * kLife) return;
    ::OPENSSL_cleanse(&_earlier->key, sizeof _earlier->key);
    _earlier.reset();
}

TicketKeys::Dated TicketKeys::made(Clock::time_point since) {
    Dated dated{.key = {}, .since = since};
    auto& key = dated.key;
    if (::RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) != 1 ||
        ::RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) != 1 ||
        ::RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) != 1)
        throw std::runtime_error("no random bytes for a session ticket's key");
    return dated;
}

void TicketKeys::enableOn(ssl_ctx_st* context) {
    auto keys = std::make_unique<TicketKeys>();
    if (::SSL_CTX_set_ex_data(context, dataIndex(), keys.get()) != 1) throw std::bad_alloc();
    keys.release();
    ::SSL_CTX_set_tlsext_ticket_key_evp_cb(context, onTicket);
    ::SSL_CTX_set_timeout(context, std::chrono::seconds(kLife).count());
}

} // namespace connector
