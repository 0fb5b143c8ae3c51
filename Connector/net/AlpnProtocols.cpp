#include "net/AlpnProtocols.h"

#include <new>
#include <openssl/ssl.h>

namespace connector {

namespace {

/// Where a connection keeps its protocols. They are no part of its session: a resumed handshake selects anew,
/// so a session of another mapping brings in nothing.
int dataIndex() {
    static const int index = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

const unsigned char* bytesOf(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

AlpnProtocols::AlpnProtocols(const std::vector<std::string>& names, Others others) : _others(others) {
    for (const auto& name : names) {
        _wire += static_cast<char>(name.size());
        _wire += name;
    }
}

void AlpnProtocols::enableOn(ssl_ctx_st* context) {
    ::SSL_CTX_set_alpn_select_cb(context, select, nullptr);
}

void AlpnProtocols::offerOn(ssl_st* connection) const {
    if (::SSL_set_ex_data(connection, dataIndex(), const_cast<AlpnProtocols*>(this)) != 1)
        throw std::bad_alloc();
}

void AlpnProtocols::offerTo(ssl_st* connection) const {
    if (::SSL_set_alpn_protos(connection, bytesOf(_wire), static_cast<unsigned>(_wire.size())) != 0)
        throw std::bad_alloc();
}

int AlpnProtocols::select(ssl_st* connection, const unsigned char** selected, unsigned char* selectedLength,
                          const unsigned char* offered, unsigned offeredLength, void*) {
    const auto* own = static_cast<const AlpnProtocols*>(::SSL_get_ex_data(connection, dataIndex()));
    if (!own) return SSL_TLSEXT_ERR_NOACK;
    unsigned char* found = nullptr;
    const int result =
        ::SSL_select_next_proto(&found, selectedLength, bytesOf(own->_wire),
                                static_cast<unsigned>(own->_wire.size()), offered, offeredLength);
    if (result != OPENSSL_NPN_NEGOTIATED)
        return own->_others == Others::Refused ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
    *selected = found;
    return SSL_TLSEXT_ERR_OK;
}

} // namespace connector
