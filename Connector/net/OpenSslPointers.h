#pragma once

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace connector {

/// A deleter of std::unique_ptr that calls one of OpenSSL's functions.
template <auto Function>
struct OpenSslFree {
    template <class Type>
    void operator()(Type* object) const {
        Function(object);
    }
};

using BioPointer = std::unique_ptr<BIO, OpenSslFree<::BIO_free_all>>;
using CertificatePointer = std::unique_ptr<X509, OpenSslFree<::X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpenSslFree<::EVP_PKEY_free>>;

} // namespace connector
