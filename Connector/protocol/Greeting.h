#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// What agents prove themselves with.
struct Passcodes {
    std::string current; ///< not empty
    std::string former;  ///< as good, for a while; "" when there is none
    int generation = 0;  ///< of the current one; the former one is of the generation before
};

/// What an agent says first: in PIPE/1 the passcode and nothing else, in PIPE/2 a line "PIPE/2 <passcode>",
/// with " open" behind it if it is the agent that opens streams (doc/protocol.md).
///
/// Nothing is decided before the greeting is complete, and then it is decided in constant time, so that
/// neither the verdict nor its moment tells an unauthorized client how much of a guess was right.
class Greeting {
  public:
    enum class Verdict {
        Incomplete,
        Pipe1,
        Pipe2Serves, ///< it serves streams that Connector opens
        Pipe2Opens,  ///< it opens streams
        Refused,
    };

    /// The most bytes that a line of PIPE/2 may have, its end included: of greetings, and of the answer.
    static constexpr std::size_t kMaxLine = 256;

    /// What an agent of PIPE/2 offers in its TLS handshake (ALPN): who has not come to a mapping's port is
    /// known as an agent by that.
    static constexpr const char* kAlpn = "iofog-pipe/2";

    /// What an agent of PIPE/2 says.
    static std::string ofPipe2(const std::string& passcode, bool opens);

    /// Of a whole line of PIPE/2, with its end: what may be the passcode in it, as a passcode may end like
    /// the word behind it. Empty when it is no such line.
    static std::vector<std::string> passcodesIn(std::string_view line);

    /// passcodes: those that are good when the greeting is complete; must outlive it.
    explicit Greeting(const Passcodes& passcodes) : _passcodes(passcodes) {}

    /// Takes the next bytes from the agent. Not to be called after a verdict.
    Verdict add(std::span<const std::byte> bytes);

    bool hasBegun() const { return !_received.empty(); }

    /// Whether what has come is, or may become, a line of PIPE/2: its sender is told why it is refused.
    bool isPipe2() const;

    /// Of the passcode that was right.
    int generation() const { return _generation; }

  private:
    Verdict judgePipe1();
    Verdict judgePipe2();
    bool isPasscode(std::string_view text);

    const Passcodes& _passcodes;
    std::string _received;
    int _generation = 0;
};

} // namespace connector
