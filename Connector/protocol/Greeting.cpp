#include "protocol/Greeting.h"

#include <algorithm>
#include <openssl/crypto.h>

namespace connector {

namespace {

constexpr std::string_view kPipe2 = "PIPE/2 ";
constexpr std::string_view kOpens = " open";

} // namespace

std::string Greeting::ofPipe2(const std::string& passcode, bool opens) {
    return std::string(kPipe2) + passcode + (opens ? std::string(kOpens) : "") + "\n";
}

std::vector<std::string> Greeting::passcodesIn(std::string_view line) {
    if (!line.starts_with(kPipe2) || !line.ends_with('\n')) return {};
    const auto said = line.substr(kPipe2.size(), line.size() - kPipe2.size() - 1);
    if (!said.ends_with(kOpens)) return {std::string(said)};
    return {std::string(said), std::string(said.substr(0, said.size() - kOpens.size()))};
}

Greeting::Verdict Greeting::add(std::span<const std::byte> bytes) {
    // More than the longest greeting is refused whatever it is, and needs no room.
    const auto longest = std::max({_passcodes.current.size(), _passcodes.former.size(), kMaxLine});
    if (bytes.size() > longest - _received.size()) return Verdict::Refused;
    _received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    // An imported passcode may begin with the word that PIPE/2 begins with.
    return _received.starts_with(kPipe2) && !isPasscode(_received) ? judgePipe2() : judgePipe1();
}

bool Greeting::isPipe2() const {
    return _received.starts_with(kPipe2);
}

Greeting::Verdict Greeting::judgePipe1() {
    if (isPasscode(_received)) return Verdict::Pipe1;
    if (_received.size() < std::max(_passcodes.current.size(), _passcodes.former.size()))
        return Verdict::Incomplete;
    // A passcode may be shorter than the word that PIPE/2 begins with.
    return kPipe2.starts_with(_received) ? Verdict::Incomplete : Verdict::Refused;
}

Greeting::Verdict Greeting::judgePipe2() {
    const auto end = _received.find('\n');
    if (end == std::string::npos) return _received.size() < kMaxLine ? Verdict::Incomplete : Verdict::Refused;
    if (end + 1 != _received.size()) return Verdict::Refused;
    auto said = std::string_view(_received).substr(kPipe2.size(), end - kPipe2.size());
    if (isPasscode(said)) return Verdict::Pipe2Serves;
    if (!said.ends_with(kOpens)) return Verdict::Refused;
    said.remove_suffix(kOpens.size());
    return isPasscode(said) ? Verdict::Pipe2Opens : Verdict::Refused;
}

/// Only what has the right length is looked at, and the length is no secret.
bool Greeting::isPasscode(std::string_view text) {
    const auto is = [&](const std::string& passcode) {
        return !passcode.empty() && text.size() == passcode.size() &&
               ::CRYPTO_memcmp(text.data(), passcode.data(), passcode.size()) == 0;
    };
    const bool isCurrent = is(_passcodes.current);
    const bool isFormer = is(_passcodes.former);
    _generation = isCurrent ? _passcodes.generation : _passcodes.generation - 1;
    return isCurrent || isFormer;
}

} // namespace connector
