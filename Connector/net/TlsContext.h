#pragma once

#include "net/TlsCredentials.h"
#include "net/TlsError.h"

#include <Poco/Net/Context.h>

#include <string>

namespace connector {

/// A server's context: Mozilla's intermediate profile (TLS 1.2 and 1.3, ECDHE with AES-GCM or ChaCha20), with
/// the server's preference; no renegotiation, sessions resumed with tickets, credentials asked for at each
/// handshake, OCSP stapling, ALPN for connections that have AlpnProtocols. clientCaFile: when not empty, a
/// client may show a certificate, and one that this CA did not sign fails the handshake; nothing is resumed
/// then, so that each connection proves anew that the certificate is valid. Throws TlsError.
Poco::Net::Context::Ptr makeServerContext(const TlsCredentials& credentials,
                                          const std::string& clientCaFile = "");

/// A client's context: TLS 1.2 and 1.3; the server's certificate must be signed by one of the PEM
/// certificates in `trusted`, or by the system's CAs when `trusted` is empty. Throws TlsError.
Poco::Net::Context::Ptr makeClientContext(const std::string& trusted);

} // namespace connector
