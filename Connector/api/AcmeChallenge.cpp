#include "api/AcmeChallenge.h"

#include "base/Descriptor.h"
#include "base/FileText.h"

#include <Poco/Ascii.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace connector {

namespace {

/// Of a token; a usual one has 43 characters.
constexpr std::size_t kLongestToken = 128;

/// base64url (RFC 8555, section 8.1): so there is no way out of the folder in it.
bool isToken(std::string_view text) {
    const auto isAllowed = [](char c) { return Poco::Ascii::isAlphaNumeric(c) || c == '-' || c == '_'; };
    return !text.empty() && text.size() <= kLongestToken && std::all_of(text.begin(), text.end(), isAllowed);
}

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
    throw FileReadError(file + ": can't be read: " + why);
}

} // namespace

std::string challengeIn(const std::string& webroot, std::string_view token) {
    if (!isToken(token)) throw FileReadError("what was asked for is no token");
    const auto file = webroot + std::string(kChallengePath) + std::string(token);
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (opened.get() < 0) refuse(file, std::generic_category().message(errno));
    struct stat status {};
    if (::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode)) refuse(file, "it is no file");
    std::string content(kLargestChallenge + 1, '\0');
    const auto count = ::read(opened.get(), content.data(), content.size());
    if (count < 0) refuse(file, std::generic_category().message(errno));
    content.resize(static_cast<std::size_t>(count));
    if (content.size() > kLargestChallenge)
        refuse(file, "it is larger than " + std::to_string(kLargestChallenge) + " bytes");
    return content;
}

} // namespace connector
