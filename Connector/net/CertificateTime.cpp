#include "net/CertificateTime.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

namespace connector {

namespace {

std::string dayOf(std::time_t time) {
    return Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(time), "%Y-%m-%d");
}

} // namespace

std::string timeComplaint(const ServerCertificate& certificate, std::time_t now) {
    if (certificate.notAfter() < now)
        return certificate.file() + ": the certificate has expired on " + dayOf(certificate.notAfter()) +
               "; clients will refuse it";
    if (certificate.notBefore() > now)
        return certificate.file() + ": the certificate is not valid before " +
               dayOf(certificate.notBefore()) + "; clients will refuse it";
    return "";
}

} // namespace connector
