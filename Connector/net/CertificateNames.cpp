#include "net/CertificateNames.h"

#include "base/HostName.h"
#include "base/Printable.h"
#include "net/OpenSslPointers.h"

#include <Poco/Net/IPAddress.h>

#include <netinet/in.h>
#include <openssl/x509v3.h>

namespace connector {

namespace {

using Poco::Net::IPAddress;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, OpenSslFree<::GENERAL_NAMES_free>>;

std::string textOf(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(::ASN1_STRING_length(text))};
}

bool isIpAddress(const ASN1_OCTET_STRING* bytes) {
    const auto length = ::ASN1_STRING_length(bytes);
    return length == sizeof(in_addr) || length == sizeof(in6_addr);
}

std::string ipAddressOf(const ASN1_OCTET_STRING* bytes) {
    return IPAddress(::ASN1_STRING_get0_data(bytes), static_cast<poco_socklen_t>(::ASN1_STRING_length(bytes)))
        .toString();
}

/// "" when there is none.
std::string commonNameOf(const X509& certificate) {
    const auto* subject = ::X509_get_subject_name(&certificate);
    const auto at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return at < 0 ? "" : textOf(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
}

} // namespace

std::vector<std::string> namesIn(const X509& certificate) {
    const NamesPointer names(static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> result;
    bool hasHostName = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        hasHostName |= name->type == GEN_DNS;
        if (name->type == GEN_DNS)
            result.push_back(printable(textOf(name->d.dNSName), kLongestHostName));
        else if (name->type == GEN_IPADD && isIpAddress(name->d.iPAddress))
            result.push_back(ipAddressOf(name->d.iPAddress));
    }
    // Clients that still look at the common name do so when there is no other host name.
    const auto commonName = commonNameOf(certificate);
    IPAddress address; // which it is for as one of the alternatives, above
    if (!hasHostName && !IPAddress::tryParse(commonName, address) && isFor(certificate, commonName))
        result.push_back(printable(commonName, kLongestHostName));
    return result;
}

bool isFor(const X509& certificate, const std::string& address) {
    auto* x509 = const_cast<X509*>(&certificate);
    IPAddress ip;
    if (IPAddress::tryParse(address, ip)) return ::X509_check_ip_asc(x509, address.c_str(), 0) == 1;
    return ::X509_check_host(x509, address.c_str(), address.size(), 0, nullptr) == 1;
}

} // namespace connector
